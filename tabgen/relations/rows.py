"""Tidy rows to what a model learns, rule after rule, and drawn rows back to rows that keep every rule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tabgen.errors import SchemaError
from tabgen.relations.ordered import Ordered, put_in_order, refuse_circles
from tabgen.relations.relation import Relation

TRIED = 2_000  # rows that rules are tried on together


def relate(tidy: pd.DataFrame, relations: Sequence[Relation]) -> pd.DataFrame:
    """Return what a model learns: the frame with every rule's own columns put into its form.

    Parameters
    ----------
    tidy : pandas.DataFrame
        From `tabgen.cleaning.clean`.
    relations : sequence of Relation
        Fitted rules.

    Examples
    --------
    >>> from tabgen.relations import Total
    >>> tidy = pd.DataFrame({"net": [1.0, 2.0], "tax": [0.5, 0.25], "gross": [1.5, 2.25]})
    >>> rules = [Total(("net", "tax"), "gross").learn(tidy)]
    >>> list(relate(tidy, rules))
    ['net', 'tax']
    >>> unrelate(relate(tidy, rules), rules).equals(tidy)
    True
    """
    for relation in relations:
        tidy = relation.forward(tidy)
    return tidy


def unrelate(drawn: pd.DataFrame, relations: Sequence[Relation]) -> pd.DataFrame:
    """Return drawn rows to rows that keep every rule: the inverse of `relate`.

    Parameters
    ----------
    drawn : pandas.DataFrame
        Rows in the form of `relate`.
    relations : sequence of Relation
        The same rules.
    """
    orders = [relation for relation in relations if isinstance(relation, Ordered)]
    drawn = put_in_order(drawn, orders)
    for relation in reversed(relations):
        if not isinstance(relation, Ordered):
            drawn = relation.inverse(drawn)
    return drawn


def learn_relations(relations: Sequence[Relation], tidy: pd.DataFrame) -> tuple[Relation, ...]:
    """Return rules as learned from a table, each on what those before it left.

    Parameters
    ----------
    relations : sequence of Relation
        Rules, fitted or not.
    tidy : pandas.DataFrame
        The training table, from `tabgen.cleaning.clean`.

    Raises
    ------
    SchemaError
        If a rule does not hold in the table, or the rules cannot all be kept.
    """
    learned: list[Relation] = []
    left = tidy
    for relation in relations:
        learned.append(relation.learn(left))
        left = learned[-1].forward(left)
    refuse_circles([relation for relation in learned if isinstance(relation, Ordered)])
    broken = contradicted(tidy, learned)
    if broken is not None:
        raise SchemaError(
            f"The relation {broken.describe()!r} is broken by keeping the other ones. Remove it, or one that "
            f"shares a column with it ({', '.join(map(repr, broken.columns))})."
        )
    return tuple(learned)


def holding(rule: Relation, *frames: pd.DataFrame) -> Relation | None:
    """Return the rule as learned from the last of the frames, if it holds in all."""
    try:
        for frame in frames:
            learned = rule.learn(frame)
    except SchemaError:
        return None
    return learned


def contradicted(tidy: pd.DataFrame, rules: Sequence[Relation]) -> Relation | None:
    """Return the first rule that does not hold in rows drawn at random and made to keep all rules.

    Parameters
    ----------
    tidy : pandas.DataFrame
        The training table; at most ``TRIED`` of its rows are used, each column shuffled by itself.
    rules : sequence of Relation
        Fitted rules.
    """
    rows = tidy.iloc[np.linspace(0, len(tidy) - 1, min(TRIED, len(tidy))).astype(int)]
    related = relate(rows.reset_index(drop=True), rules)
    rng = np.random.default_rng(0)
    shuffled = [related[name].iloc[rng.permutation(len(related))].reset_index(drop=True) for name in related]
    if not shuffled:
        return None
    drawn = pd.concat(shuffled, axis=1)
    drawn.columns = related.columns
    made = unrelate(drawn, rules)
    for rule in rules:
        told = not any(made[name].isna().all() for name in rule.columns if name in made)
        if told and holding(rule, made) is None:
            return rule
        made = rule.forward(made)
    return None
