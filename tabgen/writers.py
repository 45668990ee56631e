"""Frames, one after the other, to one file of a table that appears whole or not at all."""

from __future__ import annotations

import csv
import gzip
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import chain
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet

from tabgen.errors import TableError
from tabgen.tables import DELIMITED, STREAM, Dialect, dialect_for, file_format
from tabgen.wholefiles import write_whole


def write_frames(
    frames: Iterable[pd.DataFrame],
    target: str | os.PathLike[str],
    dialect: Dialect | None = None,
    *,
    force: bool = False,
) -> pd.DataFrame:
    """Write a table that comes in parts of the same columns and dtypes; no more than one is in memory.

    Parameters
    ----------
    frames : iterable of pandas.DataFrame
        The parts, at least one.
    target : path
        A file of a format that `tabgen.tables.read_table` knows, or ``"-"`` for delimited text on standard
        output, which is written part by part.
    dialect : Dialect, optional
        How to write a delimited file; by default as the suffix says.
    force : bool
        Whether to replace an existing file.

    Returns
    -------
    pandas.DataFrame
        The first five rows.

    Raises
    ------
    TableError
        If the file exists and ``force`` is False, or cannot be written.

    Examples
    --------
    >>> parts = [pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [3]})]
    >>> target = getfixture("tmp_path") / "whole.csv"
    >>> len(write_frames(parts, target)), len(pd.read_csv(target))
    (2, 3)
    """
    name, parts = os.fspath(target), iter(frames)
    first = next(parts)
    everything = chain([first], parts)
    if name == STREAM:
        try:
            _write_text(everything, sys.stdout.buffer, dialect or Dialect())
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # whoever reads has enough: no error
            raise
        except OSError as error:
            raise TableError(f"Cannot write to standard output: {error.strerror}.") from error
        return first.head()
    suffix = file_format(name)
    if suffix in DELIMITED:
        look, packed = dialect_for(suffix, dialect), name.lower().endswith(".gz")

        def write(file: Any) -> None:
            with gzip.GzipFile("", "wb", fileobj=file, mtime=0) if packed else nullcontext(file) as plain:
                _write_text(everything, plain, look)

    else:

        def write(file: Any) -> None:
            _write_arrow(everything, file, suffix, arrow_schema(first))

    try:
        write_whole(name, write, force=force)
    except pa.ArrowException as error:
        reason = "; ".join(map(str, error.args))
        raise TableError(f"Cannot write {name!r}: {reason}. Use a name that ends in .csv.") from error
    return first.head()


def _write_text(frames: Iterator[pd.DataFrame], file: Any, dialect: Dialect) -> None:
    text = io.TextIOWrapper(file, dialect.encoding, errors="replace", newline="", write_through=True)
    quoting: Any = csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL
    for number, frame in enumerate(frames):
        frame.to_csv(
            text,
            index=False,
            header=number == 0,
            sep=dialect.delimiter,
            quoting=quoting,
            lineterminator=dialect.line_end,
        )
    text.flush()
    text.detach()  # else the file would be closed with it


def _write_arrow(frames: Iterator[pd.DataFrame], file: Any, suffix: str, schema: pa.Schema) -> None:
    if suffix == ".parquet":
        writer = pyarrow.parquet.ParquetWriter(file, schema)
    else:
        writer = pyarrow.ipc.new_file(file, schema, options=pa.ipc.IpcWriteOptions(compression="lz4"))
    with writer:
        for frame in frames:
            writer.write_table(pa.Table.from_pandas(frame, schema=schema, preserve_index=False))


def arrow_schema(frame: pd.DataFrame) -> pa.Schema:
    """Return the types of the columns of all parts: decimals as wide as can be."""
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    for number, column in enumerate(schema):
        if pa.types.is_decimal(column.type) and not isinstance(frame.dtypes.iloc[number], pd.ArrowDtype):
            schema = schema.set(number, column.with_type(pa.decimal128(38, column.type.scale)))
    return schema
