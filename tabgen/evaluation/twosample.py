"""Real and synthetic rows as numbers to how well a classifier tells them apart, and by which columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import permutation_importance
from sklearn.metrics import roc_curve
from sklearn.model_selection import StratifiedKFold

from tabgen.evaluation.features import for_trees
from tabgen.evaluation.scores import FEWEST_ROWS, MOST_ROWS, NAN, roc_auc

FOLDS = 5
TREES = 100
POINTS = 101  # of the ROC curve


@dataclass(frozen=True)
class TwoSample:
    """What a classifier made of rows that it had not seen.

    Attributes
    ----------
    false_positive_rate, true_positive_rate : numpy.ndarray of float
        The ROC curve, shape ``(points,)``; a synthetic row is a positive. Empty for too few rows.
    auc : float
        The area under it: .5 where no row can be told, 1 where all can; NaN for too few rows.
    error : float
        Standard error of the area.
    telling : numpy.ndarray of float
        AUC that is lost when a column is shuffled among the judged rows, shape ``(columns,)``.
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    auc: float
    error: float = NAN
    telling: np.ndarray = field(default_factory=lambda: np.empty(0))


def trees() -> HistGradientBoostingClassifier:
    """Return the boosted trees that judge where no other classifier is given."""
    return HistGradientBoostingClassifier(max_iter=TREES, early_stopping=False, random_state=0)


def two_sample_test(
    real: np.ndarray, synthetic: np.ndarray, judge: Any = None, *, seed: int = 0, telling: bool = False
) -> TwoSample:
    """Let a classifier tell synthetic from real rows (Lopez-Paz & Oquab 2017), cross-validated.

    Parameters
    ----------
    real, synthetic : numpy.ndarray
        Rows as numbers, shape ``(rows, columns)``; NaN may stand for missing values if the judge takes
        it. As many rows of both are used as the shorter one has, ``MOST_ROWS`` at most.
    judge : scikit-learn classifier, optional
        By default boosted trees.
    seed : int
        Seed of the rows, folds and permutations.
    telling : bool
        Whether to find how much the judge leans on each column (permutation importance, Breiman
        2001); else those are NaN. Of columns that say the same, each looks dispensable.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, other = rng.normal(size=(2, 900, 2))
    >>> test = two_sample_test(real, other + [0, 2], telling=True)
    >>> bool(test.auc > 0.85), int(test.telling.argmax())
    (True, 1)
    """
    rng = np.random.default_rng(seed)
    rows = min(len(real), len(synthetic), MOST_ROWS)
    leaning = np.full((FOLDS, real.shape[1]), np.nan)
    if rows < FEWEST_ROWS or not real.shape[1]:
        return TwoSample(np.empty(0), np.empty(0), NAN, NAN, leaning[0])
    table = np.concatenate([side[rng.permutation(len(side))[:rows]] for side in (real, synthetic)])
    positive = np.arange(2 * rows) >= rows
    marks = np.empty(2 * rows)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(table, positive)
    for fold, (learn, held) in enumerate(folds):
        model = clone(trees() if judge is None else judge).fit(for_trees(table[learn]), positive[learn])
        marks[held] = model.predict_proba(table[held])[:, 1]
        if telling:
            leaning[fold] = permutation_importance(
                model, table[held], positive[held], scoring="roc_auc", n_repeats=1, random_state=seed
            ).importances_mean
    auc, error = roc_auc(positive, marks)
    curve = roc_curve(positive, marks)
    grid = np.linspace(0, 1, POINTS)
    return TwoSample(grid, np.interp(grid, curve[0], curve[1]), auc, error, leaning.mean(axis=0))
