"""Values of a column that no two rows may share: those given out before, and which new ones are fresh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


class Taken:
    """The values of a column that were given out before, of a table that is drawn part after part.

    Only a hash of each is held: 8 bytes. A new value with the hash of another is taken for it, and not used.

    Parameters
    ----------
    total : int
        Rows of the whole table.

    Examples
    --------
    >>> taken = Taken(4)
    >>> taken.note(["a", "b"])
    >>> taken.fresh(["b", "c"]).tolist(), len(taken)
    ([False, True], 2)
    """

    def __init__(self, total: int) -> None:
        self.total, self._rows = total, 0
        self._hashes = np.zeros(0, dtype=np.uint64)

    def __len__(self) -> int:
        """Return how many values were given out."""
        return self._rows

    def fresh(self, values: Sequence[Any] | np.ndarray) -> np.ndarray:
        """Return which values were not given out yet."""
        hashes = _hashed(values)
        places = np.searchsorted(self._hashes, hashes)
        found = places < len(self._hashes)
        found[found] = self._hashes[places[found]] == hashes[found]
        return ~found

    def note(self, values: Sequence[Any] | np.ndarray, *, hashed: bool = True) -> None:
        """Note values that are given out, or only how many they are."""
        self._rows += len(values)
        if hashed:
            self._hashes = np.sort(np.concatenate([self._hashes, _hashed(values)]), kind="stable")


def _hashed(values: Sequence[Any] | np.ndarray) -> np.ndarray:
    return pd.util.hash_array(np.array(list(map(str, values)), dtype=object), categorize=False)


@dataclass(frozen=True)
class Reserved:
    """Values of a column that were drawn before the rows that get them.

    Attributes
    ----------
    values : numpy.ndarray
        One value a row.
    """

    values: np.ndarray

    def draw(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """Return the first n values, from the first on again where there are fewer."""
        return np.resize(self.values, n)
