"""Pairs of columns to their pictures: joint distributions, and the associations of all pairs as heat maps."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from tabgen.evaluation import Comparison, Scorecard
from tabgen.plots.cells import Cells, masked, pair_cells, written
from tabgen.plots.style import (
    LABEL_LENGTH,
    TITLE_LENGTH,
    amounts,
    axes_or_new,
    differences,
    new_grid,
    short_names,
    shorten,
)

VIEWS = ("real", "synthetic", "difference")
MEASURES = {
    "association": "Cramér's V",
    "information": "normalised mutual information",
    "correlation": "Spearman's correlation",
}
CELLS = 12  # on each axis of a pair
NAMED = 70  # columns beyond which a heat map names every second, third ... one


def plot_pairs(tables: Comparison, pairs: Sequence[tuple[Hashable, Hashable]]) -> Figure:
    """Draw pairs of columns, one a line: real, synthetic, and the difference of both.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    pairs : sequence of (Hashable, Hashable)
        Names of columns.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no such column.
    """
    figure, axes = new_grid(3 * len(pairs), 3, 3.6, 3.0)
    for place, (first, second) in enumerate(pairs):
        for view, ax in zip(VIEWS, axes[3 * place :], strict=False):
            plot_pair(tables, first, second, view, ax=ax)
    return figure


def plot_pair(
    tables: Comparison,
    first: Hashable,
    second: Hashable,
    view: str = "difference",
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the joint distribution of two columns, as shares of rows in cells.

    Numbers and moments are cut at quantiles of the real table, so that each column fills its axis and the
    picture shows the relation; of levels, the most frequent have cells of their own. Cells that hold
    fewer than five real rows are drawn as if they held none.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    first, second : Hashable
        The columns on the vertical and on the horizontal axis.
    view : {"difference", "real", "synthetic"}
        Which table, or the synthetic shares less the real ones; half of the sum of their sizes is the
        total variation distance.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such column or view.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> real = pd.DataFrame({"age": [n % 90 for n in range(100)], "sex": ["f", "m"] * 50})
    >>> plot_pair(compare(real, real), "age", "sex", "real").get_xlabel()
    'sex'
    """
    _check_view(view)
    ax = axes_or_new(ax, 3.8, 3.1)
    down, across = pair_cells(tables, first, CELLS), pair_cells(tables, second, CELLS)
    real, synthetic = _joint(down, across)
    shown = {"real": real, "synthetic": synthetic, "difference": synthetic - real}[view]
    top = max(real.max(initial=0), synthetic.max(initial=0), 1e-9)
    if view == "difference":
        top = max(np.abs(shown).max(initial=0), 1e-9)
    _draw_map(shown, (-top if view == "difference" else 0, top), view, ax, percent=True)
    _label_cells(down, ax, "y")
    _label_cells(across, ax, "x")
    ax.set(title=view, xlabel=shorten(second, TITLE_LENGTH), ylabel=shorten(first, TITLE_LENGTH))
    return ax


def plot_heatmaps(card: Scorecard, measure: str = "association") -> Figure:
    """Draw how all columns are tied: in the real table, in the synthetic one, and the difference.

    Parameters
    ----------
    card : Scorecard
        From `tabgen.evaluation.evaluate`.
    measure : {"association", "information", "correlation"}
        See `plot_heatmap`.

    Returns
    -------
    matplotlib.figure.Figure
    """
    side = _side(len(card.columns))
    figure, axes = new_grid(3, 3, side * 1.15, side)
    for view, ax in zip(VIEWS, axes, strict=True):
        plot_heatmap(card, view, measure, ax=ax)
    return figure


