"""A path, a stream or a frame to a pandas frame with its file look, and a frame back to a file."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import os
import re
import sys
import warnings
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
import pyarrow as pa

from tabgen.errors import TableError
from tabgen.writing import write_whole

DELIMITED = (".csv", ".tsv", ".txt", ".tab")
FORMATS = (*DELIMITED, ".parquet", ".feather", ".arrow")
SNIFFED = 100_000  # bytes of a file that tell its dialect
STREAM = "-"


@dataclass(frozen=True)
class Dialect:
    r"""How a delimited file is written.

    Attributes
    ----------
    delimiter : str
        Mark between fields.
    encoding : str
        Text encoding.
    quote_all : bool
        Whether every field is quoted, not only those that need it.
    line_end : str
        ``"\n"`` or ``"\r\n"``.
    """

    delimiter: str = ","
    encoding: str = "utf-8"
    quote_all: bool = False
    line_end: str = "\n"


@dataclass(frozen=True)
class Table:
    """A frame and, if it came from a delimited file, the look of that file.

    A delimited file is read as text, every column of it, so that leading zeros, "1,200.50" and each
    spelling of a missing value survive until the schema has seen them.
    """

    frame: pd.DataFrame
    dialect: Dialect | None = None


def read_table(source: str | os.PathLike[str] | pd.DataFrame) -> Table:
    """Read a table.

    Parameters
    ----------
    source : path or pandas.DataFrame
        A file ending in .csv, .tsv, .txt, .tab (also with .gz), .parquet, .feather or .arrow; ``"-"``
        for delimited text or Parquet on standard input; or a frame, which is taken as it is.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If the file is absent, of no known format, empty or damaged.
    """
    if isinstance(source, pd.DataFrame):
        return Table(source)
    name = os.fspath(source)
    if name == STREAM:
        return _parse(sys.stdin.buffer.read(), "standard input", None)
    suffix = file_format(name)
    try:
        data = Path(name).read_bytes()
    except OSError as error:
        raise TableError(f"Cannot read {name!r}: {error.strerror}.") from error
    return _parse(data, repr(name), suffix)


def gather_table(table: str | os.PathLike[str] | pd.DataFrame | Iterable[pd.DataFrame]) -> Table:
    """Return a table in memory, be it a frame, a file or frames one after the other.

    Raises
    ------
    TableError
        If it is none of these, or the frames differ in their columns.
    """
    if isinstance(table, (pd.DataFrame, str, os.PathLike)):
        return read_table(table)
    if not isinstance(table, Iterable):
        raise TableError(f"The table is a {type(table).__name__}. Pass a frame, a path or frames.")
    chunks = list(table)
    wrong = [chunk for chunk in chunks if not isinstance(chunk, pd.DataFrame)]
    if wrong or not chunks:
        what = f"of {type(wrong[0]).__name__}" if wrong else "without a chunk"
        raise TableError(f"The table is an iterable {what}. Pass a frame, a path or frames.")
    odd = [list(chunk) for chunk in chunks if set(chunk) != set(chunks[0])]
    if odd:
        raise TableError(
            f"A chunk has the columns {odd[0]} where the first had {list(chunks[0])}. "
            "All chunks need the same columns."
        )
    return Table(pd.concat(chunks, ignore_index=True))


def write_table(
    frame: pd.DataFrame,
    target: str | os.PathLike[str],
    dialect: Dialect | None = None,
    *,
    force: bool = False,
) -> None:
    """Write a table; the file appears whole or not at all.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table.
    target : path
        A file of a format that `read_table` knows, or ``"-"`` for delimited text on standard output.
    dialect : Dialect, optional
        How to write a delimited file; by default as the suffix says.
    force : bool
        Whether to replace an existing file.

    Raises
    ------
    TableError
        If the file exists and ``force`` is False, or cannot be written.
    """
    name = os.fspath(target)
    if name == STREAM:
        data = _delimited(frame, dialect or Dialect())
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise TableError(f"Cannot write to standard output: {error.strerror}.") from error
        return
    suffix = file_format(name)
    if suffix in DELIMITED:
        own = Dialect("\t" if suffix in (".tsv", ".tab") else ",")
        # the suffix of the new file wins over the delimiter of the old one
        look = own if dialect is None else dialect
        if dialect is not None and suffix in (".tsv", ".tab"):
            look = Dialect("\t", dialect.encoding, dialect.quote_all, dialect.line_end)
        data = _delimited(frame, look)
        if name.endswith(".gz"):
            data = gzip.compress(data, mtime=0)
        write_whole(name, lambda file: file.write(data), force=force)
        return
    save = partial(frame.to_parquet, index=False) if suffix == ".parquet" else frame.to_feather
    try:
        write_whole(name, save, force=force)
    except pa.ArrowException as error:
        reason = "; ".join(map(str, error.args))
        raise TableError(f"Cannot write {name!r}: {reason}. Use a name that ends in .csv.") from error


def file_format(name: str) -> str:
    """Return the suffix that tells the format of a file, without ``.gz``.

    Raises
    ------
    TableError
        If the format is not known.

    Examples
    --------
    >>> file_format("customers.CSV.gz")
    '.csv'
    """
    path = Path(name.lower().removesuffix(".gz"))
    known = DELIMITED if name.lower().endswith(".gz") else FORMATS
    if path.suffix not in known:
        raise TableError(
            f"{name!r} has no known format. Use a name that ends in one of {', '.join(FORMATS)}."
        )
    return path.suffix


def _parse(data: bytes, name: str, suffix: str | None) -> Table:
    if data[:2] == b"\x1f\x8b":
        data = _unzip(data, name)
    try:
        if suffix == ".parquet" or (suffix is None and data[:4] == b"PAR1"):
            return Table(pd.read_parquet(io.BytesIO(data)))
        if suffix in (".feather", ".arrow"):
            return Table(pd.read_feather(io.BytesIO(data)))
    except (OSError, ValueError) as error:
        kind = suffix or ".parquet"
        raise TableError(f"Cannot read {name}: it is damaged or not a {kind} file.") from error
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise TableError(f"Cannot read {name}: it is empty.")
    try:
        dialect = detect_dialect(data, suffix)
        blank, header = _header(data, dialect)
    except (csv.Error, UnicodeError) as error:
        raise TableError(f"Cannot read {name}: {str(error).strip()}.") from error
    if not header:
        raise TableError(f"Cannot read {name}: it has no header.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas cuts long rows off
            frame = pd.read_csv(
                io.BytesIO(data),
                sep=dialect.delimiter,
                encoding=dialect.encoding,
                dtype=str,
                keep_default_na=False,
                na_filter=False,
                index_col=False,
                skiprows=blank,
                skip_blank_lines=len(header) > 1,  # in the only column, a blank line is a missing value
            )
    except pd.errors.ParserWarning as error:
        raise TableError(f"Cannot read {name}: its rows have more fields than its header.") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeError) as error:
        raise TableError(f"Cannot read {name}: {str(error).strip()}.") from error
    twice = [label for label in header if header.count(label) > 1]
    if twice:
        raise TableError(f"Two columns are named {twice[0]!r}. Rename one of them.")
    if len(header) == frame.shape[1]:
        frame.columns = pd.Index(header)  # pandas calls a column without a name "Unnamed: 0"
    return Table(frame, dialect)


def _unzip(data: bytes, name: str) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise TableError(f"Cannot read {name}: the gzip data is damaged.") from error


def _header(data: bytes, dialect: Dialect) -> tuple[int, list[str]]:
    """Return the number of blank lines before the header, and the header."""
    first = io.TextIOWrapper(io.BytesIO(data), dialect.encoding, newline="")
    rows = csv.reader(first, delimiter=dialect.delimiter)
    return next(((blank, row) for blank, row in enumerate(rows) if row), (0, []))


def detect_dialect(data: bytes, suffix: str | None = None) -> Dialect:
    r"""Find how delimited text is written.

    Parameters
    ----------
    data : bytes
        The text.
    suffix : str, optional
        ``".tsv"`` and ``".tab"`` say that the delimiter is a tab.

    Returns
    -------
    Dialect

    Examples
    --------
    >>> detect_dialect(b"a;b\r\n1,5;2\r\n")
    Dialect(delimiter=';', encoding='utf-8', quote_all=False, line_end='\r\n')
    """
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    encoding = (
        "utf-16"
        if wide
        else next(e for e in ("utf-8-sig", "utf-8", "cp1252", "latin-1") if _decodes(data, e))
    )
    if encoding == "utf-8-sig" and not data.startswith(b"\xef\xbb\xbf"):
        encoding = "utf-8"
    text = data[:SNIFFED].decode(encoding, errors="ignore")
    lines = text.splitlines()[:100]
    delimiter = "\t" if suffix in (".tsv", ".tab") else _delimiter(lines)
    field = r'"[^"]*(?:""[^"]*)*"'
    record = rf"{field}(?:{re.escape(delimiter)}{field})*(?:\r?\n|\Z)"
    quote_all = bool(re.match(rf"{record}(?:{record}|\Z)", text))  # R quotes the header, but no numbers
    unquoted = re.sub(field, "", text)
    return Dialect(delimiter, encoding, quote_all, "\r\n" if "\r\n" in unquoted else "\n")


def _delimiter(lines: list[str]) -> str:
    """Return the mark that cuts all lines into the same number of fields, the most of them."""

    def fields(mark: str) -> tuple[bool, int, bool]:
        rows = [row for row in csv.reader(lines, delimiter=mark) if row]
        widths = [len(row) for row in (rows[:-1] if len(rows) > 2 else rows)]
        alike = len(set(widths)) == 1
        if not widths:
            return False, 0, False
        return alike and widths[0] > 1, widths[0], alike  # a mark in no line is better than one in some

    return max((",", ";", "\t", "|"), key=fields)


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _delimited(frame: pd.DataFrame, dialect: Dialect) -> bytes:
    text = frame.to_csv(
        index=False,
        sep=dialect.delimiter,
        quoting=csv.QUOTE_ALL if dialect.quote_all else csv.QUOTE_MINIMAL,
        lineterminator=dialect.line_end,
    )
    return text.encode(dialect.encoding, errors="replace")
