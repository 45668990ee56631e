"""Fitted rules and a protected table to the same rules without what too few of its rows show."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tabgen.errors import SchemaError
from tabgen.relations.combined import Combination, Unique
from tabgen.relations.derived import Determined, Increments
from tabgen.relations.ordered import Ordered
from tabgen.relations.relation import Relation, as_numbers


def prune_tables(
    relations: Sequence[Relation], tidy: pd.DataFrame, fewest: Mapping[Hashable, int]
) -> tuple[tuple[Relation, ...], list[tuple[str, int, int]]]:
    """Learn the tables of rules anew from a table, without entries of too few rows.

    Parameters
    ----------
    relations : sequence of Relation
        Fitted rules.
    tidy : pandas.DataFrame
        The table, before any rule is applied to it.
    fewest : mapping of Hashable to int
        Fewest rows of an entry, by column; one where nothing is said. A rule obeys its laxest column.

    Returns
    -------
    tuple of Relation
        The rules, without those of which nothing is left or that no longer hold.
    list of tuple of str, int and int
        Which rules lost entries or are gone, how many they lost, and how many rows showed the rule.
    """
    kept: list[Relation] = []
    lost: list[tuple[str, int, int]] = []
    for rule in relations:
        rows = min(fewest.get(name, 1) for name in rule.columns) if rule.columns else 1
        pruned = _prune(rule, tidy, rows) if rows > 1 else rule
        before = 0 if pruned is None else _entries(rule) - _entries(pruned)
        if pruned is None or before:
            lost.append((rule.describe(), before or _entries(rule), getattr(rule, "support", len(tidy))))
        if pruned is not None:
            kept.append(pruned)
            tidy = pruned.forward(tidy)
    return tuple(kept), lost


def prune_bounds(relations: Sequence[Relation], tidy: pd.DataFrame) -> tuple[Relation, ...]:
    """Take the bounds of rules anew from a table, the extremes of which may have changed.

    Parameters
    ----------
    relations : sequence of Relation
        Fitted rules.
    tidy : pandas.DataFrame
        What a model learns: all rules have been applied to it.
    """
    return tuple(
        rule.measure(tidy)
        if isinstance(rule, Ordered | Unique) and all(name in tidy for name in rule.columns)
        else rule
        for rule in relations
    )


def _entries(rule: Relation) -> int:
    """Return how many rows the table of a rule has."""
    return len(rule.keys if isinstance(rule, Determined) else getattr(rule, "known", ()))


def _prune(rule: Relation, tidy: pd.DataFrame, rows: int) -> Relation | None:
    try:
        if isinstance(rule, Determined):
            rule = rule.learn(tidy)
            counts = np.unique(as_numbers(tidy[rule.by]), return_counts=True)[1]
            at = np.flatnonzero(counts >= rows)
            keys, values = (tuple(part[k] for k in at) for part in (rule.keys, rule.values))
            return replace(rule, keys=keys, values=values) if len(at) else None
        if isinstance(rule, Combination):
            rule = replace(rule, known=(), weights=()).learn(tidy)
            at = np.flatnonzero(np.array(rule.weights) >= rows)
            known, weights = tuple(rule.known[k] for k in at), tuple(rule.weights[k] for k in at)
            return replace(rule, known=known, weights=weights) if len(at) else None
    except SchemaError:  # its values are no longer those of one row
        return None
    if isinstance(rule, Increments) and rule.step:  # any value on the grid tells where the grid lies
        return replace(rule, start=round(rule.start % rule.step, 12))
    return rule
