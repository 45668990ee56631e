"""The columns of a tidy frame to those that together name its rows, such as shop and day, if any do."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import entropy

LOOKED_AT = 50_000  # rows
CANDIDATES = 12  # most balanced columns that are tried
MOST_DISTINCT = 0.25  # distinct values a row, above which a column names rows on its own
MOST_REPEATED = 0.001  # share of rows that may repeat others
EXPECTED = 100  # repeated rows that chance must have made ...
SURPRISE = 50  # ... and how many times more than there are


def composite_key(tidy: pd.DataFrame) -> tuple[Hashable, ...]:
    """Return columns whose values together repeat far less often than chance would have it.

    The hours of some years, the shops of a chain by day, the visits of patients: such columns were not
    observed but laid out, independently of each other, and all else follows from them.

    Parameters
    ----------
    tidy : pandas.DataFrame
        Columns of dtype float64, ``category`` or ``datetime64``.

    Returns
    -------
    tuple of Hashable
        Names of two or more columns, or of none.

    Examples
    --------
    >>> days = pd.MultiIndex.from_product([range(20), range(30)], names=["shop", "day"]).to_frame(index=False)
    >>> sales = np.random.default_rng(0).integers(0, 9, len(days))
    >>> composite_key(days.astype(float).assign(sales=sales.astype(float)))
    ('shop', 'day')
    """
    seen = tidy.sample(min(len(tidy), LOOKED_AT), random_state=0)
    numbers, balance, chance = {}, {}, {}
    for name in seen:
        codes, values = pd.factorize(seen[name])
        if 1 < len(values) <= MOST_DISTINCT * len(seen) and (codes >= 0).all():
            shares = np.bincount(codes) / len(codes)
            numbers[name], balance[name] = codes, entropy(shares) / np.log(len(values))
            chance[name] = float(np.square(shares).sum())  # that two rows agree
    key = sorted(numbers, key=balance.__getitem__)[-CANDIDATES:]
    if not key or _repeated(numbers, key) > MOST_REPEATED * len(seen):
        return ()
    for name in tuple(key):  # what was laid out is balanced: it stays
        rest = [other for other in key if other != name]
        if rest and _repeated(numbers, rest) <= MOST_REPEATED * len(seen):
            key = rest
    expected = len(seen) ** 2 / 2 * np.prod([chance[name] for name in key])
    surprising = expected >= max(EXPECTED, SURPRISE * _repeated(numbers, key))
    return tuple(name for name in tidy if name in key) if len(key) > 1 and surprising else ()


def _repeated(numbers: dict[Hashable, np.ndarray], names: Sequence[Hashable]) -> int:
    """Return how many rows agree with one before them in all columns named."""
    together = pd.DataFrame({place: numbers[name] for place, name in enumerate(names)})
    return int(together.duplicated().sum())
