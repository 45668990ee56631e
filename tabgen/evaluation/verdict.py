"""Scores to a traffic light, with a reason and the thresholds used for each score that was judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

LIGHTS = ("green", "amber", "red")  # from best to worst
FAMILIES = ("fidelity", "utility", "disclosure")


@dataclass(frozen=True)
class Threshold:
    """How much worse than its floor a score may be.

    Attributes
    ----------
    score : str
        Name of the score.
    green, amber : float
        The most that it may be worse than the same score of held-out real rows, or than its ideal
        where that is worse, to be green, or amber; beyond, it is red. Of ``tstr`` in ROC AUC; of R2, which
        is twice as wide from chance to perfect, it may be twice as much.
    better : str
        ``"lower"`` or ``"higher"``: which way is better.
    words : str
        What the score is, as the subject of a sentence.
    beside : str
        What the floor is, up to the figure.
    """

    score: str
    green: float
    amber: float
    better: str
    words: str
    beside: str = "beside a floor of"


# Judgement, not theory: tables of one law are green, what a Gaussian copula makes of a census is red.
THRESHOLDS = (
    Threshold("shape", 0.02, 0.06, "lower", "The mean distance of columns"),
    Threshold("trend", 0.04, 0.10, "lower", "The mean distance of pairs of columns"),
    Threshold("c2st", 0.15, 0.30, "lower", "The ROC AUC of telling synthetic from real rows"),
    Threshold("alpha_precision", 0.05, 0.15, "higher", "How typical synthetic rows are (alpha-precision)"),
    Threshold("beta_recall", 0.10, 0.25, "higher", "How much of the real table is covered (beta-recall)"),
    Threshold("tstr", 0.03, 0.10, "higher", "The score of a model trained on synthetic rows", "on real rows"),
    Threshold("dcr_share", 0.03, 0.10, "lower", "The share of rows nearer to real than to held-out"),
    Threshold("nndr", 0.05, 0.15, "higher", "The mean ratio of nearest to second nearest real row"),
    Threshold("copies", 0.01, 0.05, "lower", "The share of synthetic rows that equal a real one"),
    Threshold("membership", 0.03, 0.10, "lower", "The ROC AUC of telling who was learned from"),
)


@dataclass(frozen=True)
class Reason:
    """Why a light is what it is.

    Attributes
    ----------
    family, score : str
        Which score was judged.
    light : str
        ``"green"``, ``"amber"`` or ``"red"``.
    text : str
        One sentence with the figure, its floor and the thresholds.
    """

    family: str
    score: str
    light: str
    text: str


@dataclass(frozen=True)
class Verdict:
    """A traffic light and its reasons.

    Attributes
    ----------
    light : str
        The worst light of all reasons.
    reasons : tuple of Reason
        One a judged score, in the order of `THRESHOLDS`.
    """

    light: str
    reasons: tuple[Reason, ...]

    def family(self, name: str) -> str | None:
        """Return the worst light of ``"fidelity"``, ``"utility"`` or ``"disclosure"``, None if not judged."""
        lights = [reason.light for reason in self.reasons if reason.family == name]
        return max(lights, key=LIGHTS.index, default=None)


def judge(scores: pd.DataFrame, *, metric: str | None, held_out: bool) -> Verdict:
    """Judge scores against `THRESHOLDS`.

    A score that may be its floor, taking the floor to be as uncertain as the score, is green: nothing
    shows that it is worse.

    Parameters
    ----------
    scores : pandas.DataFrame
        As ``Scorecard.scores``.
    metric : str or None
        What the utility scores are: ``"ROC AUC"``, ``"R2"``, or None where there are none.
    held_out : bool
        Whether there were held-out rows; without them, reasons on disclosure say how weak they are.

    Returns
    -------
    Verdict
        Amber where fidelity or disclosure could not be judged at all.
    """
    table = scores.set_index("name")
    reasons = []
    for threshold in THRESHOLDS:
        if threshold.score not in table.index:
            continue
        row = table.loc[threshold.score]
        if pd.notna(row["value"]) and row[["floor", "ideal"]].notna().any():
            width = 2 if threshold.score == "tstr" and metric == "R2" else 1
            reasons.append(_reason(threshold, row, width, held_out))
    for family in ("fidelity", "disclosure"):
        if family not in {reason.family for reason in reasons}:
            reasons.append(Reason(family, "", "amber", f"There are too few rows to judge {family}."))
    return Verdict(max((reason.light for reason in reasons), key=LIGHTS.index), tuple(reasons))


def _reason(threshold: Threshold, score: pd.Series, width: int, held_out: bool) -> Reason:
    sign, end, way = (1, "low", "up") if threshold.better == "lower" else (-1, "high", "down")
    known = [sign * score[name] for name in ("floor", "ideal") if not math.isnan(score[name])]
    floor = sign * (known[0] if threshold.score == "tstr" else max(known))
    worse = sign * (score["value"] - floor)
    spread = 0.0 if math.isnan(score[end]) else abs(score["value"] - score[end])
    least = worse - 2**0.5 * spread
    green, amber = width * threshold.green, width * threshold.amber
    light = "green" if least <= 0 or worse <= green else "amber" if worse <= amber else "red"
    text = (
        f"{threshold.words} is {score['value']:.3f}, {threshold.beside} {floor:.3f}; green {way} to "
        f"{floor + sign * green:.3f}, amber {way} to {floor + sign * amber:.3f}."
    )
    if score["family"] == "disclosure" and not held_out:
        text = text[:-1] + ", a weak test without held-out rows."
    return Reason(score["family"], threshold.score, light, text)
