"""Columns of levels to columns without rare ones: their rows take over the level of a similar row."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.protection.plan import Change, Protection
from tabgen.relations import Combination, Determined, OneHot, Relation
from tabgen.schema import Column, Schema

MOST_RARE = 0.5  # share of rows of rare levels from which a column is not learned
MISSABLE = ("category", "object")  # dtypes in which any value may be missing


def withdraw(
    tidy: pd.DataFrame,
    schema: Schema,
    plan: Mapping[Hashable, Protection],
    rng: np.random.Generator,
    changes: list[Change],
) -> tuple[pd.DataFrame, Schema, set[Hashable]]:
    """Replace columns like free text, shuffle or empty them, where next to nothing of them may be told.

    Parameters
    ----------
    tidy : pandas.DataFrame
        From `tabgen.cleaning.clean`.
    schema : Schema
        Its schema.
    plan : mapping of Hashable to Protection
        The columns to protect.
    rng : numpy.random.Generator
        Shuffles.
    changes : list of Change
        What is done is added here.

    Returns
    -------
    pandas.DataFrame, Schema, set of Hashable
        The table, its schema, and the labels of these columns.
    """
    columns: list[Column] = []
    gone: set[Hashable] = set()
    for column in schema.columns:
        own = plan.get(column.name)
        new = column if own is None or not column.modelled else _withdrawn(column, tidy[column.name], own)
        if new is not column and own is not None and _is_declared(column, own):
            new = column
            gone.add(column.name)
            values = tidy[column.name]
            tidy = _with(tidy, {column.name: values.iloc[rng.permutation(len(tidy))].array})
            what = "levels were shuffled among the rows, so that nobody's is learned"
            changes.append(Change(column.name, what, int(values.nunique()), int(values.notna().sum())))
        columns.append(new)
        if new is column:
            continue
        gone.add(column.name)
        there = tidy[column.name].notna().to_numpy()
        what = "values became missing" if new.missing == 1 else "values are not learned but made up"
        changes.append(Change(column.name, what, int(tidy[column.name].nunique()), int(there.sum())))
        place = tidy.columns.get_loc(column.name)
        tidy = tidy.copy(deep=False)
        tidy.isetitem(place, pd.Categorical.from_codes(np.where(there, 0, -1), categories=[0]))
        if not new.modelled:
            tidy = tidy.iloc[:, np.arange(tidy.shape[1]) != place]
    return tidy, replace(schema, columns=tuple(columns)), gone


def _withdrawn(column: Column, values: pd.Series, own: Protection) -> Column:
    """Return a column as it is, or without its values."""
    present = int(values.notna().sum())
    empty = replace(column, levels=(), missing=1.0, reason=f"hardly a value in {own.rows} rows")
    if column.kind == "constant":
        return empty if present < own.rows else column
    if column.kind in ("numeric", "datetime", "duration"):
        # missing in nearly all rows, so that it can be missing in all
        nothing = replace(empty, kind="constant", number=None, date_format=None)
        return nothing if own.extremes and present < 2 * own.rows else column
    if column.kind not in ("categorical", "ordinal") or not present:
        return column
    counts = _rows_of_levels(values)
    if counts[counts >= own.rows].sum() >= MOST_RARE * present:
        return column
    text = all(isinstance(level, str) for level in column.levels)
    if text and column.dtype["name"] != "category":
        return replace(empty, kind="text", missing=column.missing, sensitivity="personal")
    if all(isinstance(level, int) for level in column.levels) and column.dtype["name"] not in MISSABLE:
        return replace(empty, kind="identifier", missing=column.missing, sensitivity="personal")
    return empty


def _is_declared(column: Column, own: Protection) -> bool:
    """Tell whether the levels of a column belong to its dtype and stay."""
    return column.dtype["name"] == "category" and not own.categories


def _rows_of_levels(values: pd.Series) -> np.ndarray:
    """Return how many rows have each level, shape ``(levels,)``."""
    codes = values.cat.codes.to_numpy()
    return np.bincount(codes[codes >= 0], minlength=len(values.cat.categories))


def merge_levels(
    tidy: pd.DataFrame,
    schema: Schema,
    relations: Sequence[Relation],
    plan: Mapping[Hashable, Protection],
    rng: np.random.Generator,
    changes: list[Change],
) -> tuple[pd.DataFrame, Schema]:
    """Let rows of rare levels take over those of similar rows, and forget the names of rare levels.

    The two levels of a boolean and of flags of which one is set are no data, but what such a column can
    hold: they stay. So do levels without any row.

    Parameters
    ----------
    tidy, schema
        A table and what its columns are.
    relations : sequence of Relation
        Fitted rules. Columns that one of them ties together are taken over together, from one row.
    plan : mapping of Hashable to Protection
        The columns to protect.
    rng : numpy.random.Generator
        Chooses among rows that are as similar.
    changes : list of Change
        What is done is added here.
    """
    flags = {name for rule in relations if isinstance(rule, OneHot) for name in rule.columns}
    fewest = {name: own.rows for name, own in plan.items()}
    rare: dict[Hashable, np.ndarray] = {}
    for column in schema.columns:
        name = column.name
        if (
            column.kind in ("categorical", "ordinal")
            and name in tidy
            and name in fewest
            and name not in flags
        ):
            rows = _rows_of_levels(tidy[name])
            rare[name] = (rows > 0) & (rows < fewest[name])
    before = tidy
    for group in _tied(tidy, relations):
        marked = np.zeros(len(tidy), dtype=bool)
        for name in group:
            if name in rare:
                marked |= np.append(rare[name], False)[tidy[name].cat.codes]
        for rule in relations:
            if isinstance(rule, Combination) and set(rule.columns) <= set(group):
                several = tidy.groupby(list(rule.columns), dropna=False, observed=True)[rule.columns[0]]
                least = min(fewest.get(name, 1) for name in rule.columns)
                marked |= (several.transform("size") < least).to_numpy()
        if not marked.any():
            continue
        if len(group) == 1 and tidy[group[0]].cat.ordered:
            moved = {group[0]: _nearest(tidy[group[0]], rare[group[0]])}
        else:
            source = _similar(tidy[group], marked, rng)
            moved = {name: tidy[name].iloc[source].array for name in group}
        tidy = _with(tidy, moved)
    for name in tidy:
        changed = int(((before[name] != tidy[name]) & before[name].notna()).sum()) if name in before else 0
        if name in rare and rare[name].any():
            what = "rare levels have no rows any more, which took over those of similar rows"
            changes.append(Change(name, what, int(rare[name].sum()), changed))
        elif changed:
            changes.append(Change(name, "values followed those of another column", changed, changed))
    columns = list(schema.columns)
    for place, column in enumerate(columns):
        if column.name in rare and rare[column.name].any() and not _is_declared(column, plan[column.name]):
            tidy, columns[place] = _without_levels(tidy, column, rare[column.name])
    return tidy, replace(schema, columns=tuple(columns))


def _tied(tidy: pd.DataFrame, relations: Sequence[Relation]) -> list[list[Hashable]]:
    """Return the columns that tables of rules tie together, then each column of levels by itself."""
    groups: list[set[Hashable]] = []
    for rule in relations:
        if isinstance(rule, Determined | Combination) and all(name in tidy for name in rule.columns):
            tied = set(rule.columns).union(*(group for group in groups if group & set(rule.columns)))
            groups = [group for group in groups if not group & tied] + [tied]
    alone = [name for name in tidy if not any(name in group for group in groups)]
    return [[name for name in tidy if name in group] for group in groups] + [
        [name] for name in alone if isinstance(tidy[name].dtype, pd.CategoricalDtype)
    ]


def _nearest(values: pd.Series, rare: np.ndarray) -> pd.Categorical:
    """Return ordered levels, of which the rare ones became the nearest other one."""
    numbers = np.arange(len(rare))
    kept = numbers[~rare & (_rows_of_levels(values) > 0)]
    nearest = kept[np.abs(numbers[:, None] - kept).argmin(axis=1)]
    codes = values.cat.codes.to_numpy()
    moved = np.where(rare, nearest, numbers)
    return pd.Categorical.from_codes(np.append(moved, -1)[codes], dtype=values.dtype)


def _similar(group: pd.DataFrame, marked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return for each row itself, or if it is marked one that is not and agrees in as many columns as can be.

    Columns are compared from the one with the fewest values on: region, then city, then street.
    """
    source = np.arange(len(group))
    order = sorted(group, key=lambda name: int(group[name].nunique()))
    left = np.flatnonzero(marked)
    for length in range(len(order) - 1, -1, -1):
        if length:
            key = group.groupby(order[:length], dropna=False, observed=True, sort=False).ngroup().to_numpy()
        else:
            key = np.zeros(len(group), dtype=np.int64)
        donors = np.flatnonzero(~marked)
        donors = donors[np.argsort(key[donors], kind="stable")]
        start = np.searchsorted(key[donors], key[left], side="left")
        stop = np.searchsorted(key[donors], key[left], side="right")
        found = stop > start
        drawn = start + np.floor(rng.random(len(left)) * (stop - start)).astype(np.int64)
        source[left[found]] = donors[drawn[found]]
        left = left[~found]
    return source


def _without_levels(tidy: pd.DataFrame, column: Column, rare: np.ndarray) -> tuple[pd.DataFrame, Column]:
    """Return a table and a column without the names of rare levels; rows that still have one lose it."""
    number = np.where(rare, -1, np.cumsum(~rare) - 1)
    codes = np.append(number, -1)[tidy[column.name].cat.codes]
    levels = tuple(level for level, gone in zip(column.levels, rare, strict=True) if not gone)
    values: Any = pd.Categorical.from_codes(codes, range(len(levels)), ordered=column.kind == "ordinal")
    return _with(tidy, {column.name: values}), replace(column, levels=levels)


def _with(tidy: pd.DataFrame, columns: Mapping[Hashable, Any]) -> pd.DataFrame:
    """Return a table with columns in place of those of the same labels."""
    tidy = tidy.copy(deep=False)
    for name, values in columns.items():
        tidy.isetitem(tidy.columns.get_loc(name), values)
    return tidy
