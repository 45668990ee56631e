"""A `Scorecard` to pictures of its tests: two-sample test, utility, distances to the closest rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.axes import Axes

from tabgen.evaluation import Scorecard
from tabgen.plots.style import (
    FAINT,
    REAL,
    SYNTHETIC,
    THIRD,
    add_legend,
    axes_or_new,
    in_percent,
    short_names,
)

TELLING = 12
BINS = 40


def plot_roc(card: Scorecard, *, ax: Axes | None = None) -> Axes:
    """Draw how well a classifier tells synthetic from real rows: on the diagonal, it cannot.

    Parameters
    ----------
    card : Scorecard
        From `tabgen.evaluation.evaluate`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the tables had too few rows for the test.

    Examples
    --------
    >>> import pandas as pd
    >>> from tabgen.evaluation import evaluate
    >>> real = pd.DataFrame({"age": range(100), "sex": ["f", "m"] * 50})
    >>> plot_roc(evaluate(real, real)).get_xlabel()
    'real rows taken for synthetic'
    """
    test = card.two_sample
    if not len(test.false_positive_rate):
        raise ValueError("There is no two-sample test to draw: the tables have too few rows for it.")
    ax = axes_or_new(ax, 3.6, 3.2)
    curve = test.false_positive_rate, test.true_positive_rate
    ax.fill_between(*curve, curve[0], color=SYNTHETIC, alpha=0.15, linewidth=0)
    ax.plot(*curve, color=SYNTHETIC, label=f"AUC {test.auc:.3f}")
    ax.plot([0, 1], [0, 1], color=FAINT, linestyle="--", linewidth=1, label="cannot be told: 0.5")
    ax.set(title="two-sample test", xlabel="real rows taken for synthetic", ylabel="synthetic rows found")
    ax.set(xlim=(0, 1), ylim=(0, 1))
    in_percent(ax.xaxis)
    in_percent(ax.yaxis)
    add_legend(ax, "lower right")
    return ax


def plot_telling(card: Scorecard, *, ax: Axes | None = None) -> Axes:
    """Draw which columns betray synthetic rows: the AUC that the two-sample test loses without each.

    Parameters
    ----------
    card : Scorecard
        From `tabgen.evaluation.evaluate`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The twelve most telling columns at most.

    Raises
    ------
    ValueError
        If the tables had too few rows for the test.
    """
    known = card.columns.dropna(subset=["telling"]).nlargest(TELLING, "telling")
    if known.empty:
        raise ValueError("There is no two-sample test to draw: the tables have too few rows for it.")
    ax = axes_or_new(ax, 4.2, max(1.6, 0.24 * len(known) + 0.9))
    places = [str(place) for place in range(len(known))]
    worth = known["telling"].clip(lower=0).to_numpy()
    sns.barplot(x=worth, y=places, orient="y", color=SYNTHETIC, saturation=1, width=0.6, ax=ax)
    ax.set_yticks(range(len(known)), short_names(known["column"].tolist()))
    ax.set(title="columns that betray", xlabel="AUC lost without the column", ylabel="")
    ax.set_xlim(0, max(0.01, 1.05 * worth.max()))
    ax.locator_params(axis="x", nbins=4)
    return ax


def plot_utility(card: Scorecard, *, ax: Axes | None = None) -> Axes:
    """Draw how well models trained on real and on synthetic rows do on real rows that neither saw.

    Parameters
    ----------
    card : Scorecard
        From `tabgen.evaluation.evaluate`, with a target.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Bars with 95 % intervals.

    Raises
    ------
    ValueError
        If there was no target, or the tables had too few rows.
    """
    table = card.utility
    if table is None or table["score"].isna().all():
        raise ValueError("There are no utility scores to draw. Evaluate with a target, on 50 rows or more.")
    ax = axes_or_new(ax, 4.2, 2.4)
    learners = list(dict.fromkeys(table["learner"]))
    for shift, (trained, colour, alpha) in enumerate((("real", REAL, 0.45), ("synthetic", SYNTHETIC, 1.0))):
        part = table[table["trained_on"] == trained].set_index("learner").loc[learners]
        rows = np.arange(len(learners)) + 0.36 * shift - 0.18
        ax.barh(rows, part["score"], 0.34, color=colour, alpha=alpha, label=f"trained on {trained} rows")
        errors = np.array([part["score"] - part["low"], part["high"] - part["score"]])
        ax.errorbar(part["score"], rows, xerr=errors, fmt="none", ecolor=FAINT, capsize=2, linewidth=1)
    ax.set_yticks(range(len(learners)), learners)
    ax.set(title="tested on real rows", xlabel=table["metric"].iloc[0])
    chance = 0.5 if table["metric"].iloc[0] == "ROC AUC" else 0.0
    ax.set_xlim(min(chance, table[["score", "low"]].min().min()), 1)
    ax.invert_yaxis()
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.28), ncols=2, frameon=False, fontsize=8)
    return ax


def plot_distances(card: Scorecard, *, ax: Axes | None = None) -> Axes:
    """Draw the distances of synthetic rows to the closest real and to the closest held-out row.

    Both histograms are alike where nothing was copied. Lower distances to real rows mean that rows were
    learned by heart.

    Parameters
    ----------
    card : Scorecard
        From `tabgen.evaluation.evaluate`, with held-out rows.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default axes of a new figure.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there were no held-out rows, or too few.
    """
    distances = card.distances
    if distances is None:
        raise ValueError("There are no distances to draw. Evaluate with 50 held-out rows or more.")
    ax = axes_or_new(ax)
    sides = distances.to_real, distances.to_holdout, distances.holdout_to_real
    top = max(float(np.quantile(np.concatenate(sides), 0.99)), 1e-9)
    edges = np.linspace(0, top, BINS + 1)
    looks: tuple[tuple[str, dict[str, Any]], ...] = (
        ("synthetic to real", {"color": SYNTHETIC, "fill": True, "alpha": 0.45, "linewidth": 0}),
        ("synthetic to held-out", {"color": THIRD, "linewidth": 1.6}),
        ("held-out to real", {"color": REAL, "linewidth": 1.2, "linestyle": "--"}),
    )
    for side, (label, look) in zip(sides, looks, strict=True):
        shares = np.histogram(side.clip(max=top), edges)[0] / max(len(side), 1)
        ax.stairs(shares, edges, label=label, **look)
    ax.set(title="distance to the closest row", ylim=(0, None))
    in_percent(ax.yaxis)
    ax.locator_params(axis="x", nbins=5)
    add_legend(ax)
    return ax