def plot_heatmap(
    card: Scorecard, view: str = "difference", measure: str = "association", *, ax: Axes | None = None
) -> Axes:
    """Draw how all columns are tied, two by two; columns that go together in the real table are neighbours.

    Parameters
    ----------
    card : Scorecard
        From `tabgen.evaluation.evaluate`.
    view : {"difference", "real", "synthetic"}
        Which table, or synthetic less real.
    measure : {"association", "information", "correlation"}
        Cramér's V of the cells, for all kinds of columns; their normalised mutual information; or
        Spearman's correlation, where both columns have an order.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no such view or measure.

    Examples
    --------
    >>> from tabgen.evaluation import evaluate
    >>> real = pd.DataFrame({"age": range(100), "sex": ["f", "m"] * 50})
    >>> plot_heatmap(evaluate(real, real), "real").get_title()
    "real: Cramér's V"
    """
    _check_view(view)
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, but is {measure!r}.")
    names = card.columns["column"].tolist()
    side = _side(len(names))
    ax = axes_or_new(ax, side * 1.15, side)
    square = {table: _square(card.pairs, names, f"{table}_{measure}") for table in ("real", "synthetic")}
    order = _neighbours(_square(card.pairs, names, "real_association"))
    shown = square[view] if view in square else square["synthetic"] - square["real"]
    shown = shown[np.ix_(order, order)]
    if view == "difference":
        top = max(np.nanmax(np.abs(shown), initial=0), 0.05)  # noise of well-made tables stays pale
        limits = (-top, top)
    else:
        limits = (-1.0 if measure == "correlation" else 0.0, 1.0)
    _draw_map(shown, limits, "difference" if limits[0] < 0 else view, ax)
    labels = short_names([names[place] for place in order])
    every = -(-len(names) // NAMED)
    size = float(np.clip(330 / max(len(names), 1), 5.5, 8))
    places = np.arange(0, len(names), every)
    ax.set_xticks(places + 0.5, labels[::every], rotation=90, fontsize=size)
    ax.set_yticks(places + 0.5, labels[::every], rotation=0, fontsize=size)
    ax.set_title(f"{view}: {MEASURES[measure]}")
    return ax


def _check_view(view: str) -> None:
    if view not in VIEWS:
        raise ValueError(f"view must be one of {', '.join(VIEWS)}, but is {view!r}.")


def _joint(down: Cells, across: Cells) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of rows in each pair of cells, real and synthetic, rare cells masked."""
    shape = len(down), len(across)
    shares = []
    for table in ("real", "synthetic"):
        first, second = getattr(down, table), getattr(across, table)
        counts = np.bincount(first * shape[1] + second, minlength=shape[0] * shape[1]).reshape(shape)
        shares.append((masked(counts) if table == "real" else counts) / max(len(first), 1))
    return shares[0], shares[1]


def _draw_map(
    shown: np.ndarray, limits: tuple[float, float], view: str, ax: Axes, *, percent: bool = False
) -> None:
    # of joint shares, the small ones count as well: most cells are far below the fullest one
    norm = PowerNorm(0.5, *limits) if percent and view != "difference" else Normalize(*limits)
    sns.heatmap(
        shown, norm=norm, cmap=differences() if view == "difference" else amounts(),
        cbar_kws={"shrink": 0.8, "format": "%.2f"}, xticklabels=False, yticklabels=False,
        rasterized=True, ax=ax,
    )  # fmt: skip
    bar: Any = ax.collections[0].colorbar
    bar.outline.set_visible(False)
    bar.ax.tick_params(labelsize=7, length=2)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()
    if percent:
        bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.3g} %")


def _label_cells(cells: Cells, ax: Axes, which: str) -> None:
    """Name levels in the middle of their cells, and write some of the edges between intervals."""
    if cells.edges is None:
        places, labels = np.arange(len(cells)) + 0.5, [label[:LABEL_LENGTH] for label in cells.labels]
    else:
        last = len(cells.edges) - 1
        some = np.unique(np.linspace(0, last, min(last, 4) + 1).round().astype(int))
        places, labels = some.astype(float), written(cells.edges[some], cells.scale)
        if cells.missing:
            places, labels = np.r_[places, last + 0.5], [*labels, "missing"]
            if len(labels) > 2:
                places, labels = np.delete(places, -2), [*labels[:-2], labels[-1]]
    long = which == "x" and sum(map(len, labels)) > 26
    ticks = ax.set_xticks if which == "x" else ax.set_yticks
    ticks(places, labels, rotation=90 if long else 0, fontsize=8 if len(labels) < 10 else 7)
    if which == "y" and cells.edges is not None:
        ax.invert_yaxis()  # small numbers below


def _side(columns: int) -> float:
    """Return the inches that a heat map of as many columns needs."""
    return float(np.clip(2.2 + 0.15 * columns, 3.2, 13))


def _square(pairs: pd.DataFrame, names: list[Hashable], figure: str) -> np.ndarray:
    """Return a figure of pairs as a symmetric matrix, 1 on its diagonal."""
    square = np.eye(len(names))
    above = np.triu_indices(len(names), k=1)  # pairs stand in this order
    square[above] = pairs[figure]
    square.T[above] = pairs[figure]
    return square


def _neighbours(association: np.ndarray) -> np.ndarray:
    """Return the order of columns by which those of strong associations are neighbours."""
    if len(association) < 3:
        return np.arange(len(association))
    distances = squareform(1 - np.nan_to_num(association), checks=False)
    return leaves_list(linkage(distances, "average", optimal_ordering=True))
