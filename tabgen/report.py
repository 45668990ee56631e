"""A real and a synthetic table to one self-contained HTML page: verdict, scores, and where it is wrong."""

from __future__ import annotations

import math
import os
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import jinja2
import pandas as pd

from tabgen import __version__
from tabgen.evaluation import THRESHOLDS, Comparison, Reason, Scorecard, compare, score
from tabgen.evaluation.verdict import FAMILIES, LIGHTS
from tabgen.gallery import Gallery, draw_gallery
from tabgen.reading import read_training
from tabgen.schema import REPLACED
from tabgen.wholefiles import check_target, write_whole

WORST = 10
LISTED_PAIRS = 100  # in the folded table of all pairs, the worst first
QUESTIONS = {
    "fidelity": "Is it alike?",
    "utility": "Is it useful?",
    "disclosure": "Is it safe?",
}
HEADLINES = {
    "green": "Nothing speaks against this table.",
    "amber": "Usable with care: look at what is amber.",
    "red": "Not fit as it is: look at what is red.",
}
MEANINGS = {
    "shape": ("Columns", "mean distance between the distributions of each column"),
    "missing": ("Missing values", "mean difference of the shares of missing values"),
    "trend": ("Pairs of columns", "mean distance between the joint distributions of two columns"),
    "correlation": ("Correlations", "mean difference of rank correlations"),
    "association": ("Associations", "mean difference of Cramér's V, columns of all kinds"),
    "nmi": ("Mutual information", "weighted mean difference between pairs of columns"),
    "c2st": ("Two-sample test", "how well boosted trees tell synthetic from real rows (ROC AUC)"),
    "alpha_precision": ("Alpha-precision", "how typical synthetic rows are"),
    "beta_recall": ("Beta-recall", "how much of the real table synthetic rows cover"),
    "tstr": ("Trained on synthetic", "score on real rows of a model trained on synthetic rows"),
    "trtr": ("Trained on real", "score on real rows of a model trained on real rows"),
    "importance_agreement": ("Same columns matter", "overlap of what both models lean on"),
    "dcr_share": ("Nearer to learned rows", "share of synthetic rows nearer to real than to held-out rows"),
    "nndr": ("Nearest neighbours", "mean ratio of the distances to the two nearest real rows"),
    "copies": ("Exact copies", "share of synthetic rows that equal a real one"),
    "membership": ("Membership inference", "how well it can be told who was learned from (ROC AUC)"),
    "singling_out": ("Singling out", "how much more often just one person is where a synthetic row says"),
    "linkability": ("Linkability", "gain in linking two halves of a person's columns (ROC AUC)"),
    "attribute_inference": ("Attribute inference", "gain in guessing the worst column from the others"),
    "density_membership": ("Membership by densities", "telling who was learned from by a ratio (ROC AUC)"),
    "worst_group": ("Worst group", "the same among those of whom it tells most (ROC AUC)"),
}


def write_report(
    real: pd.DataFrame,
    synthetic: pd.DataFrame,
    path: str | os.PathLike[str],
    *,
    holdout: pd.DataFrame | None = None,
    target: Hashable | None = None,
    history: pd.DataFrame | None = None,
    seed: int = 0,
    force: bool = False,
) -> Scorecard:
    """Score a synthetic table and write what was found to one HTML file.

    The page needs no network and no script. It holds no row of the real table; what fewer than five
    of its rows share is masked, see `tabgen.plots.cells`. Large tables are scored by samples of their
    rows, see `tabgen.evaluation.evaluate`; the distributions are those of all rows.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tables with the same columns.
    path : path
        Where to write.
    holdout : pandas.DataFrame, optional
        Real rows that the synthetic ones were not learned from; without them, disclosure is judged
        by little.
    target : Hashable, optional
        Name of a column to predict; without it, utility is not judged.
    history : pandas.DataFrame, optional
        Training history, to draw and read its curves.
    seed : int
        Seed of all that is drawn.
    force : bool
        Whether to replace an existing file.

    Returns
    -------
    Scorecard

    Raises
    ------
    TableError
        If the tables do not have the same columns, the target cannot be predicted, or the file exists
        and ``force`` is False.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> real = pd.DataFrame({"age": range(100), "sex": ["f", "m"] * 50})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     card = write_report(real, real, Path(folder, "report.html"))
    >>> card.shape
    0.0
    """
    check_target(path, force=force)
    tables = compare(real, synthetic, holdout)
    card = score(tables, target, seed)
    html = render(tables, card, target, history, seed)
    write_whole(path, lambda file: file.write(html.encode()), force=force)
    return card


