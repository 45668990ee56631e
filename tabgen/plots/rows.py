"""Whole rows of both tables to their pictures: a projection, and which values are missing together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from sklearn.decomposition import PCA

from tabgen.evaluation import Comparison
from tabgen.evaluation.features import places
from tabgen.plots.cells import FEWEST, masked
from tabgen.plots.style import (
    FAINT,
    REAL,
    SYNTHETIC,
    add_legend,
    amounts,
    axes_or_new,
    in_percent,
    short_names,
)

PROJECTED_ROWS = 5_000
GRID = 60
PATTERNS = 12
COLUMNS = 40  # most columns in a picture of missing values


def plot_projection(tables: Comparison, *, seed: int = 0, ax: Axes | None = None) -> Axes:
    """Draw both tables on the two main axes of the real one: real rows filled, synthetic ones as lines.

    Rows are placed as `tabgen.evaluation` places them to measure distances, the axes are the first two
    principal components of the real places (Pearson 1901), and what is drawn are density estimates,
    not rows.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    seed : int
        Seed of the at most 5,000 rows of each table that are used.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Empty where a table has fewer than 20 rows.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> rng = np.random.default_rng(0)
    >>> real = pd.DataFrame(rng.normal(size=(100, 3)), columns=list("abc"))
    >>> plot_projection(compare(real, real)).get_xlabel()
    'main axis (34 %)'
    """
    ax = axes_or_new(ax, 4.6, 3.8)
    ax.set(title="projection on the main axes", xticks=[], yticks=[])
    few = [
        frame.sample(min(len(frame), PROJECTED_ROWS), random_state=seed)
        for frame in (tables.real, tables.synthetic)
    ]
    if min(map(len, few)) < 4 * FEWEST:
        return ax
    placed = places(tables.real, *few)
    if placed[0].shape[1] < 2 or np.linalg.matrix_rank(placed[0] - placed[0].mean(axis=0)) < 2:
        return ax
    pca = PCA(2, svd_solver="covariance_eigh").fit(placed[0])
    rng = np.random.default_rng(seed)
    spread = 0.02 * np.sqrt(pca.explained_variance_)  # rows of few levels fall on few points
    points = [pca.transform(side) + spread * rng.standard_normal((len(side), 2)) for side in placed]
    edges = [_edges(np.concatenate([side[:, axis] for side in points])) for axis in range(2)]
    looks: tuple[dict[str, Any], ...] = (
        {"fill": True, "cmap": amounts()},
        {"color": SYNTHETIC, "linewidths": 1.2},
    )
    for side, look in zip(points, looks, strict=True):
        sns.kdeplot(
            x=side[:, 0], y=side[:, 1], levels=7, thresh=0.05, gridsize=GRID, clip=edges, bw_adjust=0.7,
            ax=ax, **look,
        )  # fmt: skip
    for which, share in zip("xy", pca.explained_variance_ratio_, strict=True):
        label = "main axis" if which == "x" else "second axis"
        getattr(ax, f"set_{which}label")(f"{label} ({share:.0%})".replace("%", " %"))
    ax.fill_between([], [], color=REAL, alpha=0.5, label="real")
    ax.plot([], [], color=SYNTHETIC, label="synthetic")
    add_legend(ax)
    return ax


def plot_missing(tables: Comparison, *, ax: Axes | None = None) -> Axes:
    """Draw the share of missing values of each column that has any, at most 40 columns.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Empty where nothing is missing.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> real = pd.DataFrame({"age": [1.5, None] * 50, "sex": ["f", "m"] * 50})
    >>> [label.get_text() for label in plot_missing(compare(real, real)).get_yticklabels()]
    ['age']
    """
    shares = _missing_shares(tables)
    ax = axes_or_new(ax, 4.6, max(1.6, 0.24 * len(shares) + 0.9))
    ax.set(title="missing values")
    if shares.empty:
        return ax
    rows = np.arange(len(shares))
    ax.hlines(rows, shares["real"], shares["synthetic"], color=FAINT, linewidth=1)
    ax.plot(shares["real"], rows, "o", color=REAL, markersize=9, alpha=0.5, mew=0, label="real")
    ax.plot(shares["synthetic"], rows, "o", color=SYNTHETIC, markersize=4, mew=0, label="synthetic")
    ax.set_yticks(rows, short_names(list(shares.index)))
    ax.set_xlim(0, 1.08 * shares.to_numpy().max())
    ax.invert_yaxis()
    in_percent(ax.xaxis)
    add_legend(ax, "lower right")
    return ax


def plot_missing_patterns(tables: Comparison, *, ax: Axes | None = None) -> Axes:
    """Draw which values are missing together: the most frequent patterns, one a line.

    A pattern is the set of columns without a value in a row; beside it stand its shares of the real and of
    the synthetic rows. Patterns of fewer than five real rows are left out.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Empty where nothing is missing.

    Examples
    --------
    >>> from tabgen.evaluation import compare
    >>> real = pd.DataFrame({"age": [1.5, None] * 50, "sex": ["f", "m"] * 50})
    >>> [label.get_text() for label in plot_missing_patterns(compare(real, real)).get_yticklabels()]
    ['50 % | 50 %', '50 % | 50 %']
    """
    names = list(_missing_shares(tables).index)
    sides = [frame[names].isna() for frame in (tables.real, tables.synthetic)]
    counts = sides[0].value_counts() if names else pd.Series(dtype=int)
    counts = counts[masked(counts.to_numpy()) > 0].head(PATTERNS)
    ax = axes_or_new(ax, max(3.2, 2.2 + 0.26 * len(names)), 1.8 + 0.22 * len(counts))
    ax.set(title="missing together")
    if counts.empty:
        ax.set(xticks=[], yticks=[])
        return ax
    absent = np.array([np.atleast_1d(pattern) for pattern in counts.index], dtype=float)
    sns.heatmap(absent, cmap=amounts(), vmin=0, vmax=1.2, cbar=False, linewidths=1, linecolor=FAINT, ax=ax)
    found = sides[1].value_counts() / max(len(sides[1]), 1)
    labels = [
        f"{100 * count / len(sides[0]):.3g} % | {100 * found.get(pattern, 0):.3g} %"
        for pattern, count in counts.items()
    ]
    ax.set_yticks(np.arange(len(labels)) + 0.5, labels, rotation=0)
    ax.set_ylabel("real | synthetic")
    ax.set_xticks(np.arange(len(names)) + 0.5, short_names(names), rotation=90)
    return ax


def _missing_shares(tables: Comparison) -> pd.DataFrame:
    """Return the shares of missing values of the columns that have any, the largest first."""
    frames = {"real": tables.real, "synthetic": tables.synthetic}
    shares = pd.DataFrame({table: frame.isna().mean() for table, frame in frames.items()})
    shares = shares[(shares > 0).any(axis=1)]
    return shares.sort_values("real", ascending=False, kind="stable").head(COLUMNS)


def _edges(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [0.005, 0.995])
    margin = 0.1 * (high - low)
    return float(low - margin), float(high + margin)
