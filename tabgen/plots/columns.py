"""One column of both tables to its picture: distribution, calendar, quantiles."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import matplotlib.dates
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import gaussian_kde

from tabgen.evaluation import Comparison
from tabgen.plots.cells import FEWEST, Cells, histogram_cells, level_cells, measured, shown_range
from tabgen.plots.style import (
    FAINT,
    REAL,
    SYNTHETIC,
    TITLE_LENGTH,
    add_legend,
    axes_or_new,
    facts_of,
    in_percent,
    new_grid,
    short_names,
    shorten,
)

LEVELS = 12
PARTS = ("year", "month", "day", "weekday", "hour")
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def plot_columns(tables: Comparison, columns: Sequence[Hashable] | None = None) -> Figure:
    """Draw the distributions of columns, real and synthetic, each in axes of its own.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    columns : sequence of Hashable, optional
        Which columns; by default all.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no such column.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> real = pd.DataFrame({"age": [n % 90 for n in range(100)], "sex": ["f", "m"] * 50})
    >>> len(plot_columns(compare(real, real)).axes)
    2
    """
    names = list(tables.real.columns) if columns is None else list(columns)
    figure, axes = new_grid(len(names), 4, 3.4, 2.5)
    for ax, name, title in zip(axes, names, short_names(names, TITLE_LENGTH), strict=False):
        plot_column(tables, name, ax=ax).set_title(title)
    for ax in axes[1 : len(names)]:
        ax.get_legend().remove()  # type: ignore[union-attr]
    return figure


def plot_column(
    tables: Comparison, column: Hashable, *, levels: int = LEVELS, kde: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw the distribution of one column: the real table filled, the synthetic one in front of it.

    Levels are bars, the most frequent first or in their order; numbers and moments are histograms, on a
    logarithmic scale where they span far. Rare values and far values are counted together, see
    `tabgen.plots.cells`.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    column : Hashable
        Which column.
    levels : int
        Most levels that get bars of their own.
    kde : bool
        Whether to draw kernel density estimates of numbers and moments (Scott 1992) in the place of the
        outlines, for columns without frequent single values.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such column.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> real = pd.DataFrame({"sex": ["f", "m"] * 50})
    >>> [label.get_text() for label in plot_column(compare(real, real), "sex").get_yticklabels()]
    ['f', 'm']
    """
    facts = facts_of(tables, column)
    if isinstance(tables.real[column].dtype, pd.CategoricalDtype):
        cells = level_cells(tables, facts, levels)
        ax = axes_or_new(ax, height=max(2.8, 0.24 * len(cells)))
        note = _draw_bars(cells, ax)
    else:
        cells = histogram_cells(tables, facts)
        ax = axes_or_new(ax)
        _draw_histogram(cells, kde, ax)
        missing = tables.real[column].isna().mean(), tables.synthetic[column].isna().mean()
        note = "\n".join([cells.unit, _both("missing", *missing) if max(missing) > 0 else ""]).strip()
    ax.set(title=shorten(column, TITLE_LENGTH), ylabel="")
    ax.set_xlabel(note, fontsize=8)
    add_legend(ax)
    return ax


