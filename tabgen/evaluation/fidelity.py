"""Two tidy frames to how alike their columns and their pairs of columns are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp, wasserstein_distance

from tabgen.evaluation.features import number
from tabgen.evaluation.scores import MOST_ROWS, Score, around, bootstrap_errors

BINS = 10  # quantile bins of a number in a pair of columns
LEVELS = 50  # levels beyond the most frequent ones count as one in a pair of columns
ROWS_AT_ONCE = 100_000
REPLICATES = 20
MEANS = ("shape", "missing", "trend", "correlation", "association", "nmi")


def fidelity_scores(
    real: pd.DataFrame, synthetic: pd.DataFrame, control: tuple[pd.DataFrame, pd.DataFrame], seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, list[Score]]:
    """Return the scores of columns, those of pairs, and the means over both.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tidy frames with the same columns.
    control : tuple of pandas.DataFrame
        Two frames of real rows, whose scores are the floors.
    seed : int
        Seed of the bootstrap, which draws from up to ``MOST_ROWS`` rows of each table; its
        standard errors are then brought to the rows of the whole tables.
    """
    columns, pairs = column_scores(real, synthetic), pair_scores(real, synthetic)
    lower_columns, lower_pairs = column_scores(*control), pair_scores(*control)
    values, floors = means(columns, pairs), means(lower_columns, lower_pairs)
    errors = np.full(len(MEANS), np.nan)
    if len(real) and len(synthetic):
        few = [_some(frame, seed) for frame in (real, synthetic)]

        def again(*rows: np.ndarray) -> np.ndarray:
            drawn = [frame.iloc[chosen] for frame, chosen in zip(few, rows, strict=True)]
            return means(column_scores(*drawn), pair_scores(*drawn))

        sizes = len(few[0]), len(few[1])
        scale = ((1 / len(real) + 1 / len(synthetic)) / (1 / sizes[0] + 1 / sizes[1])) ** 0.5
        errors = scale * bootstrap_errors(again, sizes, REPLICATES, seed)
    columns.insert(2, "floor", lower_columns["distance"])
    columns["wasserstein"] = [_wasserstein(real[name], synthetic[name]) for name in real]
    pairs.insert(3, "floor", lower_pairs["distance"])
    scores = [
        Score("fidelity", name, value, *around(value, error, (0, 1)), floor, 0.0)
        for name, value, error, floor in zip(MEANS, values, errors, floors, strict=True)
    ]
    return columns, pairs, scores


def _some(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    return frame.sample(min(len(frame), MOST_ROWS), random_state=seed)


def means(columns: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """Return the figures of ``MEANS``, NaN where there is nothing to take the mean of.

    In the order of ``MEANS``: mean distance of columns; mean difference of missing shares; mean distance
    of pairs; mean difference of Spearman correlations, of associations, and of normalised mutual
    information, each pair weighing as much as the larger of its two, for most pairs of columns know
    nothing of each other and would hide the others.
    """
    gaps = {
        measure: (pairs[f"real_{measure}"] - pairs[f"synthetic_{measure}"]).abs()
        for measure in ("correlation", "association", "information")
    }
    weights = pairs[["real_information", "synthetic_information"]].max(axis=1)
    total = weights.sum()
    return np.array(
        [
            columns["distance"].mean(),
            (columns["missing_real"] - columns["missing_synthetic"]).abs().mean(),
            pairs["distance"].mean(),
            gaps["correlation"].mean(),
            gaps["association"].mean(),
            (gaps["information"] * weights).sum() / total if total else gaps["information"].mean(),
        ]
    )


def column_scores(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.DataFrame:
    """Return the distance and the missing shares of each column.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tidy frames with the same columns.

    Returns
    -------
    pandas.DataFrame
        ``column``, ``distance``, ``missing_real``, ``missing_synthetic``.
    """
    rows = [
        (
            name,
            column_distance(real[name], synthetic[name]),
            real[name].isna().mean(),
            synthetic[name].isna().mean(),
        )
        for name in real
    ]
    shares = ["distance", "missing_real", "missing_synthetic"]
    return pd.DataFrame(rows, columns=["column", *shares]).astype(dict.fromkeys(shares, float))


def column_distance(real: pd.Series, synthetic: pd.Series) -> float:
    """Return the distance of one column: 0 for equal distributions, 1 for none in common, NaN for no rows.

    Kolmogorov-Smirnov for numbers and moments, total variation for levels; where the shares of
    missing values differ more than the values do, their difference.
    """
    missing = abs(float(real.isna().mean() - synthetic.isna().mean()))
    a, b = real.dropna(), synthetic.dropna()
    if a.empty or b.empty:
        return missing
    if isinstance(real.dtype, pd.CategoricalDtype):
        shares = a.value_counts(normalize=True).sub(b.value_counts(normalize=True), fill_value=0)
        return max(missing, float(shares.abs().sum() / 2))
    return max(missing, float(ks_2samp(number(a), number(b), method="asymp").statistic))


def _wasserstein(real: pd.Series, synthetic: pd.Series) -> float:
    """Return the Wasserstein-1 distance in standard deviations of the real column, NaN for levels."""
    if isinstance(real.dtype, pd.CategoricalDtype):
        return float("nan")
    a, b = number(real.dropna()), number(synthetic.dropna())
    spread = a.std() if len(a) else 0.0
    return float(wasserstein_distance(a, b) / spread) if spread and len(b) else float("nan")


def pair_scores(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.DataFrame:
    """Return the total variation distance of each pair of columns, and how either table ties them.

    Numbers and moments are cut at the deciles of the real table, so both tables share their cells; a
    missing value is a cell of its own.

    Returns
    -------
    pandas.DataFrame
        ``first``, ``second``, ``distance``, and of both tables, ``real_`` and ``synthetic_``:
        ``association`` (Cramer's V, bias-corrected, Bergsma 2013), ``information`` (mutual
        information over the mean of both entropies) and ``correlation`` (Spearman's, of the rows with
        both values, by the ranks in the whole column; NaN where a column has no order).
    """
    pairs = pd.DataFrame(list(combinations(real, 2)), columns=["first", "second"], dtype=object)
    above = np.triu_indices(real.shape[1], k=1)
    if not len(pairs) or real.empty or synthetic.empty:
        figures = dict.fromkeys(("distance", *_TIES), np.full(len(pairs), np.nan))
        return pairs.assign(**figures)
    cells = [_cells(real[name], synthetic[name]) for name in real]
    widths = [1 + max(a.max(), b.max()) for a, b in cells]
    starts = np.cumsum([0, *widths[:-1]])
    shares = [_joint_shares(np.column_stack(side), starts, sum(widths)) for side in zip(*cells, strict=True)]
    pairs["distance"] = _blocks(np.abs(shares[0] - shares[1]), starts)[above] / 2
    for table, frame, joint in zip(("real", "synthetic"), (real, synthetic), shares, strict=True):
        association, information = _ties(joint, starts, len(frame))
        pairs[f"{table}_association"] = association[above]
        pairs[f"{table}_information"] = information[above]
        pairs[f"{table}_correlation"] = _correlation(frame)[above]
    return pairs[["first", "second", "distance", *_TIES]]


_TIES = tuple(
    f"{table}_{measure}"
    for measure in ("association", "information", "correlation")
    for table in ("real", "synthetic")
)


def _cells(real: pd.Series, synthetic: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each value in both tables; missing values are cell 0."""
    if isinstance(real.dtype, pd.CategoricalDtype):
        frequent = real.value_counts().index[:LEVELS]
        a, b = (pd.Index(frequent).get_indexer(column) + 2 for column in (real, synthetic))
    else:
        present = number(real.dropna())
        cuts = np.linspace(0, 1, BINS + 1)
        edges = np.unique(np.quantile(present, cuts))[1:-1] if len(present) else present
        a, b = (np.searchsorted(edges, number(column), side="right") + 1 for column in (real, synthetic))
    a[real.isna().to_numpy()] = 0
    b[synthetic.isna().to_numpy()] = 0
    return a.astype(np.int64), b.astype(np.int64)


