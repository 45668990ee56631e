"""Tidy frames and a target to how well models fitted on synthetic rows do on real ones."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge

from tabgen.errors import TableError
from tabgen.evaluation.features import for_trees, number, numbers, places
from tabgen.evaluation.scores import FEWEST_ROWS, MOST_ROWS, NAN, Score, around, roc_auc
from tabgen.schema import LEVELLED, REPLACED, Column

MOST_CLASSES = 10  # the rest are one class
TREES = 100  # in all classes together
FEWEST_ROUNDS = 30
IMPORTANCE_ROWS = 4_000
PARTS = 4  # of the test rows, for the spread of importances


@dataclass(frozen=True)
class Problem:
    """What is to be predicted from what.

    Attributes
    ----------
    target : Hashable
        The column to predict.
    classes : pandas.Index or None
        The values to tell apart, the most frequent first; None where a number is predicted.
    """

    target: Hashable
    classes: pd.Index | None

    @property
    def metric(self) -> str:
        """``"ROC AUC"`` (of more than two classes: each against the rest, by their shares) or ``"R2"``."""
        return "R2" if self.classes is None else "ROC AUC"

    def truth(self, frame: pd.DataFrame) -> np.ndarray:
        """Return what is to be predicted: numbers, or the places of classes."""
        values = number(frame[self.target])
        if self.classes is None:
            return values
        place = self.classes.get_indexer(pd.Index(values))
        return np.where(place < 0, len(self.classes), place)


def problem(real: pd.DataFrame, target: Hashable, column: Column) -> Problem:
    """Tell classification from regression.

    Levels, and numbers of which there are two, are classes; other numbers, durations and moments
    are predicted as numbers.

    Raises
    ------
    TableError
        If the target is replaced by fresh values, does not vary or is the only column.
    """
    if column.kind in REPLACED:
        raise TableError(
            f"Target {target!r} is of kind {column.kind!r}, which is replaced and never learned. "
            "Choose another column."
        )
    values = pd.Series(number(real[target].dropna()) if target in real else [], dtype=float).value_counts()
    if len(values) < 2:
        raise TableError(f"Target {target!r} does not vary in the real table. Choose another column.")
    if real.shape[1] == 1:
        raise TableError(f"There is no column to predict target {target!r} from. Give another column.")
    classes = column.kind in LEVELLED or len(values) == 2
    return Problem(target, values.index[:MOST_CLASSES] if classes else None)


def utility_scores(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, aim: Problem, seed: int
) -> tuple[pd.DataFrame, list[Score]]:
    """Fit models on real and on synthetic rows, as many of both, and judge them by other real rows.

    tstr                  boosted trees trained on synthetic rows, tested on held-out real ones (Esteban et
                          al. 2017); its floor is trtr
    trtr                  the same, trained on real rows
    importance_agreement  share that the permutation importances of both models have in common; its floor
                          is that of two models trained on one half each of those real rows

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tidy frames with the same columns.
    holdout : pandas.DataFrame or None
        Real rows to judge by. Without them, one half of the real rows is kept for that: the synthetic
        rows were learned from it too, so ``tstr`` flatters.
    aim : Problem
        What to predict; rows without it are left out.
    seed : int
        Seed of rows, models and permutations.

    Returns
    -------
    pandas.DataFrame
        As ``Scorecard.utility``.
    list of Score
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(real))
    test = real.iloc[order[1::2]] if holdout is None else holdout
    learned = real.iloc[order[::2]] if holdout is None else real
    learned, made, test = (frame.dropna(subset=[aim.target]) for frame in (learned, synthetic, test))
    rows = min(len(learned), len(made), MOST_ROWS)
    names = ["learner", "trained_on", "score", "low", "high", "metric"]
    if min(rows, len(test)) < FEWEST_ROWS:
        empty = [Score("utility", name, NAN) for name in ("tstr", "trtr", "importance_agreement")]
        return pd.DataFrame(columns=names).astype({"score": float, "low": float, "high": float}), empty
    test = test.sample(min(len(test), MOST_ROWS), random_state=rng)
    training = {
        "real": learned.sample(rows, random_state=rng),
        "synthetic": made.sample(rows, random_state=rng),
    }
    trees = {on: fit(boosted_trees(aim), _inputs(frame, aim), frame, aim) for on, frame in training.items()}
    lines: list[tuple[str, str, float, float, float, str]] = []
    for on, frame in training.items():
        apart = (part.drop(columns=[aim.target]) for part in (training["real"], frame, test))
        learn, judge = places(*apart)
        for learner, model, inputs in (
            ("boosted trees", trees[on], _inputs(test, aim)),
            ("linear", fit(linear(aim), learn, frame, aim), judge),
        ):
            value, error = grade(model, inputs, aim.truth(test), aim)
            low, high = around(value, error, (-np.inf if aim.classes is None else 0.0, 1.0))
            lines.append((learner, on, value, low, high, aim.metric))
    scores = {line[1]: line[2:5] for line in lines if line[0] == "boosted trees"}
    return pd.DataFrame(lines, columns=names), [
        Score("utility", "tstr", *scores["synthetic"], scores["real"][0], 1.0),
        Score("utility", "trtr", *scores["real"], NAN, 1.0),
        _agreement_score(trees, training["real"], test, aim, seed),
    ]


