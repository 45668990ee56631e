"""A real and a synthetic table to a `Scorecard`: how alike, how useful, how safe, and where it is wrong."""

from __future__ import annotations

from tabgen.evaluation.assessing import evaluate, score
from tabgen.evaluation.comparison import Comparison, compare
from tabgen.evaluation.disclosure import Distances
from tabgen.evaluation.scorecard import Scorecard
from tabgen.evaluation.twosample import TwoSample
from tabgen.evaluation.verdict import THRESHOLDS, Reason, Threshold, Verdict

__all__ = [
    "THRESHOLDS",
    "Comparison",
    "Distances",
    "Reason",
    "Scorecard",
    "Threshold",
    "TwoSample",
    "Verdict",
    "compare",
    "evaluate",
    "score",
]
