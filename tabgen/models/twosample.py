"""Two sets of rows of codes to one number: how well boosted trees tell them apart on rows not seen."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from tabgen.threads import one_thread

TREES, LEAVES = 100, 15  # small: there are few rows, and little to tell
FEWEST_ROWS = 50  # of each side: with fewer, the score says nothing


@one_thread
def two_sample_score(real: np.ndarray, generated: np.ndarray, seed: int = 0) -> float:
    """Return the ROC AUC of a classifier two-sample test (Lopez-Paz & Oquab 2017).

    Boosted trees are fitted on one half of both sets and judge the other half, and the other way round.

    Parameters
    ----------
    real, generated : numpy.ndarray
        Codes, shape ``(rows, tokens)``; of the longer one, as many rows are used as the other has.
    seed : int
        Seed of the halves.

    Returns
    -------
    float
        0.5 where no row can be told, 1 where all can; NaN with fewer than ``FEWEST_ROWS`` rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real, near, far = (rng.integers(0, size, (900, 3)) for size in (8, 8, 9))
    >>> abs(two_sample_score(real, near) - 0.5) < 0.05, two_sample_score(real, far) > 0.55
    (True, True)
    """
    rng = np.random.default_rng(seed)
    rows = min(len(real), len(generated))
    if rows < FEWEST_ROWS:
        return float("nan")
    codes = np.concatenate([rng.permutation(real)[:rows], rng.permutation(generated)[:rows]])
    is_real = np.arange(2 * rows) < rows
    half = rng.permuted(np.arange(2 * rows).reshape(2, rows) % 2, axis=1).ravel() == 1
    halves = half, ~half  # each with as many real as generated rows, give or take one
    aucs = []
    for learn in halves:
        trees = HistGradientBoostingClassifier(
            max_iter=TREES, max_leaf_nodes=LEAVES, early_stopping=False, random_state=0
        )
        trees.fit(codes[learn], is_real[learn])
        aucs.append(roc_auc_score(is_real[~learn], trees.decision_function(codes[~learn])))
    return float(np.mean(aucs))
