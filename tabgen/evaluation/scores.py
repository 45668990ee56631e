"""Figures of samples to `Score`s: each with a 95 % interval beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm, rankdata

Z = float(norm.ppf(0.975))
NAN = float("nan")
MOST_ROWS = 10_000  # of each table, for scores that cannot take all
FEWEST_ROWS = 50  # of each table: with fewer, such a score says nothing


@dataclass(frozen=True)
class Score:
    """One figure on a table, and what is needed to read it.

    Attributes
    ----------
    family : str
        ``"fidelity"``, ``"utility"`` or ``"disclosure"``.
    name : str
        Stable name, in snake case.
    value : float
        The figure; NaN where there are too few rows for it.
    low, high : float
        95 % interval of the value over draws of rows; NaN where it has none.
    floor : float
        The same figure of held-out real rows: nearer to the ideal than that, chance decides.
    ideal : float
        The value of two tables of one law with rows without end; NaN where it hangs on the law.
    """

    family: str
    name: str
    value: float
    low: float = NAN
    high: float = NAN
    floor: float = NAN
    ideal: float = NAN


def around(
    value: float, error: float, bounds: tuple[float, float] = (-np.inf, np.inf)
) -> tuple[float, float]:
    """Return the 95 % interval of a figure with a standard error, within what it can be.

    >>> low, high = around(0.9, 0.1, (0, 1))
    >>> round(low, 3), high
    (0.704, 1)
    """
    return max(value - Z * error, bounds[0]), min(value + Z * error, bounds[1])


def share_interval(share: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of ``count`` independent rows (Wilson 1927).

    The count need not be whole, nor need the share be of whole rows: ties may count half.

    >>> low, high = share_interval(0.5, 100)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.596)
    """
    if count == 0:
        return NAN, NAN
    middle = (share + Z**2 / (2 * count)) / (1 + Z**2 / count)
    spread = Z / (1 + Z**2 / count) * (share * (1 - share) / count + Z**2 / (4 * count**2)) ** 0.5
    return float(max(middle - spread, 0)), float(min(middle + spread, 1))


def roc_auc(positive: np.ndarray, marks: np.ndarray) -> tuple[float, float]:
    """Return the area under the ROC curve and its standard error (DeLong et al. 1988).

    Parameters
    ----------
    positive : numpy.ndarray of bool
        Which rows are of the class to find, shape ``(rows,)``; both classes must occur.
    marks : numpy.ndarray of float
        Higher for rows that are taken to be of that class.

    Examples
    --------
    >>> area, error = roc_auc(np.array([False, True, False, True]), np.array([0.1, 0.4, 0.4, 0.8]))
    >>> area, round(error, 3)
    (0.875, 0.177)
    """
    high, low = marks[positive], marks[~positive]
    ranks = rankdata(np.r_[high, low])
    beaten = (ranks[: len(high)] - rankdata(high)) / len(low)  # share of the others below each
    kept = 1 - (ranks[len(high) :] - rankdata(low)) / len(high)
    spread = sum(part.var(ddof=1) / len(part) if len(part) > 1 else 0.25 for part in (beaten, kept))
    return float(beaten.mean()), float(spread**0.5)


def bootstrap_errors(
    statistic: Callable[..., np.ndarray], rows: tuple[int, ...], replicates: int, seed: int
) -> np.ndarray:
    """Return the standard error of each figure that a statistic gives (Efron 1979).

    Percentiles of the replicates would not do as an interval: a distance of two draws grows with
    the noise that drawing again adds, and its spread does not.

    Parameters
    ----------
    statistic : callable
        Row numbers of each table, one array a table, to an array of figures.
    rows : tuple of int
        Rows of each table.
    replicates : int
        How often to draw.
    seed : int
        Seed of the draws.
    """
    rng = np.random.default_rng(seed)
    drawn = [statistic(*(rng.integers(0, n, n) for n in rows)) for _ in range(replicates)]
    return np.std(drawn, axis=0, ddof=1)
