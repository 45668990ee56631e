"""A real and a synthetic table to one self-contained HTML file with scores and pictures."""

from __future__ import annotations

import base64
import io
import math
import os
import warnings
from typing import Any

import jinja2
import pandas as pd
from matplotlib.figure import Figure

from tabgen.evaluation import Scorecard, compare, score
from tabgen.plots import plot_columns, plot_training
from tabgen.schema import REPLACED
from tabgen.tables import write_whole

WORST_PAIRS = 10


def write_report(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    history: pd.DataFrame | None = None,
    force: bool = False,
) -> Scorecard:
    """Compare two tables and write what was found to an HTML file.

    The file needs no network and holds no rows of either table, only distributions.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tables with the same columns.
    path : path
        Where to write.
    history : pandas.DataFrame, optional
        Training history, to draw its curves.
    force : bool
        Whether to replace an existing file.

    Returns
    -------
    Scorecard

    Raises
    ------
    TableError
        If the tables do not have the same columns, or the file exists and ``force`` is False.
    """
    tables = compare(real, synthetic)
    card = score(tables)
    pictures = [
        _picture("Distributions", "real and synthetic distribution of each column", plot_columns(tables))
    ]
    if history is not None and len(history):
        pictures.append(_picture("Training", "training curves by epoch", plot_training(history)))
    loader = jinja2.PackageLoader("tabgen", "")
    environment = jinja2.Environment(loader=loader, autoescape=True)
    html = environment.get_template("report.html.j2").render(
        rows_real=f"{len(real):,}",
        rows_synthetic=f"{len(synthetic):,}",
        scores=_scores(card),
        pictures=pictures,
        columns=_percentages(card.columns.sort_values("distance", ascending=False)),
        pairs=_percentages(card.pairs.nlargest(WORST_PAIRS, "distance")),
        replaced=[str(c.name) for c in tables.schema.columns if c.kind in REPLACED],
    )
    write_whole(path, lambda file: file.write(html.encode()), force=force)
    return card


def _scores(card: Scorecard) -> list[dict[str, str]]:
    scores = [("columns", card.columns)]
    if len(card.pairs):
        scores.append(("pairs of columns", card.pairs))
    return [
        {
            "title": f"mean distance of {title}",
            "value": _percent(frame["distance"].mean()),
            "floor": _percent(frame["floor"].mean()),
        }
        for title, frame in scores
    ]


def _percentages(frame: pd.DataFrame) -> list[dict[str, Any]]:
    shares = frame.select_dtypes("float")
    return frame.assign(**{name: shares[name].map(_percent) for name in shares}).to_dict("records")


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.2%}"


def _picture(title: str, alt: str, figure: Figure) -> dict[str, str]:
    buffer = io.BytesIO()
    with warnings.catch_warnings():  # no font has all letters: a box is drawn for those it lacks
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(buffer, format="png", dpi=110)
    return {"title": title, "alt": alt, "data": base64.b64encode(buffer.getvalue()).decode()}
