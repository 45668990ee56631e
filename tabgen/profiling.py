"""Chunks of a table to one `ColumnProfile` a column: rows, missing values, the values and their counts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

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
    nothing : str
        The object that most often stands for a missing value in an object column.
    """

    name: Hashable
    dtype: Any
    rows: int
    missing: int
    counts: pd.Series
    complete: bool = True
    nothing: str = "None"

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
        parts = [part.counts for part in (self, other) if part.distinct] or [self.counts]
        values = pd.concat([pd.Series(part.index, dtype=part.index.dtype) for part in parts])
        counts = _count(values, np.concatenate([part.to_numpy(dtype=np.int64) for part in parts]))
        complete = self.complete and other.complete
        kept, all_kept = _limit(counts)
        return ColumnProfile(
            self.name,
            self.dtype,
            self.rows + other.rows,
            self.missing + other.missing,
            kept,
            complete and all_kept,
            self.nothing if self.missing >= other.missing else other.nothing,
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
    _check_hashable(present)
    counts = _count(present.astype(_index_dtype(column.dtype)), np.ones(len(present)))
    infinite = _infinite(column)
    if infinite.any():
        raise TableError(
            f"Column {column.name!r} holds an infinite number at row {int(infinite.argmax())}. "
            "Replace it by a number or a missing value."
        )
    kept, complete = _limit(counts)
    missing = len(column) - len(present)
    return ColumnProfile(column.name, column.dtype, len(column), missing, kept, complete, _nothing(column))


def _nothing(column: pd.Series) -> str:
    """Return which object stands for most missing values among objects."""
    if column.dtype != np.dtype(object) or not column.isna().any():
        return "None"
    return str(column[column.isna()].map(str, na_action=None).mode().iloc[0])


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
        names = [whole.name for whole in profiles]
        if profiles and list(chunk.columns) != names:
            raise TableError(
                f"A chunk has the columns {list(chunk.columns)} where the first had {names}. "
                "All chunks need the same columns."
            )
        pairs = zip(profiles, parts, strict=True)
        profiles = [whole.merge(part) for whole, part in pairs] if profiles else parts
    if not profiles or profiles[0].rows == 0:
        raise TableError("The table has no rows. Give at least one row to learn from.")
    return profiles


def need_frame(table: Any) -> pd.DataFrame:
    """Return a table if it is a frame.

    Raises
    ------
    TableError
        If it is anything else, such as a path.
    """
    if not isinstance(table, pd.DataFrame):
        raise TableError(
            f"The table is a {type(table).__name__}, where a DataFrame is needed. Read a file with pandas."
        )
    return table


def check_frame(frame: pd.DataFrame) -> None:
    """Refuse what is no frame, one without columns or with two columns of one name.

    Raises
    ------
    TableError
        Saying what is wrong.
    """
    if need_frame(frame).columns.empty:
        raise TableError("The table has no columns. Give at least one column to learn from.")
    if not frame.columns.is_unique:
        name = frame.columns[frame.columns.duplicated()][0]
        raise TableError(f"Two columns are named {name!r}. Rename one of them.")


def _index_dtype(dtype: Any) -> Any:
    """Return the dtype that the values of a column have in an index."""
    if isinstance(dtype, pd.CategoricalDtype):
        return dtype.categories.dtype
    if isinstance(dtype, pd.SparseDtype):
        return dtype.subtype
    return np.dtype("float32") if dtype == np.dtype("float16") else dtype


def _count(values: pd.Series, weights: np.ndarray) -> pd.Series:
    """Return the total weight of each value, indexed by value; datetime objects are kept as they are."""
    array = values.to_numpy() if isinstance(values.dtype, np.dtype) else values.array
    codes, distinct = pd.factorize(array)
    sums = np.bincount(codes, weights, minlength=len(distinct)).astype(np.int64)
    return pd.Series(sums, pd.Index(distinct, dtype=distinct.dtype, tupleize_cols=False))


def _infinite(column: pd.Series) -> np.ndarray:
    """Return which values are infinite: floats, and floats and Decimals among objects."""
    if pd.api.types.is_float_dtype(column.dtype):
        return np.isinf(column.to_numpy(dtype=np.float64, na_value=np.nan))
    if column.dtype == np.dtype(object):
        return column.isin([np.inf, -np.inf]).to_numpy()
    return np.zeros(0, dtype=bool)


def _check_hashable(present: pd.Series) -> None:
    """Refuse values that cannot be told apart: lists, sets, dictionaries."""
    dtype = present.dtype
    nested = isinstance(dtype, pd.ArrowDtype) and pa.types.is_nested(dtype.pyarrow_dtype)
    if dtype != np.dtype(object) and not nested:
        return
    for value in present:
        try:
            hash(value)
        except TypeError as error:
            raise TableError(
                f"Column {present.name!r} holds a {type(value).__name__} ({value!r:.40}). "
                "Convert it to text or numbers, or drop the column."
            ) from error


def _limit(counts: pd.Series) -> tuple[pd.Series, bool]:
    """Keep the values with the smallest hashes: a uniform sample that does not depend on chunks."""
    if len(counts) <= MAX_DISTINCT:
        return counts, True
    hashes = pd.util.hash_array(counts.index.to_numpy(dtype=object))
    kept = np.sort(np.argpartition(hashes, MAX_DISTINCT)[:MAX_DISTINCT])
    return counts.iloc[kept], False
