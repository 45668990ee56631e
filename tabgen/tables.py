"""A path, a stream or a frame to a pandas frame with its file look, and how to write such a file whole."""

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
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from tabgen.errors import TableError
from tabgen.spelling import did_you_mean

DELIMITED = (".csv", ".tsv", ".txt", ".tab")
FORMATS = (*DELIMITED, ".parquet", ".feather", ".arrow")
ENCODINGS = ("utf-8-sig", "utf-8", "cp1252", "latin-1")
SNIFFED = 100_000  # bytes of a file that tell its dialect
STREAM = "-"
ALIKE = 0.8  # how like the name of another file must be to be offered: all have an ending in common


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
        near = _near(Path(name)) if isinstance(error, FileNotFoundError) else ""
        raise TableError(f"Cannot read {name!r}: {error.strerror}. {near}".strip()) from error
    return _parse(data, repr(name), suffix)


def _near(path: Path) -> str:
    """Return a question with the file that is named most like one that is not there."""
    try:
        return did_you_mean(path.name, os.listdir(path.parent), alike=ALIKE)
    except OSError:  # no such folder, or none that may be listed
        return ""


def dialect_for(suffix: str, dialect: Dialect | None) -> Dialect:
    """Return how to write a delimited file: its suffix wins over the delimiter of the table's own file.

    >>> dialect_for(".tsv", Dialect(";", "cp1252")).encoding
    'cp1252'
    """
    own = dialect or Dialect()
    return replace(own, delimiter="\t") if suffix in (".tsv", ".tab") else own


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
    except (csv.Error, UnicodeError) as error:
        raise TableError(f"Cannot read {name}: {str(error).strip()}.") from error
    return Table(pd.concat(read_delimited(io.BytesIO(data), data, dialect, name)), dialect)


def read_delimited(
    file: Any, head: bytes, dialect: Dialect, name: str, rows: int | None = None
) -> Iterator[pd.DataFrame]:
    """Yield delimited text as frames of text.

    Parameters
    ----------
    file : path or binary file
        What to read.
    head : bytes
        The text, or the beginning of it with the header.
    dialect : Dialect
        How it is written.
    name : str
        What to call it in an error.
    rows : int, optional
        Rows of a frame; by default one frame holds all.

    Raises
    ------
    TableError
        If it cannot be read.
    """
    try:
        blank, header = _header(head, dialect)
    except (csv.Error, UnicodeError) as error:
        raise TableError(f"Cannot read {name}: {str(error).strip()}.") from error
    if not header:
        raise TableError(f"Cannot read {name}: it has no header.")
    twice = [label for label in header if header.count(label) > 1]
    if twice:
        raise TableError(f"Two columns are named {twice[0]!r}. Rename one of them.")
    look: dict[str, Any] = {"sep": dialect.delimiter, "encoding": dialect.encoding, "skiprows": blank}
    look["skip_blank_lines"] = len(header) > 1  # in the only column, a blank line is a missing value
    plain: dict[str, Any] = {"dtype": str, "keep_default_na": False, "na_filter": False, "index_col": False}
    try:
        with pd.read_csv(file, iterator=True, **look, **plain) as reader:
            while (frame := _next_frame(reader, rows)) is not None:
                if len(header) == frame.shape[1]:
                    frame.columns = pd.Index(header)  # pandas calls a column without a name "Unnamed: 0"
                yield frame
                if rows is None:
                    return
    except pd.errors.ParserWarning as error:
        raise TableError(f"Cannot read {name}: its rows have more fields than its header.") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeError) as error:
        raise TableError(f"Cannot read {name}: {str(error).strip()}.") from error


def _next_frame(reader: Any, rows: int | None) -> pd.DataFrame | None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)  # pandas cuts long rows off
        try:
            return reader.read(rows)
        except StopIteration:
            return None


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
    encoding = "utf-16" if wide else next(e for e in ENCODINGS if _decodes(data, e))
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