def plot_calendars(tables: Comparison, column: Hashable) -> Figure:
    """Draw how a column of moments goes through the calendar: each part that varies in axes of its own.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    column : Hashable
        A column of moments.

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure, axes = new_grid(len(PARTS), 3, 3.4, 2.5)
    for ax, part in zip(axes, PARTS, strict=True):
        plot_calendar(tables, column, part, ax=ax)
    return figure


def plot_calendar(tables: Comparison, column: Hashable, part: str, *, ax: Axes | None = None) -> Axes:
    """Draw the share of rows in each part of the calendar.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    column : Hashable
        A column of moments.
    part : {"year", "month", "day", "weekday", "hour"}
        The day is that of the month.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such column or part, or the column holds no moments.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> real = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=100)})
    >>> plot_calendar(compare(real, real), "day", "weekday").get_title()
    'day by weekday'
    """
    if part not in PARTS:
        raise ValueError(f"part must be one of {', '.join(PARTS)}, but is {part!r}.")
    if facts_of(tables, column).kind != "datetime":
        raise ValueError(f"Column {column!r} holds no moments: draw it with plot_column.")
    ax = axes_or_new(ax)
    sides = tables.real[column].dropna(), tables.synthetic[column].dropna()
    numbers = [calendar_part(side, part).to_numpy() for side in sides]
    low, high = (int(bound) for bound in shown_range(numbers[0].astype(float)))
    names = {"month": MONTHS, "weekday": WEEKDAYS}.get(part)
    first = {"month": 1, "day": 1, "weekday": 0, "hour": 0}.get(part, low)
    count = {"month": 12, "day": 31, "weekday": 7, "hour": 24}.get(part, high - low + 1)
    every = range(first, first + count)
    placed = [np.clip(side, every[0], every[-1]) - first for side in numbers]
    cells = Cells(placed[0], placed[1], names or tuple(map(str, every)))
    _draw_bars(cells, ax, upright=True)
    if names is None:
        ax.set_xticks(range(0, count, -(-count // 6)))
    else:
        ax.tick_params("x", labelrotation=90 if part == "month" else 0)
    ax.set(title=f"{shorten(column, TITLE_LENGTH - 11)} by {part}", xlabel="", ylabel="")
    return ax


def calendar_part(moments: pd.Series, part: str) -> pd.Series:
    """Return the year, month, day, weekday (Monday is 0) or hour of moments, as numbers."""
    return getattr(moments.dt, "day_of_week" if part == "weekday" else part)


def plot_qq(tables: Comparison, column: Hashable, *, ax: Axes | None = None) -> Axes:
    """Draw synthetic against real quantiles of one column: equal distributions lie on the diagonal.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    column : Hashable
        A column of numbers, durations or moments.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such column, or it holds levels.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> real = pd.DataFrame({"age": [n % 90 for n in range(100)]})
    >>> plot_qq(compare(real, real), "age").get_ylabel()
    'synthetic'
    """
    facts = facts_of(tables, column)
    if isinstance(tables.real[column].dtype, pd.CategoricalDtype):
        raise ValueError(f"Column {column!r} holds levels without quantiles: draw it with plot_column.")
    ax = axes_or_new(ax, 3.0, 2.8)
    real, synthetic, unit = measured(tables, facts)
    known, other = real[~np.isnan(real)], synthetic[~np.isnan(synthetic)]
    ax.set(title="quantiles", xlabel=f"real {unit}".strip(), ylabel=f"synthetic {unit}".strip())
    if len(known) < 4 * FEWEST or not len(other):
        return ax
    outer = FEWEST / len(known)  # as many rows lie beyond the outermost quantiles
    levels = np.linspace(outer, 1 - outer, 101)
    points = np.quantile(known, levels), np.quantile(other, levels)
    ax.axline((points[0][0],) * 2, slope=1, color=FAINT, linewidth=1, linestyle="--")
    sns.scatterplot(x=points[0], y=points[1], s=14, color=SYNTHETIC, edgecolor="none", ax=ax)
    scale = histogram_cells(tables, facts).scale
    if scale == "time":
        _in_dates(ax.xaxis)
        _in_dates(ax.yaxis)
    elif scale == "log" and points[1].min() > 0:
        ax.set(xscale="log", yscale="log")
    else:
        ax.locator_params(nbins=4)
    return ax


def _draw_bars(cells: Cells, ax: Axes, *, upright: bool = False) -> str:
    """Draw a wide pale bar a cell for the real table and a narrow one for the synthetic table.

    What is left of the levels is told in a note instead, where its bars would dwarf those of the levels.
    """
    real, synthetic = cells.shares()
    named = max([*real[: cells.named], *synthetic[: cells.named]], default=0.0)
    shown = cells.named if 0 < 3 * named < max(real.max(), synthetic.max()) else len(cells)
    places = np.arange(shown)
    for table, shares, colour, width, alpha in (
        ("real", real[:shown], REAL, 0.86, 0.4),
        ("synthetic", synthetic[:shown], SYNTHETIC, 0.34, 1.0),
    ):
        (ax.bar if upright else ax.barh)(places, shares, width, color=colour, alpha=alpha, label=table)
    if not upright:
        ax.invert_yaxis()
    (ax.set_xticks if upright else ax.set_yticks)(range(shown), list(cells.labels[:shown]))
    in_percent(ax.yaxis if upright else ax.xaxis)
    left = zip(cells.labels[shown:], real[shown:], synthetic[shown:], strict=True)
    return "\n".join(_both(what, *shares) for what, *shares in left)


def _draw_histogram(cells: Cells, kde: bool, ax: Axes) -> None:
    """Draw filled steps for the real table, and the outline or the density of the synthetic one."""
    edges = np.asarray(cells.edges)
    real, synthetic = cells.shares()
    ax.stairs(real, edges, fill=True, color=REAL, alpha=0.4, linewidth=0, label="real")
    if kde and max(real.max(), synthetic.max()) < 0.2:
        ax.plot(*_smooth(real, edges, len(cells.real), cells.scale), color=REAL, linestyle="--")
        ax.plot(
            *_smooth(synthetic, edges, len(cells.synthetic), cells.scale), color=SYNTHETIC, label="synthetic"
        )
    else:
        ax.stairs(synthetic, edges, color=SYNTHETIC, linewidth=1.6, label="synthetic")
    if cells.scale == "log":
        ax.set_xscale("log")
    elif cells.scale == "time":
        _in_dates(ax.xaxis)
    else:
        ax.locator_params(axis="x", nbins=5)
    in_percent(ax.yaxis)
    ax.set_ylim(bottom=0)


def _smooth(shares: np.ndarray, edges: np.ndarray, rows: int, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the curve of a kernel density estimate, as the share that an interval would hold."""
    ends = np.log(edges) if scale == "log" else edges
    middles, width = (ends[1:] + ends[:-1]) / 2, ends[1] - ends[0]
    points = np.linspace(ends[0], ends[-1], 200)
    if np.count_nonzero(shares) < 2:
        return points, np.full(len(points), math.nan)
    mean = np.average(middles, weights=shares)
    spread = np.average((middles - mean) ** 2, weights=shares) ** 0.5
    narrowness = max(rows**-0.2, width / spread)  # Scott's rule, but not below one interval
    curve = gaussian_kde(middles, narrowness, shares)(points) * width * shares.sum()
    return np.exp(points) if scale == "log" else points, curve


def _both(what: str, real: float, synthetic: float) -> str:
    return f"{what}: {100 * real:.3g} %, {100 * synthetic:.3g} % synthetic"


def _in_dates(axis: matplotlib.axis.Axis) -> None:
    locator = matplotlib.dates.AutoDateLocator(minticks=2, maxticks=5)
    axis.set_major_locator(locator)
    axis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(locator))
