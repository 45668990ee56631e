"""Real, held-out and synthetic rows to how near the synthetic ones come to those that were learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

from tabgen.evaluation.features import places
from tabgen.evaluation.scores import FEWEST_ROWS, MOST_ROWS, NAN, Score, around, roc_auc, share_interval

MOST_QUERIES = 5_000  # of each table that neighbours are looked for
DIGITS = 5  # of distances: equal rows are at distance 0, give or take


@dataclass(frozen=True)
class Distances:
    """Distances between nearest rows, see `tabgen.evaluation.features.places`.

    Attributes
    ----------
    to_real, to_holdout : numpy.ndarray of float
        Distance of each sampled synthetic row to the nearest of a number of real rows, and to the
        nearest of as many held-out ones, shape ``(synthetic rows,)``.
    holdout_to_real : numpy.ndarray of float
        Distance of each sampled held-out row to the nearest of those real rows.
    """

    to_real: np.ndarray
    to_holdout: np.ndarray
    holdout_to_real: np.ndarray


def disclosure_scores(
    real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None, seed: int
) -> tuple[Distances | None, list[Score]]:
    """Score how much the synthetic rows tell of those that were learned from.

    dcr_share    share of synthetic rows nearer to a real row than to any of as many held-out rows; ties
                 count half. .5 where nothing was copied
    nndr         mean ratio of a synthetic row's distances to the nearest and the second nearest real row:
                 low where rows hug one real row each
    copies       share of synthetic rows that equal a real one in all modelled columns
    membership   ROC AUC of telling real from held-out rows by the distance to the nearest synthetic row
                 (Chen et al. 2020); .5 where nobody can be told to have been learned from

    The floors are those of one half of the held-out rows in the place of the synthetic ones, the other
    half being held out. Without held-out rows, ``dcr_share`` and ``membership`` cannot be known, and
    the floors of the others are those of the real rows among themselves.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tidy frames with the same columns.
    holdout : pandas.DataFrame or None
        Real rows of the same form that were not learned from.
    seed : int
        Seed of the rows that are used: neighbours of ``MOST_QUERIES`` rows of each table among
        ``MOST_ROWS`` at most; copies are looked for among all.

    Returns
    -------
    Distances or None
        None without held-out rows, or with fewer than ``FEWEST_ROWS`` rows in a table.
    list of Score
    """
    if holdout is None:
        distances, found = None, {"nndr": _ratio_alone(real, synthetic, seed)}
        lowest = {"nndr": _ratio_alone(real, None, seed)[0], "copies": _repeated(real)}
    else:
        distances, found = _against(real, synthetic, holdout, seed)
        order = np.random.default_rng(seed).permutation(len(holdout))
        lower = _against(real, holdout.iloc[order[::2]], holdout.iloc[order[1::2]], seed)[1]
        lowest = {name: figures[0] for name, figures in lower.items()}
        lowest["copies"] = copies(real, holdout)
    share = copies(real, synthetic)
    found["copies"] = (share, *share_interval(share, len(synthetic)))
    ideals = {"dcr_share": 0.5, "nndr": NAN, "copies": NAN, "membership": 0.5}
    return distances, [
        Score("disclosure", name, *found.get(name, (NAN, NAN, NAN)), lowest.get(name, NAN), ideal)
        for name, ideal in ideals.items()
    ]


def copies(real: pd.DataFrame, other: pd.DataFrame) -> float:
    """Return the share of rows that equal a row of the real table, NaN for no rows or columns.

    >>> real = pd.DataFrame({"x": [1.0, 2.0]})
    >>> copies(real, pd.DataFrame({"x": [2.0, 3.0, 2.0, 4.0]}))
    0.5
    """
    if not real.shape[1]:
        return NAN
    known, rows = (pd.util.hash_pandas_object(frame, index=False) for frame in (real, other))
    return float(rows.isin(known).mean())


def _repeated(real: pd.DataFrame) -> float:
    """Return the share of rows that equal another row of the same table."""
    if not real.shape[1]:
        return NAN
    return float(pd.util.hash_pandas_object(real, index=False).duplicated(keep=False).mean())


def _against(
    real: pd.DataFrame, other: pd.DataFrame, holdout: pd.DataFrame, seed: int
) -> tuple[Distances | None, dict[str, tuple[float, float, float]]]:
    """Return the distances and the scores, each with its interval, that need held-out rows."""
    rows = min(len(real), len(holdout), MOST_ROWS)
    if min(rows, len(other)) < FEWEST_ROWS or not real.shape[1]:
        return None, {}
    sizes = ((real, rows), (holdout, rows), (other, min(len(other), MOST_ROWS)))
    rng = np.random.default_rng(seed)
    drawn = [frame.sample(size, random_state=rng) for frame, size in sizes]
    near, far, own = places(real, *drawn)
    some = slice(MOST_QUERIES)
    (to_real, real_row), (to_holdout, held_row) = (_nearest(side, own[some]) for side in (near, far))
    first, other_first = to_real[:, 0], to_holdout[:, 0]
    nearer = np.where(first == other_first, 0.5, first < other_first)
    share = float(nearer.mean())
    # rows that share their nearest row are nearer to it together: they count as one (Kish 1965)
    closest = np.where(first <= other_first, real_row[:, 0], -1 - held_row[:, 0])
    together = np.unique(closest, return_counts=True)[1]
    asked = np.concatenate([near[some], far[some]])
    member = np.arange(len(asked)) < len(asked) // 2
    area, error = roc_auc(member, -_nearest(own, asked)[0][:, 0])
    distances = Distances(first, other_first, _nearest(near, far[some])[0][:, 0])
    return distances, {
        "dcr_share": (share, *share_interval(share, len(nearer) ** 2 / (together**2).sum())),
        "nndr": _ratio(to_real),
        "membership": (area, *around(area, error, (0, 1))),
    }


def _ratio_alone(real: pd.DataFrame, other: pd.DataFrame | None, seed: int) -> tuple[float, float, float]:
    """Return the ratio of real neighbours of other rows; of the real rows themselves where there are none."""
    rng = np.random.default_rng(seed)
    near = real.sample(min(len(real), MOST_ROWS), random_state=rng)
    queries = near if other is None else other
    some = queries.sample(min(len(queries), MOST_QUERIES), random_state=rng)
    if min(len(near), len(some)) < FEWEST_ROWS or not real.shape[1]:
        return NAN, NAN, NAN
    placed, asked = places(real, near, some)
    if other is None:  # the nearest one is the row itself
        return _ratio(_nearest(placed, asked, 3)[0][:, 1:])
    return _ratio(_nearest(placed, asked)[0])


def _ratio(distances: np.ndarray) -> tuple[float, float, float]:
    first, second = distances.T
    ratio = np.divide(first, second, out=np.ones_like(first), where=second > 0)
    mean, error = float(ratio.mean()), float(ratio.std(ddof=1) / len(ratio) ** 0.5)
    return mean, *around(mean, error, (0, 1))


def _nearest(known: np.ndarray, asked: np.ndarray, count: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return the distances of each row to the nearest known ones, and which they are: ``(rows, count)``."""
    distances, rows = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(known).kneighbors(asked)
    return distances.round(DIGITS), rows