def boosted_trees(aim: Problem) -> Any:
    """Return a learner of what is to be predicted; of many classes, with fewer rounds."""
    if aim.classes is None:
        return HistGradientBoostingRegressor(max_iter=TREES, early_stopping=False, random_state=0)
    each = 1 if len(aim.classes) == 2 else len(aim.classes)
    rounds = max(TREES // each, FEWEST_ROUNDS)
    return HistGradientBoostingClassifier(max_iter=rounds, early_stopping=False, random_state=0)


def linear(aim: Problem) -> Any:
    """Return a linear learner of what is to be predicted."""
    return Ridge() if aim.classes is None else LogisticRegression(solver="newton-cg", max_iter=1_000)


def fit(learner: Any, inputs: np.ndarray, frame: pd.DataFrame, aim: Problem) -> Any:
    """Fit a learner; where there is one class only, return what always says so."""
    truth = aim.truth(frame)
    if aim.classes is not None and len(np.unique(truth)) < 2:
        learner = DummyClassifier()
    return learner.fit(for_trees(inputs), truth)


def grade(model: Any, inputs: np.ndarray, truth: np.ndarray, aim: Problem) -> tuple[float, float]:
    """Return how well a model predicts, and the standard error over the rows.

    For classes, the mean of ROC AUC over classes, each against the rest, by their shares; their errors are
    added up as if they moved together. For numbers, R2; its error is that of a ratio of two means.
    NaN where the truth does not vary.
    """
    if len(np.unique(truth)) < 2:
        return NAN, NAN
    if aim.classes is None:
        missed, spread = (truth - model.predict(inputs)) ** 2, (truth - truth.mean()) ** 2
        lost, total = missed.mean(), spread.mean()
        moved = (missed - lost) / total - lost * (spread - total) / total**2
        return float(1 - lost / total), float(moved.std(ddof=1) / len(truth) ** 0.5)
    chance = dict(zip(model.classes_, model.predict_proba(inputs).T, strict=True))
    parts = []
    for place in np.unique(truth):
        positive = truth == place
        area, error = roc_auc(positive, chance.get(place, np.zeros(len(truth))))
        parts.append((positive.mean() * area, positive.mean() * error))
    value, error = np.sum(parts, axis=0)
    return float(value), float(error)


def _inputs(frame: pd.DataFrame, aim: Problem) -> np.ndarray:
    return numbers(frame.drop(columns=[aim.target]))


def _agreement_score(
    trees: dict[str, Any], learned: pd.DataFrame, test: pd.DataFrame, aim: Problem, seed: int
) -> Score:
    few = test.iloc[:IMPORTANCE_ROWS]  # a random sample is in random order
    found = {on: _importances(model, few, aim, seed) for on, model in trees.items()}
    halves = [
        _importances(fit(boosted_trees(aim), _inputs(half, aim), half, aim), few, aim, seed)
        for half in (learned.iloc[::2], learned.iloc[1::2])
    ]
    value, error = _agreement(found["real"], found["synthetic"])
    interval = around(value, error, (0, 1))
    return Score("utility", "importance_agreement", value, *interval, _agreement(*halves)[0], 1.0)


def _importances(model: Any, test: pd.DataFrame, aim: Problem, seed: int) -> np.ndarray:
    """Return what columns are worth (Breiman 2001) on parts of the rows, shape ``(parts, columns)``."""

    def worth(model: Any, inputs: np.ndarray, truth: np.ndarray) -> float:
        return grade(model, inputs, truth, aim)[0]

    return np.array(
        [
            permutation_importance(
                model, _inputs(part, aim), aim.truth(part), scoring=worth, n_repeats=1, random_state=seed
            ).importances_mean
            for part in (test.iloc[start::PARTS] for start in range(PARTS))
        ]
    )


def _agreement(one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """Return the share that two models' importances have in common, and its jackknife error over parts."""

    def common(kept: np.ndarray) -> float:
        shares = [np.maximum(side[kept].mean(axis=0), 0) for side in (one, other)]
        if any(side.sum() == 0 or np.isnan(side).any() for side in shares):
            return NAN
        return float(np.minimum(*(side / side.sum() for side in shares)).sum())

    every = np.arange(PARTS)
    without = np.array([common(np.delete(every, part)) for part in every])
    return common(every), float(((PARTS - 1) * without.var()) ** 0.5)
