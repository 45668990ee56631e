"""Real and synthetic places in one space to alpha-precision and beta-recall (Alaa et al. 2022).

A. Alaa, B. van Breugel, E. Saveliev, M. van der Schaar: How Faithful is your Synthetic Data? Sample-level
Metrics for Evaluating and Auditing Generative Models, ICML 2022, sections 3 to 5. The paper learns its
space with a one-class network; here it is given, and its centre is the mean.
"""

from __future__ import annotations

import numpy as np
from sklearn.neighbors import NearestNeighbors

from tabgen.evaluation.scores import bootstrap_errors

NEIGHBOURS = 5  # a real row is covered by a synthetic one that is nearer than its fifth real neighbour
GRID = (np.arange(100) + 0.5) / 100  # of alpha and beta
REPLICATES = 50


def alpha_precision(real: np.ndarray, synthetic: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return how well synthetic rows keep to where real rows are, and its standard error.

    The alpha-support of the real rows is the ball about their mean that holds a share alpha of them.
    P(alpha) is the share of synthetic rows in it, and the score one less twice the area between P and
    the diagonal: 1 where both agree for all alpha, 0 where all synthetic rows are outliers, or all sit
    in the centre.

    Parameters
    ----------
    real, synthetic : numpy.ndarray
        Rows, shape ``(rows, axes)``.
    seed : int
        Seed of the bootstrap.

    Examples
    --------
    >>> real, other = np.random.default_rng(0).normal(size=(2, 2_000, 4))
    >>> alpha_precision(real, other)[0] > 0.95, alpha_precision(real, other + 9)[0] < 0.01
    (True, True)
    """
    centre = real.mean(axis=0)
    own, far = (np.linalg.norm(side - centre, axis=1) for side in (real, synthetic))

    def score(i: np.ndarray, j: np.ndarray) -> np.ndarray:
        radii = np.quantile(own[i], GRID)
        return _integrated(np.searchsorted(np.sort(far[j]), radii, side="right") / len(j))

    value = score(np.arange(len(own)), np.arange(len(far)))
    return float(value), float(bootstrap_errors(score, (len(own), len(far)), REPLICATES, seed))


def beta_recall(real: np.ndarray, synthetic: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Return how much of where real rows are is covered by synthetic ones, and its standard error.

    A real row is covered if the synthetic row nearest to it is nearer than its ``NEIGHBOURS``-th real
    neighbour. The beta-support of the synthetic rows is the ball about their mean that holds a share
    beta of them; R(beta) is the share of real rows that are covered from within it, and the score one
    less twice the area between R and the diagonal. For rows of one law, R(1) is about
    1 - 2 ** -NEIGHBOURS.

    Parameters
    ----------
    real, synthetic : numpy.ndarray
        Rows, shape ``(rows, axes)``; at least ``NEIGHBOURS + 1`` real ones.
    seed : int
        Seed of the bootstrap over real rows.

    Examples
    --------
    >>> real, other = np.random.default_rng(0).normal(size=(2, 2_000, 2))
    >>> beta_recall(real, other)[0] > 0.9, beta_recall(real, other / 9)[0] < 0.3
    (True, True)
    """
    neighbours = NearestNeighbors(n_neighbors=NEIGHBOURS, algorithm="brute")
    radius = neighbours.fit(real).kneighbors()[0][:, -1] + 1e-6  # equal rows are at distance 0, give or take
    distance, nearest = neighbours.fit(synthetic).kneighbors(real, n_neighbors=1)
    out = np.linalg.norm(synthetic - synthetic.mean(axis=0), axis=1)
    least = np.searchsorted(np.sort(out), out, side="right") / len(out)  # the least beta with each row
    covered = np.where(distance[:, 0] <= radius, least[nearest[:, 0]], np.inf)

    def score(i: np.ndarray) -> np.ndarray:
        return _integrated(np.searchsorted(np.sort(covered[i]), GRID, side="right") / len(i))

    value = score(np.arange(len(covered)))
    return float(value), float(bootstrap_errors(score, (len(covered),), REPLICATES, seed))


def _integrated(shares: np.ndarray) -> np.ndarray:
    return 1 - 2 * np.abs(shares - GRID).mean()
