"""Tidy columns to the cells that pictures count rows in; what few real rows share is masked.

No picture shows a row of the real table, nor what fewer than ``FEWEST`` of its rows have in common:

- a level of fewer real rows is counted among the *rare values*;
- a scale begins and ends where as many real rows lie beyond; those are counted in the outermost cells;
- a cell that holds fewer real rows is drawn as if none were there.
"""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.dates
import numpy as np
import pandas as pd

from tabgen.cleaning import numpy_dtype
from tabgen.evaluation import Comparison
from tabgen.evaluation.features import number
from tabgen.jsonvalues import dtype_from_json
from tabgen.plots.style import facts_of, short_names
from tabgen.schema import Column

FEWEST = 5  # real rows that must share what is shown
BINS = 40
FAR = 50  # positive numbers up to as many times their median are drawn on a logarithmic scale
UNITS = {"days": 86_400.0, "hours": 3_600.0, "minutes": 60.0, "seconds": 1.0}  # of durations


@dataclass(frozen=True)
class Cells:
    """Cells of one column, and in which of them each row of both tables lies.

    Attributes
    ----------
    real, synthetic : numpy.ndarray of int
        Number of the cell of each row, shape ``(rows,)``; -1 in none.
    labels : tuple of str
        Names of the cells, where they are not intervals.
    edges : numpy.ndarray or None
        Where the intervals begin and end, ascending; moments as days since 1970.
    scale : str
        ``"levels"``, ``"linear"``, ``"log"`` or ``"time"``.
    unit : str
        What the edges are measured in, where that is known.
    missing : bool
        Whether one more cell after the intervals holds the rows without a value.
    named : int
        How many cells, the first ones, are of one level; the others hold what is left of them.
    """

    real: np.ndarray
    synthetic: np.ndarray
    labels: tuple[str, ...] = ()
    edges: np.ndarray | None = None
    scale: str = "levels"
    unit: str = ""
    missing: bool = False
    named: int = 0

    def __len__(self) -> int:
        return len(self.labels) if self.edges is None else len(self.edges) - 1 + self.missing

    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the share of rows in each cell, real and synthetic, rare cells masked."""
        counts = [np.bincount(side[side >= 0], minlength=len(self)) for side in (self.real, self.synthetic)]
        real = masked(counts[0]) / max(len(self.real), 1)
        return real, counts[1] / max(len(self.synthetic), 1)


def masked(counts: np.ndarray) -> np.ndarray:
    """Return counts of real rows, those of fewer than ``FEWEST`` as 0.

    >>> masked(np.array([0, 4, 5])).tolist()
    [0, 0, 5]
    """
    return np.where(counts < FEWEST, 0, counts)


def level_cells(tables: Comparison, column: Column, most: int) -> Cells:
    """Return the cells of a column of levels: the most frequent, all others, rare values, missing.

    Parameters
    ----------
    tables : Comparison
        Both tables.
    column : Column
        What is known of the column.
    most : int
        How many levels get cells of their own.
    """
    sides = tables.real[column.name], tables.synthetic[column.name]
    names = [*column.levels] or ["present"]
    counts = np.bincount(sides[0].cat.codes + 1, minlength=len(names) + 1)[1:]
    common = np.flatnonzero(counts >= FEWEST)
    chosen = common[np.argsort(-counts[common], kind="stable")][:most]
    chosen = np.sort(chosen) if column.kind in ("ordinal", "boolean") else chosen
    labels = short_names([names[level] for level in chosen])
    place = np.full(len(names) + 1, len(labels) + 1)  # rare values, unless told otherwise
    place[common] = len(labels)
    place[chosen] = np.arange(len(labels))
    place[-1] = len(labels) + 2  # level -1: missing
    last = [f"{len(common) - len(chosen):,} other levels", "rare values", "missing"]
    real, synthetic = (place[side.cat.codes] for side in sides)
    used = np.unique(np.r_[real, synthetic, np.arange(len(labels))])
    told = tuple(np.array([*labels, *last], dtype=object)[used])
    return Cells(np.searchsorted(used, real), np.searchsorted(used, synthetic), told, named=len(labels))


def histogram_cells(tables: Comparison, column: Column) -> Cells:
    """Return the intervals of a histogram of numbers, durations or moments.

    Whole numbers get intervals around them; positive numbers that span far have a logarithmic scale.
    Far values are counted in the outermost intervals, where they would squeeze the others together.
    """
    real, synthetic, unit = measured(tables, column)
    low, high = shown_range(real)
    scale = "time" if column.kind == "datetime" else "linear"
    known = real[~np.isnan(real)]
    bins = int(np.clip(len(known) // (4 * FEWEST), 4, BINS))  # most cells should hold enough rows to be shown
    middle = np.median(known) if len(known) else 0.0
    if scale == "linear" and low > 0 and high > FAR * middle:
        scale, edges = "log", np.geomspace(low, high, bins + 1)
    else:
        low, high = _where_most_are(known, low, high)
        whole = scale == "linear" and bool((known == np.round(known)).all())
        edges = _steps(low, high, bins) if whole else np.linspace(low, high, bins + 1)
    if edges[0] == edges[-1]:
        edges = np.array([low - 0.5, low + 0.5])
    return Cells(_placed(real, edges), _placed(synthetic, edges), (), edges, scale, unit)


def quantile_cells(tables: Comparison, column: Column, most: int) -> Cells:
    """Return intervals of about as many real rows each; missing values lie in the last cell, -1 in none.

    All columns fill their axis alike on this scale, so that a pair shows nothing but its relation.
    """
    real, synthetic, unit = measured(tables, column)
    known = real[~np.isnan(real)]
    inner = np.unique(np.quantile(known, np.linspace(0, 1, most + 1)[1:-1])) if len(known) else np.zeros(1)
    low, high = shown_range(real)
    edges = np.unique(np.r_[low, inner, high].clip(low, high))
    if len(edges) == 1:
        edges = np.r_[edges, edges + 1]
    scale = "time" if column.kind == "datetime" else "linear"
    none = len(edges) - 1
    placed = [np.where(np.isnan(side), none, _placed(side, edges)) for side in (real, synthetic)]
    missing = bool((placed[0] == none).any() or (placed[1] == none).any())
    return Cells(placed[0], placed[1], (), edges, scale, unit, missing)


def pair_cells(tables: Comparison, name: object, most: int) -> Cells:
    """Return the cells of a column of any kind for a picture of a pair of columns."""
    column = facts_of(tables, name)
    if isinstance(tables.real[column.name].dtype, pd.CategoricalDtype):
        return level_cells(tables, column, most)
    return quantile_cells(tables, column, most)


def measured(tables: Comparison, column: Column) -> tuple[np.ndarray, np.ndarray, str]:
    """Return a column of both tables as numbers with NaN, and their unit.

    Durations are in days, hours, minutes or seconds, whichever suits; moments in days since 1970.
    """
    sides = tables.real[column.name], tables.synthetic[column.name]
    if column.kind == "datetime":
        real, synthetic = (_days(side) for side in sides)
        return real, synthetic, ""
    real, synthetic = (number(side) for side in sides)
    if column.kind != "duration":
        return real, synthetic, ""
    dtype = dtype_from_json(column.dtype)
    tick = np.datetime_data(numpy_dtype(dtype) if isinstance(dtype, pd.ArrowDtype) else dtype)[0]
    second = pd.Timedelta(1, "s") / pd.Timedelta(1, tick)
    typical = np.nanmedian(np.abs(real)) / second if (~np.isnan(real)).any() else 0.0
    unit = next((name for name, size in UNITS.items() if typical >= size), "seconds")
    return real / (second * UNITS[unit]), synthetic / (second * UNITS[unit]), unit


def shown_range(real: np.ndarray) -> tuple[float, float]:
    """Return where a scale may begin and end: ``FEWEST`` real rows lie there or beyond.

    >>> shown_range(np.arange(100.0)), shown_range(np.array([7.0]))
    ((4.0, 95.0), (7.0, 7.0))
    """
    known = np.sort(real[~np.isnan(real)])
    if not len(known):
        return 0.0, 0.0
    if len(known) < 2 * FEWEST:
        return float(np.median(known)), float(np.median(known))
    return float(known[FEWEST - 1]), float(known[-FEWEST])


def written(edges: np.ndarray, scale: str) -> list[str]:
    """Return edges as short text.

    >>> written(np.array([0.12345, 17.0, 2_500_000.0]), "linear")
    ['0.1235', '17', '2.5e+06']
    """
    if scale == "time":
        dates = matplotlib.dates.num2date(edges)
        format = "%Y-%m-%d" if edges[-1] - edges[0] > len(edges) else "%m-%d %H:%M"
        return [date.strftime(format) for date in dates]
    return [f"{edge:.4g}" for edge in edges]


def _where_most_are(known: np.ndarray, low: float, high: float) -> tuple[float, float]:
    """Narrow a range if a few far values would squeeze all others into a small part of it."""
    inner = np.quantile(known, [0.02, 0.98]) if len(known) else np.zeros(2)
    width = inner[1] - inner[0]
    if width == 0 or high - low <= 2 * width:
        return low, high
    return max(low, inner[0] - width / 2), min(high, inner[1] + width / 2)


def _days(values: pd.Series) -> np.ndarray:
    moments = values.to_numpy().astype("datetime64[us]")
    return np.where(np.isnat(moments), np.nan, matplotlib.dates.date2num(moments))


def _steps(low: float, high: float, bins: int) -> np.ndarray:
    """Return edges between whole numbers, each interval holding as many of them."""
    step = max(int(np.ceil((high - low + 1) / bins)), 1)
    return np.arange(low - 0.5, high + step, step)


def _placed(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the interval of each value; those beyond lie in the outermost, NaN in none."""
    inner = np.searchsorted(edges[1:-1], values, side="right")
    return np.where(np.isnan(values), -1, inner)
