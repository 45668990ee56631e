"""Tidy tables, scorecards and training histories to seaborn pictures, readable by every eye.

A function with a singular name draws one picture into one `matplotlib.axes.Axes` (``ax=``; by default those
of a new figure) and returns it. ``plot_columns``, ``plot_calendars``, ``plot_pairs``, ``plot_heatmaps`` and
``plot_training`` draw several and return their `matplotlib.figure.Figure`. No window is opened, no
global state of matplotlib is touched. What comes in:

=======================  =====================================================================
a `Comparison`           ``plot_column``, ``plot_columns``, ``plot_calendar``, ``plot_calendars``,
                         ``plot_qq``, ``plot_pair``, ``plot_pairs``, ``plot_projection``,
                         ``plot_missing``, ``plot_missing_patterns``
a `Scorecard`            ``plot_heatmap``, ``plot_heatmaps``, ``plot_roc``, ``plot_telling``,
                         ``plot_utility``, ``plot_distances``
a history of training    ``plot_training``
=======================  =====================================================================

No picture shows a row of the real table, nor what fewer than five of its rows share: see
`tabgen.plots.cells`.
"""

from __future__ import annotations

from tabgen.plots.columns import plot_calendar, plot_calendars, plot_column, plot_columns, plot_qq
from tabgen.plots.pairs import plot_heatmap, plot_heatmaps, plot_pair, plot_pairs
from tabgen.plots.rows import plot_missing, plot_missing_patterns, plot_projection
from tabgen.plots.scores import plot_distances, plot_roc, plot_telling, plot_utility
from tabgen.plots.training import plot_training

__all__ = [
    "plot_calendar",
    "plot_calendars",
    "plot_column",
    "plot_columns",
    "plot_distances",
    "plot_heatmap",
    "plot_heatmaps",
    "plot_missing",
    "plot_missing_patterns",
    "plot_pair",
    "plot_pairs",
    "plot_projection",
    "plot_qq",
    "plot_roc",
    "plot_telling",
    "plot_training",
    "plot_utility",
]
