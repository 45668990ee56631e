"""Scored tables to all pictures of a report, each with the words that say what it shows."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes

from tabgen.evaluation import Comparison, Scorecard
from tabgen.pictures import Picture, picture
from tabgen.plots import (
    plot_calendar,
    plot_column,
    plot_distances,
    plot_heatmap,
    plot_missing,
    plot_missing_patterns,
    plot_pair,
    plot_projection,
    plot_qq,
    plot_roc,
    plot_telling,
    plot_training,
    plot_utility,
)
from tabgen.plots.columns import PARTS, calendar_part
from tabgen.plots.pairs import VIEWS
from tabgen.plots.style import LOOK, TITLE_LENGTH, new_grid, short_names

DRAWN_COLUMNS = 80  # beyond, only the worst columns have pictures


@dataclass(frozen=True)
class Gallery:
    """The pictures of a report; a part is empty where there is nothing to draw.

    Attributes
    ----------
    columns : dict of Hashable to list of Picture
        The distribution of each column; of the worst, if numbers or moments, also the quantiles.
    pairs : list of list of Picture
        Of each of the worst pairs: real, synthetic, difference.
    calendars : dict of Hashable to list of Picture
        Each column of moments, the worst first, by the parts of the calendar in which it varies.
    associations, rows, missing, two_sample, utility, distances, training : list of Picture
    """

    columns: dict[Hashable, list[Picture]]
    pairs: list[list[Picture]]
    calendars: dict[Hashable, list[Picture]]
    associations: list[Picture]
    rows: list[Picture]
    missing: list[Picture]
    two_sample: list[Picture]
    utility: list[Picture]
    distances: list[Picture]
    training: list[Picture]


def draw_gallery(
    tables: Comparison,
    card: Scorecard,
    columns: pd.DataFrame,
    pairs: pd.DataFrame,
    worst: int,
    history: pd.DataFrame | None,
    seed: int,
) -> Gallery:
    """Draw all pictures of a report.

    Parameters
    ----------
    tables : Comparison
        The tables.
    card : Scorecard
        Their scores.
    columns, pairs : pandas.DataFrame
        Which columns and pairs to draw, as in the scorecard, the worst first.
    worst : int
        How many columns to draw close, and how many pairs.
    history : pandas.DataFrame or None
        Training curves.
    seed : int
        Seed of the rows in the projection.
    """
    with mpl.rc_context(LOOK):
        names = columns["column"].tolist()[:DRAWN_COLUMNS]
        titles = [""] * worst + short_names(names, TITLE_LENGTH)[worst:]  # of the worst, it stands above
        moments = columns.loc[columns["kind"] == "datetime", "column"].tolist()
        tested = len(card.two_sample.false_positive_rate) > 0
        useful = card.utility is not None and card.utility["score"].notna().any()
        missing = any(frame.isna().to_numpy().any() for frame in (tables.real, tables.synthetic))
        return Gallery(
            columns={
                name: list(_column(tables, name, title)) for name, title in zip(names, titles, strict=False)
            },
            pairs=[
                _pair(tables, first, second)
                for first, second in pairs[["first", "second"]].to_numpy()[:worst]
            ],
            calendars={name: list(_calendar(tables, name)) for name in moments[:worst]},
            associations=[_association(card, view) for view in VIEWS] if len(card.pairs) else [],
            rows=[_shown(plot_projection(tables, seed=seed), "Real and synthetic rows on two main axes")],
            missing=_missing(tables) if missing else [],
            two_sample=_two_sample(card) if tested else [],
            utility=[_shown(plot_utility(card), "Scores on real rows, see the table")] if useful else [],
            distances=[_shown(plot_distances(card), "Distances to the closest row")]
            if card.distances
            else [],
            training=[] if history is None else [picture(plot_training(history), "Training curves by epoch")],
        )


def _shown(ax: Axes, alt: str) -> Picture:
    return picture(ax.get_figure(root=True), alt)  # type: ignore[arg-type]


def _column(tables: Comparison, name: Hashable, title: str) -> Iterator[Picture]:
    """Draw a column small; without a title close: wide for levels, with quantiles beside all others."""
    levels = isinstance(tables.real[name].dtype, pd.CategoricalDtype)
    size = (3.4, 2.2 if levels else 2.6) if title else (5.6 if levels else 3.4, 2.6)
    ax = plot_column(tables, name, ax=new_grid(1, 1, *size)[1][0])
    ax.set_title(title)
    yield _shown(ax, f"Distribution of {name}, real and synthetic")
    if not title and not levels:
        side = plot_qq(tables, name, ax=new_grid(1, 1, 2.25, 2.6)[1][0])
        yield _shown(side, f"Quantiles of {name}, synthetic against real")


def _pair(tables: Comparison, first: Hashable, second: Hashable) -> list[Picture]:
    return [
        _shown(plot_pair(tables, first, second, view), f"Joint distribution of {first} and {second}: {view}")
        for view in VIEWS
    ]


def _calendar(tables: Comparison, name: Hashable) -> Iterator[Picture]:
    """Draw each part of the calendar in which the moments differ."""
    moments = pd.concat([tables.real[name], tables.synthetic[name]]).dropna()
    for part in PARTS:
        if calendar_part(moments, part).nunique() > 1:
            yield _shown(plot_calendar(tables, name, part), f"{name} by {part}, real and synthetic")


def _association(card: Scorecard, view: str) -> Picture:
    return _shown(plot_heatmap(card, view), f"Association of each two columns: {view}")


def _missing(tables: Comparison) -> list[Picture]:
    return [
        _shown(plot_missing(tables), "Share of missing values of each column, real and synthetic"),
        _shown(plot_missing_patterns(tables), "Columns whose values are missing together"),
    ]


def _two_sample(card: Scorecard) -> list[Picture]:
    return [
        _shown(plot_roc(card), f"ROC curve of the two-sample test, area {card.two_sample.auc:.3f}"),
        _shown(plot_telling(card), "Columns that the two-sample test leans on"),
    ]
