"""A folder of files, a file too big for memory or a SQL query to frames, chunk after chunk."""

from __future__ import annotations

import codecs
import gzip
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet

from tabgen.errors import TableError
from tabgen.extras import optional_module
from tabgen.tables import DELIMITED, ENCODINGS, SNIFFED, Dialect, detect_dialect, file_format, read_delimited

CHUNK_ROWS = 200_000
BUFFER = 2**20  # bytes of a Parquet column that are read at once
LARGE_FILE = 2**28  # bytes of delimited text from which it is read in chunks
MANY_CELLS = 7_500_000  # from which a file of another format is


@dataclass(frozen=True)
class Chunks:
    """A table that is read in chunks.

    Attributes
    ----------
    read : callable
        Yields its frames, each time from the first.
    dialect : Dialect or None
        Look of the file, or of the first one of a folder.
    """

    read: Callable[[], Iterator[pd.DataFrame]]
    dialect: Dialect | None = None


@dataclass(frozen=True)
class SQLQuery:
    """The rows that a database answers with, in chunks; needs SQLAlchemy, ``pip install tabgen[sql]``.

    Attributes
    ----------
    url : str
        Where the database is, as SQLAlchemy has it: ``"postgresql://user@host/shop"``.
    query : str
        The question, ``"select * from orders"``. Two passes ask it twice: let it answer alike.
    rows : int
        Rows of a chunk.

    Examples
    --------
    >>> import sqlite3
    >>> with sqlite3.connect(getfixture("tmp_path") / "shop.db") as shop:
    ...     pd.DataFrame({"price": [3.5, 4.0]}).to_sql("orders", shop, index=False)
    2
    >>> query = SQLQuery(f"sqlite:///{getfixture('tmp_path') / 'shop.db'}", "select * from orders")
    >>> [len(chunk) for chunk in query]
    [2]
    """

    url: str
    query: str
    rows: int = CHUNK_ROWS

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yield the rows as frames.

        Raises
        ------
        MissingExtra
            If SQLAlchemy is not installed.
        TableError
            If the database does not answer.
        """
        sqlalchemy = optional_module("sqlalchemy", "sql", "Queries")
        try:
            engine = sqlalchemy.create_engine(self.url)
            try:
                with engine.connect().execution_options(stream_results=True) as connection:
                    yield from pd.read_sql_query(sqlalchemy.text(self.query), connection, chunksize=self.rows)
            finally:
                engine.dispose()
        except (sqlalchemy.exc.SQLAlchemyError, pd.errors.DatabaseError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise TableError(f"The database does not answer: {reason}.") from error


def chunks_of(path: Path) -> Chunks | None:
    """Return how to read a folder or a large file in chunks; None for a file to be read at once.

    Raises
    ------
    TableError
        If a folder is empty or holds files of no known format or of several.
    """
    files = [path]
    if os.path.isdir(path):
        files = sorted(file for file in path.iterdir() if file.is_file() and file.name[0] not in "._")
        if not files:
            raise TableError(f"The folder {str(path)!r} holds no files.")
        kinds = {file_format(file.name) for file in files}
        if len(kinds) > 1:
            raise TableError(f"The folder {str(path)!r} holds files of several formats: {sorted(kinds)}.")
    suffix = file_format(files[0].name)
    if suffix in DELIMITED:
        large = os.path.isdir(path) or (os.path.exists(path) and path.stat().st_size > LARGE_FILE)
        return _text_chunks(files, suffix) if large else None
    if not os.path.isdir(path) and not _has_many_cells(path, suffix):
        return None
    return Chunks(lambda: _arrow_chunks(files, suffix))


def _has_many_cells(path: Path, suffix: str) -> bool:
    try:
        whole = pyarrow.dataset.dataset(path, format=suffix.removeprefix(".").replace("arrow", "ipc"))
        return bool(whole.count_rows() * len(whole.schema) > MANY_CELLS)
    except (OSError, ValueError):  # told in plain words where it is read
        return False


def _arrow_chunks(files: list[Path], suffix: str) -> Iterator[pd.DataFrame]:
    for file in files:
        try:
            schema, batches = _batches(file, suffix)
            for batch in batches:
                yield pa.Table.from_batches([batch], schema=schema).to_pandas().reset_index(drop=True)
        except (OSError, ValueError) as error:
            raise TableError(f"Cannot read {str(file)!r}: it is damaged or not a {suffix} file.") from error


def _batches(file: Path, suffix: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
    """Return how to read a file in batches, no more of it in memory than one: pyarrow would read ahead."""
    if suffix == ".parquet":
        parquet = pyarrow.parquet.ParquetFile(file, buffer_size=BUFFER, pre_buffer=False)
        return parquet.schema_arrow, parquet.iter_batches(batch_size=CHUNK_ROWS, use_threads=False)
    whole = pyarrow.dataset.dataset(file, format="ipc")
    one = {"batch_readahead": 1, "fragment_readahead": 1, "use_threads": False}
    return whole.schema, whole.to_batches(batch_size=CHUNK_ROWS, **one)


def _text_chunks(files: list[Path], suffix: str) -> Chunks:
    looks = [_look(file, suffix) for file in files]

    def chunks() -> Iterator[pd.DataFrame]:
        for file, (head, dialect) in zip(files, looks, strict=True):
            yield from read_delimited(file, head, dialect, repr(str(file)), CHUNK_ROWS)

    return Chunks(chunks, looks[0][1])


def _look(file: Path, suffix: str) -> tuple[bytes, Dialect]:
    """Return the beginning of a file, and how all of it is written."""
    opener = gzip.open if file.name.lower().endswith(".gz") else open
    try:
        with opener(file, "rb") as stream:
            head = stream.read(SNIFFED)
        encoding = _encoding(opener, file, head)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(
            f"Cannot read {str(file)!r}: {getattr(error, 'strerror', None) or error}."
        ) from error
    if not head.removeprefix(codecs.BOM_UTF8).strip():
        raise TableError(f"Cannot read {str(file)!r}: it is empty.")
    return head, replace(detect_dialect(head, suffix), encoding=encoding)


def _encoding(opener: Callable[..., Any], file: Path, head: bytes) -> str:
    """Return the first encoding by which all of a file can be read."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    marked = head.startswith(codecs.BOM_UTF8)
    for encoding in ENCODINGS[not marked :]:
        try:
            with opener(file, "rt", encoding=encoding) as text:
                while text.read(SNIFFED):
                    pass
        except UnicodeError:
            continue
        return encoding
    return ENCODINGS[-1]
