"""Chunks of a table to one `ColumnProfile` a column: rows, missing values, the values and their counts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from tabgen.errors import TableError

MAX_DISTINCT = 1_000_000  # beyond, a uniform sample of the distinct values is kept


@dataclass(frozen=True)
class ColumnProfile:
    """What one pass over a column tells; profiles of chunks merge into that of the whole.

    Attributes
    ----------
    name : Hashable
        The column's label.
    dtype : Any
        Its pandas dtype.
    rows, missing : int
        Number of rows, and of missing values among them.
    counts : pandas.Series
        How often each value occurs, indexed by value, in order of first appearance.
    complete : bool
        Whether ``counts`` holds every value; else those with the smallest hashes.
    """

    name: Hashable
    dtype: Any
    rows: int
    missing: int
    counts: pd.Series
    complete: bool = True

    @property
    def present(self) -> int:
        """Number of values that are not missing."""
        return self.rows - self.missing

    @property
    def distinct(self) -> int:
        """Number of different values kept."""
        return len(self.counts)

    @property
    def values(self) -> list[Any]:
        """The different values, in order of first appearance."""
        return list(self.counts.index)

    def merge(self, other: ColumnProfile) -> ColumnProfile:
        """Return the profile of both chunks together."""
        counts = pd.concat([self.counts, other.counts])
        counts = counts.groupby(level=0, sort=False, observed=True).sum()
        complete = self.complete and other.complete
        kept, all_kept = _limit(counts)
        return ColumnProfile(
            self.name,
            self.dtype,
            self.rows + other.rows,
            self.missing + other.missing,
            kept,
            complete and all_kept,
        )


def profile_column(column: pd.Series) -> ColumnProfile:
    """Profile one chunk of a column.

    Parameters
    ----------
    column : pandas.Series
        Any dtype whose values can be hashed.

    Returns
    -------
    ColumnProfile

    Raises
    ------
    TableError
        If a value cannot be hashed (a list, a dictionary) or a number is infinite.

    Examples
    --------
    >>> profile = profile_column(pd.Series(["a", None, "b", "a"], name="grade"))
    >>> profile.rows, profile.missing, profile.counts.to_dict()
    (4, 1, {'a': 2, 'b': 1})
    """
    present = column[column.notna()]
    try:
        counts = present.value_counts(sort=False)
    except TypeError as error:
        value = next((v for v in present if not isinstance(v, Hashable)), present.iloc[0])
        raise TableError(
            f"Column {column.name!r} holds a {type(value).__name__} ({value!r:.40}). "
            "Convert it to text or numbers, or drop the column."
        ) from error
    if counts.dtype.kind == "i" and pd.api.types.is_float_dtype(column.dtype):
        infinite = np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan))
        if infinite.any():
            raise TableError(
                f"Column {column.name!r} holds an infinite number at row {int(infinite.argmax())}. "
                "Replace it by a number or a missing value."
            )
    if isinstance(column.dtype, pd.CategoricalDtype):
        counts.index = counts.index.astype(column.dtype.categories.dtype)
    kept, complete = _limit(counts[counts > 0])
    return ColumnProfile(column.name, column.dtype, len(column), len(column) - len(present), kept, complete)


def profile(chunks: Iterable[pd.DataFrame]) -> list[ColumnProfile]:
    """Profile a table that comes in chunks.

    Parameters
    ----------
    chunks : iterable of pandas.DataFrame
        Parts of one table.

    Returns
    -------
    list of ColumnProfile
        In the order of the columns.

    Raises
    ------
    TableError
        If there are no rows or columns, or two columns of one name.
    """
    profiles: list[ColumnProfile] = []
    for chunk in chunks:
        check_frame(chunk)
        parts = [profile_column(chunk[name]) for name in chunk.columns]
        if profiles and len(parts) != len(profiles):
            raise TableError(
                f"A chunk has {len(parts)} columns where the first had {len(profiles)}. "
                "All chunks need the same columns."
            )
        pairs = zip(profiles, parts, strict=True)
        profiles = [whole.merge(part) for whole, part in pairs] if profiles else parts
    if not profiles or profiles[0].rows == 0:
        raise TableError("The table has no rows. Give at least one row to learn from.")
    return profiles


def check_frame(frame: pd.DataFrame) -> None:
    """Refuse a frame without columns or with two columns of one name.

    Raises
    ------
    TableError
        Saying what is wrong.
    """
    if frame.columns.empty:
        raise TableError("The table has no columns. Give at least one column to learn from.")
    if not frame.columns.is_unique:
        name = frame.columns[frame.columns.duplicated()][0]
        raise TableError(f"Two columns are named {name!r}. Rename one of them.")


def _limit(counts: pd.Series) -> tuple[pd.Series, bool]:
    """Keep the values with the smallest hashes: a uniform sample that does not depend on chunks."""
    if len(counts) <= MAX_DISTINCT:
        return counts, True
    hashes = pd.util.hash_array(counts.index.to_numpy(dtype=object))
    kept = np.sort(np.argpartition(hashes, MAX_DISTINCT)[:MAX_DISTINCT])
    return counts.iloc[kept], False
