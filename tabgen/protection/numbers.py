"""Numbers and moments to the same with coded extremes: the greatest values become one, and the least."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from tabgen.encoding import Support
from tabgen.encoding.numeric import count_decimals, grid_step
from tabgen.protection.plan import Change, Protection
from tabgen.schema import Schema


def code_extremes(
    related: pd.DataFrame, schema: Schema, plan: Mapping[Hashable, Protection], changes: list[Change]
) -> pd.DataFrame:
    """Code the extremes of columns where that is asked for.

    Parameters
    ----------
    related : pandas.DataFrame
        In the form of `tabgen.relations.relate`.
    schema : Schema
        What the columns are.
    plan : mapping of Hashable to Protection
        The columns to protect.
    changes : list of Change
        What is done is added here.
    """
    related = related.copy(deep=False)
    for place, name in enumerate(related):
        values = related[name].to_numpy() if related[name].dtype.kind in "fM" else None
        if values is None or name not in plan or not plan[name].extremes:
            continue
        moments = values.dtype.kind == "M"
        there = ~np.isnat(values) if moments else ~np.isnan(values)
        numbers = values.astype(np.int64) if moments else values
        coded = numbers.copy()
        coded[there] = _coded(numbers[there], plan[name].rows)
        moved = there & (coded != numbers)
        if moved.any():
            what = "extremes became the value half-way to the next"
            changes.append(Change(name, what, len(np.unique(numbers[moved])), int(moved.sum())))
            related.isetitem(place, coded.astype(values.dtype) if moments else coded)
    return related


def count_rare_numbers(
    related: pd.DataFrame, support: Mapping[Hashable, Support], changes: list[Change]
) -> None:
    """Add to the changes how many numbers and moments of too few rows are stored in leaves only."""
    for name, own in support.items():
        if related[name].dtype.kind not in "fM":
            continue
        rows = related[name].value_counts().to_numpy()
        few = rows[rows < own.rows]
        if len(few):
            what = f"values of fewer than {own.rows} rows are known as ranges"
            changes.append(Change(name, what + " but for the extremes" * own.ends, len(few), int(few.sum())))


def _coded(values: np.ndarray, rows: int) -> np.ndarray:
    """Return numbers the extremes of which are shared by as many rows: float64 or int64, at least 2 x rows.

    The shared value lies half-way between the last that is coded and the next one, on the column's grid, so
    that it is nobody's own and does not depend on how far the extreme was away.
    """
    ascending = np.sort(values)
    distinct = np.unique(values)
    decimals = None
    step: float | int | None
    if values.dtype.kind == "i":
        step = int(np.gcd.reduce(np.diff(distinct))) if len(distinct) > 1 else None
    else:
        decimals = count_decimals(distinct)
        step = grid_step(distinct, decimals)

    def between(inner: float, outer: float) -> float:
        if step is None or values.dtype.kind == "i":
            ways = (outer - inner) // (2 * step) * step if step else (outer - inner) / 2
        else:
            ways = np.floor((outer - inner) / (2 * step) + 1e-6) * step
        return inner + ways if decimals is None else float(np.round(inner + ways, decimals))

    high = between(ascending[-rows - 1], ascending[-rows])
    low = between(ascending[rows], ascending[rows - 1])
    coded = np.where(values >= ascending[-rows], high, values)
    return np.where(values <= ascending[rows - 1], low, coded)