def _joint_shares(cells: np.ndarray, starts: np.ndarray, total: int) -> np.ndarray:
    """Return the share of rows in each pair of cells, shape ``(total, total)``.

    Cells of all columns are counted on, those of column j from ``starts[j]``; the block of columns j
    and k is filled for j <= k.
    """
    counts = np.zeros((total, total))
    ends = [*starts[1:], total]
    for row in range(0, len(cells), ROWS_AT_ONCE):
        part = cells[row : row + ROWS_AT_ONCE]
        placed = part + starts
        for j, (start, end) in enumerate(zip(starts, ends, strict=True)):
            both = part[:, j, None] * total + placed[:, j:]
            block = np.bincount(both.ravel(), minlength=(end - start) * total)
            counts[start:end] += block.reshape(end - start, total)
    return counts / len(cells)


def _blocks(matrix: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the sum of each block of a matrix, shape ``(columns, columns)``."""
    return np.add.reduceat(np.add.reduceat(matrix, starts, axis=0), starts, axis=1)


def _ties(joint: np.ndarray, starts: np.ndarray, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Cramer's V and the normalised mutual information of each pair of columns."""
    share = np.diag(joint)
    expected = np.outer(share, share)
    possible = expected > 0
    squares = np.divide((joint - expected) ** 2, expected, out=np.zeros_like(joint), where=possible)
    levels = np.add.reduceat(share > 0, starts, dtype=float)
    freedom = np.outer(levels - 1, levels - 1) / max(rows - 1, 1)
    excess = np.maximum(_blocks(squares, starts) - freedom, 0)
    corrected = levels - (levels - 1) ** 2 / max(rows - 1, 1)
    most = np.minimum.outer(corrected, corrected) - 1
    association = np.sqrt(np.divide(excess, most, out=np.zeros_like(excess), where=most > 0)).clip(0, 1)

    ratio = np.divide(joint, expected, out=np.ones_like(joint), where=(joint > 0) & possible)
    mutual = _blocks(joint * np.log(ratio), starts)
    entropy = -np.add.reduceat(share * np.log(np.where(share > 0, share, 1)), starts)
    mean = np.add.outer(entropy, entropy) / 2
    information = np.divide(mutual, mean, out=np.zeros_like(mean), where=mean > 0).clip(0, 1)
    return association, information


def _correlation(frame: pd.DataFrame) -> np.ndarray:
    """Return the correlation of ranks of each pair of columns with an order, NaN for the rest."""
    ordered = {
        place: number(frame.iloc[:, place])
        for place, dtype in enumerate(frame.dtypes)
        if not isinstance(dtype, pd.CategoricalDtype) or dtype.ordered or len(dtype.categories) == 2
    }
    ranks = pd.DataFrame(ordered).rank()
    return ranks.corr().reindex(index=range(frame.shape[1]), columns=range(frame.shape[1])).to_numpy()