def render(
    tables: Comparison, card: Scorecard, target: Hashable | None, history: pd.DataFrame | None, seed: int
) -> str:
    """Return the page of tables that are scored already."""
    columns = card.columns.sort_values("distance", ascending=False, kind="stable")
    pairs = card.pairs.sort_values("distance", ascending=False, kind="stable")
    trained = history if history is not None and len(history) else None
    gallery: Gallery = draw_gallery(tables, card, columns, pairs, WORST, trained, seed)
    loader = jinja2.PackageLoader("tabgen", "")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"figure": _figure, "percent": _percent, "count": "{:,}".format}
    verdict = card.verdict
    return environment.get_template("report.html.j2").render(
        version=__version__,
        rows=card.rows,
        target=target,
        verdict=verdict,
        headline=HEADLINES[verdict.light],
        families=[_family(name, card) for name in FAMILIES],
        thresholds=THRESHOLDS,
        columns=columns.to_dict("records"),
        pairs=pairs.head(LISTED_PAIRS).to_dict("records"),
        all_pairs=len(pairs),
        worst=WORST,
        gallery=gallery,
        training=read_training(trained) if trained is not None else (),
        replaced=[column.name for column in tables.schema.columns if column.kind in REPLACED],
        utility=[] if card.utility is None else card.utility.to_dict("records"),
    )


@dataclass(frozen=True)
class Family:
    """The scores that answer one question.

    Attributes
    ----------
    name, question : str
        Of the family.
    light : str or None
        Its traffic light; None where it was not judged.
    reasons : list of (Reason, dict)
        Each with where its marker stands between the thresholds, in percent.
    scores : list of dict
        Rows of the scorecard, each with the ``title``, ``meaning`` and ``light`` of the score.
    """

    name: str
    question: str
    light: str | None
    reasons: list[tuple[Reason, dict[str, float]]]
    scores: list[dict[str, Any]]


def _family(name: str, card: Scorecard) -> Family:
    reasons = [reason for reason in card.verdict.reasons if reason.family == name]
    reasons.sort(key=lambda reason: LIGHTS.index(reason.light), reverse=True)
    lights = {reason.score: reason.light for reason in reasons}
    rows = card.scores[card.scores["family"] == name].to_dict("records")
    scores = []
    for row in rows:
        title, meaning = MEANINGS[row["name"]]
        scores.append({**row, "title": title, "meaning": meaning, "light": lights.get(row["name"])})
    facts = {row["name"]: row for row in rows}
    placed = [(reason, _strip(facts.get(reason.score))) for reason in reasons]
    return Family(name, QUESTIONS[name], card.verdict.family(name), placed, scores)


def _strip(facts: dict[str, Any] | None) -> dict[str, float]:
    """Return where on a strip from best to worst the lights change, and where a value is, in percent."""
    for threshold in THRESHOLDS if facts else ():
        if facts and threshold.score == facts["name"]:
            floor = facts["ideal"] if math.isnan(facts["floor"]) else facts["floor"]
            worse = facts["value"] - floor if threshold.better == "lower" else floor - facts["value"]
            green, amber = threshold.green, threshold.amber
            whole = amber + green  # as much room for red as for green
            at = min(max(worse / whole, 0.0), 1.0)
            return {"green": 100 * green / whole, "amber": 100 * amber / whole, "at": 2 + 96 * at}
    return {}


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{100 * share:.3g} %"
