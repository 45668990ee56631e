"""Rules between columns, as asked for or found, to those that hold in all rows, also in those not at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from tabgen.errors import SchemaError
from tabgen.relations.combined import Combination, Unique
from tabgen.relations.discovery import find_relations
from tabgen.relations.predicate import Predicate
from tabgen.relations.relation import Relation
from tabgen.relations.rows import learn_relations

Looked = tuple[pd.DataFrame, pd.DataFrame]  # rows of the table, and the same tidy


def rules_of(
    asked: str | Sequence[Relation],
    rows: Looked,
    others: Callable[[Callable[[Looked], set[int]]], Iterable[set[int]]] | None,
) -> tuple[Relation, ...]:
    """Return the rules that drawn rows shall keep.

    Parameters
    ----------
    asked : "auto" or sequence of Relation
        "auto" finds them.
    rows : tuple of two pandas.DataFrame
        The rows to learn from: as they are, and tidy.
    others : callable, or None
        Calls a function on such a tuple of each chunk of all rows of a table, where those to learn from are
        a part, and yields the answers. A rule that was found and does not hold in all rows is left out;
        that no two rows are alike is not found in a part.

    Raises
    ------
    SchemaError
        If a rule that was asked for does not hold.
    """
    frame, tidy = rows
    found = find_relations(tidy) if isinstance(asked, str) else asked
    if others is not None and isinstance(asked, str):
        found = [rule for rule in found if not isinstance(rule, Unique)]
    rules = learn_relations(found, tidy)
    for rule in rules:
        if isinstance(rule, Predicate):
            rule.check(frame)
    if others is None or not rules:
        return rules
    broken = set().union(*others(partial(_broken, rules, not isinstance(asked, str))))
    kept = [rule for number, rule in enumerate(found) if number not in broken]
    return learn_relations(kept, tidy) if broken else rules


def _broken(rules: Sequence[Relation], asked: bool, rows: Looked) -> set[int]:
    """Return the numbers of learned rules that do not hold in other rows; refuse if asked for."""
    broken, (frame, tidy) = set(), rows
    for number, rule in enumerate(rules):
        if not isinstance(rule, Combination | Unique | Predicate) and not _holds(rule, tidy):
            if asked:
                raise SchemaError(f"The relation {rule.describe()!r} does not hold in all rows.")
            broken.add(number)
        tidy = rule.forward(tidy)
    for rule in rules:
        if isinstance(rule, Predicate):
            rule.check(frame)
    return broken


def _holds(rule: Relation, tidy: pd.DataFrame) -> bool:
    """Tell whether a rule holds in rows as it was learned from others."""
    try:
        rule.learn(tidy)
        again = rule.inverse(rule.forward(tidy))
    except SchemaError:
        return False
    return all(_alike(tidy[name], again[name]) for name in rule.columns)


def _alike(values: pd.Series, others: pd.Series) -> bool:
    if values.dtype.kind == "f":
        return bool(np.allclose(values.to_numpy(), others.to_numpy(), rtol=1e-9, atol=1e-9, equal_nan=True))
    return bool((values.eq(others) | (values.isna() & others.isna())).all())
