"""Two tidy frames to distances between their columns and between their pairs of columns."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

BINS = 10  # quantile bins of a number in a pair of columns
LEVELS = 50  # levels beyond the most frequent ones count as one in a pair of columns


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
    return max(missing, float(ks_2samp(_number(a), _number(b), method="asymp").statistic))


def pair_scores(real: pd.DataFrame, synthetic: pd.DataFrame) -> pd.DataFrame:
    """Return the total variation distance of each pair of columns.

    Numbers and moments are cut at the deciles of the real table, so both tables share their cells.

    Returns
    -------
    pandas.DataFrame
        ``first``, ``second``, ``distance``.
    """
    cells = {name: _cells(real[name], synthetic[name]) for name in real}
    rows = []
    for first, second in combinations(real, 2):
        if real.empty or synthetic.empty:
            rows.append((first, second, np.nan))
            continue
        width = max(cells[second][0].max(), cells[second][1].max()) + 1
        shares = [
            np.bincount(a * width + b, minlength=(a.max() + 1) * width) / len(a)
            for a, b in zip(cells[first], cells[second], strict=True)
        ]
        size = max(map(len, shares))
        gap = np.pad(shares[0], (0, size - len(shares[0]))) - np.pad(shares[1], (0, size - len(shares[1])))
        rows.append((first, second, float(np.abs(gap).sum() / 2)))
    return pd.DataFrame(rows, columns=["first", "second", "distance"]).astype({"distance": float})


def _number(values: pd.Series) -> np.ndarray:
    if pd.api.types.is_datetime64_dtype(values.dtype):
        return values.to_numpy().astype(np.int64)
    return values.to_numpy(dtype=np.float64)


def _cells(real: pd.Series, synthetic: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each value in both tables; missing values are cell 0."""
    if isinstance(real.dtype, pd.CategoricalDtype):
        frequent = real.value_counts().index[:LEVELS]
        a, b = (pd.Index(frequent).get_indexer(column) + 2 for column in (real, synthetic))
    else:
        present = _number(real.dropna())
        cuts = np.linspace(0, 1, BINS + 1)
        edges = np.unique(np.quantile(present, cuts))[1:-1] if len(present) else present
        a, b = (np.searchsorted(edges, _number(column), side="right") + 1 for column in (real, synthetic))
    a[real.isna().to_numpy()] = 0
    b[synthetic.isna().to_numpy()] = 0
    return a.astype(np.int64), b.astype(np.int64)
