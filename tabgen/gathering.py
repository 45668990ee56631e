"""A table too big for memory, chunk after chunk, to a uniform part of its rows that shows all its levels.

Training looks at two million rows at most, however many there are: a part of that order, drawn evenly from
all rows, teaches a model as much as the whole, and needs no second copy on disk. What a part could miss is
looked for in every row: each level of a column, and rows that break a rule between columns.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tabgen.chunks import CHUNK_ROWS, MANY_CELLS, chunks_of
from tabgen.cleaning import clean
from tabgen.errors import TableError
from tabgen.schema import Schema
from tabgen.tables import STREAM, Dialect, read_table

Source: TypeAlias = "pd.DataFrame | str | os.PathLike[str] | Iterable[pd.DataFrame]"

MOST_LEVELS = 10_000  # values of a column, up to which each is looked for in all rows


@dataclass(frozen=True)
class Gathered:
    """A table in memory, or a uniform part of its rows.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows.
    dialect : Dialect or None
        Look of the file that they come from.
    rows : int
        Rows of the whole table.
    again : callable or None
        Yields all chunks once more, where the rows are a part only and can be read twice.
    over : callable
        Calls a function on each of these chunks: `map`, or the same on the workers of a cluster.
    """

    frame: pd.DataFrame
    dialect: Dialect | None
    rows: int
    again: Callable[[], Iterable[Any]] | None = None
    over: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]] = map

    @property
    def partial(self) -> bool:
        """Whether there are more rows than these."""
        return self.rows > len(self.frame)

    def second_look(self, schema: Schema) -> Callable[[Callable[[Any], Any]], Iterable[Any]] | None:
        """Return what calls a function on each chunk, a pair of it as it is and tidy; None without need."""
        if self.again is None:
            return None
        again = self.again
        return lambda ask: self.over(partial(_asked, ask, schema), again())


def gather_table(table: Source | Gathered, most_cells: int = MANY_CELLS) -> Gathered:
    """Return a table in memory: a frame, a file, a folder of files, frames one after the other, a query.

    Parameters
    ----------
    table : pandas.DataFrame, path, or iterable of pandas.DataFrame
        A frame is taken as it is. Of all others, a uniform part is kept where there are more cells.
    most_cells : int
        Cells to keep of what comes in chunks.

    Raises
    ------
    TableError
        If it is none of these, or chunks differ in their columns.

    Examples
    --------
    >>> chunks = [pd.DataFrame({"a": range(10), "b": "x"}) for _ in range(100)]
    >>> part = gather_table(chunks, most_cells=200)
    >>> part.rows, len(part.frame), part.partial
    (1000, 100, True)
    """
    if isinstance(table, Gathered):
        return table
    if isinstance(table, pd.DataFrame):
        return Gathered(table, None, len(table))
    if isinstance(table, (str, os.PathLike)):
        chunked = chunks_of(Path(table)) if os.fspath(table) != STREAM else None
        if chunked is None:
            whole = read_table(table)
            return Gathered(whole.frame, whole.dialect, len(whole.frame))
        return _part(chunked.read, chunked.dialect, most_cells)
    if type(table).__module__.startswith("dask"):
        raise TableError("The table is a Dask frame. Pass tabgen.distributed.gather_distributed(table).")
    if isinstance(table, (np.ndarray, pd.Series, Mapping)):
        kind = type(table).__name__
        raise TableError(f"The table is of type {kind}. Pass a frame: pandas.DataFrame(table) makes one.")
    if not isinstance(table, Iterable):
        raise TableError(f"The table is of type {type(table).__name__}. Pass a frame, a path or frames.")
    if iter(table) is table:  # it can be gone through once only
        return _part(lambda: table, None, most_cells, once=True)
    return _part(lambda: table, None, most_cells)


def _asked(ask: Callable[[Any], Any], schema: Schema, chunk: pd.DataFrame) -> Any:
    return ask((chunk, clean(chunk, schema, lenient=True)))


def _part(
    chunks: Callable[[], Iterable[Any]], dialect: Dialect | None, most_cells: int, once: bool = False
) -> Gathered:
    kept = Reservoir(most_cells)
    for chunk in chunks():
        if not isinstance(chunk, pd.DataFrame):
            raise TableError(
                f"The table is an iterable of {type(chunk).__name__}. Pass a frame, a path or frames."
            )
        kept.add(chunk)
    frame = kept.frame()
    return Gathered(frame, dialect, kept.rows, None if once or kept.rows == len(frame) else chunks)


class Reservoir:
    """A uniform sample of the rows of all chunks so far, and a row for each level that it lacks.

    A row is kept if a hash of its number is among the smallest, so that the sample does not depend on
    how the table is cut into chunks.

    Parameters
    ----------
    most_cells : int
        Cells to keep.
    start : int
        Number of the first row in the table, where others gather the rows before it.
    highest : int, optional
        Hash above which no row is in the sample, where it is known beforehand (`highest_hash`).
    """

    def __init__(self, most_cells: int, start: int = 0, highest: int | None = None) -> None:
        self.most_cells, self.rows = most_cells, 0
        self._start, self._highest = start, highest
        self._columns: list[Hashable] | None = None
        self._most = 0
        self._kept: list[pd.DataFrame] = []  # indexed by the number of the row in the table
        self._first: dict[Hashable, dict[Any, int]] = {}  # of each value, the first row that has it
        self._witnesses: list[pd.DataFrame] = []

    def add(self, chunk: pd.DataFrame) -> None:
        """Take in a chunk.

        Raises
        ------
        TableError
            If it has other columns than the first.
        """
        if self._columns is None:
            self._columns = list(chunk.columns)
            self._most = rows_of_cells(self.most_cells, len(self._columns))
            if chunk.columns.is_unique:
                self._first = {name: {} for name in self._columns}
        self._refuse_others(list(chunk.columns))
        first = self._start + self.rows
        chunk = chunk.set_axis(np.arange(first, first + len(chunk)))
        if chunk.columns.is_unique:
            chunk = chunk[self._columns]
        self.rows += len(chunk)
        self._note_levels(chunk)
        if self._highest is not None:
            chunk = chunk[_scrambled(chunk.index.to_numpy()) <= np.uint64(self._highest)]
        self._kept.append(chunk)
        if sum(map(len, self._kept)) > 2 * self._most + CHUNK_ROWS:
            self._shrink()

    @staticmethod
    def joined(parts: Sequence[Reservoir]) -> Reservoir:
        """Return one sample of the rows of several, each of which starts where the one before it ends.

        Raises
        ------
        TableError
            If they have other columns than the first.
        """
        whole = Reservoir(parts[0].most_cells, parts[0]._start, parts[0]._highest)
        whole._columns, whole._most = parts[0]._columns, parts[0]._most
        levels = {name: dict(first) for name, first in parts[0]._first.items()}
        for part in parts:
            whole._refuse_others(part._columns or [])
            whole.rows += part.rows
            whole._kept += part._kept
            whole._witnesses += part._witnesses
            levels = {n: {**part._first[n], **first} for n, first in levels.items() if n in part._first}
        whole._first = {name: first for name, first in levels.items() if len(first) <= MOST_LEVELS}
        needed = {row for first in whole._first.values() for row in first.values()}
        if whole._witnesses:
            witnesses = stacked(whole._witnesses)
            whole._witnesses = [witnesses[witnesses.index.isin(needed)]]
        if sum(map(len, whole._kept)) > 2 * whole._most:
            whole._shrink()
        return whole

    def frame(self) -> pd.DataFrame:
        """Return what was kept, in the order of the table, with a fresh index.

        Raises
        ------
        TableError
            If there was no chunk.
        """
        if not self._kept:
            raise TableError("The table is an iterable without a chunk. Pass a frame, a path or frames.")
        self._shrink()
        kept = self._kept[0]
        if self.rows > len(kept):
            lacking = set()
            for name, first in self._first.items():
                shown = set(kept[name].dropna().unique())
                lacking |= {row for value, row in first.items() if value not in shown}
            lacking -= set(kept.index)
            witnesses = stacked(self._witnesses)
            kept = stacked([kept, witnesses[witnesses.index.isin(lacking)]]).sort_index()
        return kept.reset_index(drop=True)

    def _refuse_others(self, columns: list[Hashable]) -> None:
        if set(columns) != set(self._columns or []):
            raise TableError(
                f"A chunk has the columns {columns} where the first had {self._columns}. "
                "All chunks need the same columns."
            )

    def _shrink(self) -> None:
        kept = stacked(self._kept)
        if len(kept) > self._most:
            keys = _scrambled(kept.index.to_numpy())
            self._highest = int(
                np.partition(keys, self._most - 1)[self._most - 1]
            )  # no later row above it stays
            kept = kept[keys <= self._highest]
        self._kept = [kept]

    def _note_levels(self, chunk: pd.DataFrame) -> None:
        """Keep the first row of each value of columns that have few."""
        new: set[int] = set()
        for name, first in list(self._first.items()):
            try:
                distinct = chunk[name].dropna().drop_duplicates()
                pairs = zip(distinct, distinct.index, strict=True)
                if len(distinct) <= MOST_LEVELS:
                    fresh = {value: row for value, row in pairs if value not in first}
                    first |= fresh
                    new.update(fresh.values())
            except TypeError:  # it holds lists, say: what cannot be told apart is refused later
                del self._first[name]
                continue
            if max(len(distinct), len(first)) > MOST_LEVELS:
                del self._first[name]
        if new:
            self._witnesses.append(chunk[chunk.index.isin(new)])


def stacked(frames: list[pd.DataFrame]) -> pd.DataFrame:
    """Return frames one under the other, with all categories of their columns."""
    if len(frames) == 1:
        return frames[0]
    whole = pd.concat(frames)
    for name, dtype in frames[0].dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype) and whole.columns.is_unique and whole[name].dtype != dtype:
            parts = [frame[name].array for frame in frames]
            try:
                whole[name] = pd.api.types.union_categoricals(parts)
            except TypeError as error:
                raise TableError(f"Column {name!r} has other categories in each chunk: {error}.") from error
    return whole


def rows_of_cells(cells: int, columns: int) -> int:
    """Return how many rows have so many cells."""
    return max(cells // max(columns, 1), 1)


def highest_hash(rows: int, most: int) -> int | None:
    """Return the largest hash in a sample of ``most`` of so many rows; None where all are in it."""
    if rows <= most:
        return None
    smallest = np.zeros(0, dtype=np.uint64)
    for start in range(0, rows, 2**20):
        smallest = np.concatenate([smallest, _scrambled(np.arange(start, min(start + 2**20, rows)))])
        if len(smallest) > most:
            smallest = np.partition(smallest, most - 1)[:most]
    return int(smallest.max())


def _scrambled(rows: np.ndarray) -> np.ndarray:
    """Return a hash of row numbers: the finalizer of SplitMix64 (Steele et al. 2014)."""
    keys = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
