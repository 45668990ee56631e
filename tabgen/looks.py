"""Numbers and dates written as text: texts to the look they share, and values back to that look."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pandas as pd

from tabgen.errors import ColumnRejected

NULLS = (
    "",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "NaN",
    "nan",
    "null",
    "NULL",
    "None",
    "none",
    "-",
    "--",
    "?",
    ".",
)
BOOLEANS = (
    ("no", "yes"), ("n", "y"), ("false", "true"), ("f", "t"), ("off", "on"),
)  # fmt: skip
DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%d-%b-%Y",
    "%-d/%-m/%Y",
    "%-m/%-d/%Y",
    "%-d.%-m.%Y",
    "%-d/%-m/%Y %-H:%M",
    "%-m/%-d/%Y %-H:%M",
    "%-d.%-m.%Y %-H:%M",
    "%Y%m%d",
)
UNPADDED = "\x1f"  # stands before a number that is written without leading zero
NUMBER = re.compile(
    r"(?P<prefix>[$€£¥]\s?)?(?P<sign>-)?(?P<digits>[0-9.,'\u00a0\u202f ]*[0-9])"
    r"(?P<exponent>[eE][+-]?[0-9]+)?(?P<suffix>\s?[%€$£]|\s?[a-zA-Z]{1,3})?"
)
MARKS = (
    ("", "."), (",", "."), (".", ","), ("", ","), (" ", "."), (" ", ","), ("'", "."), ("\u00a0", ","),
)  # fmt: skip
EXACT_DIGITS = 15  # digits that a float64 always keeps


@dataclass(frozen=True)
class NumberLook:
    """How a number is written as text.

    Attributes
    ----------
    thousands : str
        Mark between groups of three digits, or nothing.
    decimal : str
        Mark before the decimals.
    fewest, most : int
        Fewest and most decimals written; zeros are added up to the fewest.
    prefix, suffix : str
        Text around the number: ``"$"``, ``"%"``.
    exponent : bool
        Whether very small and very large numbers are written like ``1e-05``.
    """

    thousands: str = ""
    decimal: str = "."
    fewest: int = 0
    most: int = 0
    prefix: str = ""
    suffix: str = ""
    exponent: bool = False


def detect_number_look(texts: Sequence[str]) -> NumberLook:
    """Find how a set of texts writes numbers.

    Parameters
    ----------
    texts : sequence of str
        The different values of a column, without missing ones.

    Returns
    -------
    NumberLook

    Raises
    ------
    ColumnRejected
        If some text is not a number, has a leading zero that must stay, or more digits than a float
        can keep.

    Examples
    --------
    >>> detect_number_look(["1,234.50", "7.00", "-12.25"])
    NumberLook(thousands=',', decimal='.', fewest=2, most=2, prefix='', suffix='', exponent=False)
    """
    matches = [NUMBER.fullmatch(text) for text in texts]
    for text, match in zip(texts, matches, strict=True):
        if match is None:
            raise ColumnRejected(f"{text!r} is not a number")
        if re.match(r"0\d", match["digits"]):
            raise ColumnRejected(f"{text!r} has a leading zero")
        if sum(map(str.isdigit, match["digits"])) > EXACT_DIGITS and not re.search(r"[.,]", match["digits"]):
            raise ColumnRejected(f"{text!r} has more than {EXACT_DIGITS} digits")
    found = [match for match in matches if match is not None]
    prefixes, suffixes = {m["prefix"] or "" for m in found}, {m["suffix"] or "" for m in found}
    if len(prefixes) > 1 or len(suffixes) > 1:
        raise ColumnRejected(f"units differ: {sorted(prefixes | suffixes)}")
    bodies = [(m["sign"] or "") + m["digits"] for m in found]
    exponent = any(m["exponent"] for m in found)
    for thousands, decimal in MARKS:
        if all(_fits_marks(body, thousands, decimal) for body in bodies):
            lengths = [len(body.partition(decimal)[2]) for body in bodies]
            plain = [length for length, m in zip(lengths, found, strict=True) if not m["exponent"]]
            return NumberLook(
                thousands,
                decimal,
                min(plain, default=0),
                max(lengths),
                prefixes.pop(),
                suffixes.pop(),
                exponent,
            )
    raise ColumnRejected("thousands and decimal marks are not used in one way")


def _fits_marks(body: str, thousands: str, decimal: str) -> bool:
    whole, _, fraction = body.lstrip("-").partition(decimal)
    if fraction and not fraction.isdigit():
        return False
    if body.endswith(decimal):
        return False
    if not thousands:
        return whole.isdigit() or not whole
    groups = whole.split(thousands)
    if len(groups) > 1 and groups[0].startswith("0"):
        return False  # "0,125" has a decimal comma
    if len(groups) == 1:
        return whole.isdigit() and len(whole) <= 3
    return (
        all(g.isdigit() for g in groups) and 1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])
    )


def parse_numbers(texts: pd.Series, look: NumberLook) -> np.ndarray:
    """Return the numbers that texts write; NaN where a text is none: float64, shape ``(rows,)``.

    >>> parse_numbers(pd.Series(["$1,234.50", "?"]), NumberLook(",", ".", 2, 2, prefix="$")).tolist()
    [1234.5, nan]
    """
    bare = texts.astype("str").str.removeprefix(look.prefix).str.removesuffix(look.suffix)
    if look.thousands:
        bare = bare.str.replace(look.thousands, "", regex=False)
    if look.decimal != ".":
        bare = bare.str.replace(look.decimal, ".", regex=False)
    found = np.isfinite(pd.to_numeric(bare, errors="coerce").to_numpy(dtype=np.float64))
    numbers = np.full(len(bare), np.nan)
    numbers[found] = bare.to_numpy(dtype=object)[found].astype(np.float64)  # to_numeric may round a digit off
    return numbers


def format_numbers(values: np.ndarray, look: NumberLook) -> np.ndarray:
    """Return numbers as texts of the given look: object array, shape ``(rows,)``.

    >>> format_numbers(np.array([1234.5, -7.0]), NumberLook(",", ".", 2, 2, suffix=" €")).tolist()
    ['1,234.50 €', '-7.00 €']
    """
    return np.array([_format_number(float(value), look) for value in values], dtype=object)


def _format_number(value: float, look: NumberLook) -> str:
    if look.exponent and value != 0 and not 1e-4 <= abs(value) < 1e16:
        text = repr(value)
    else:
        decimals = look.most
        if look.most > look.fewest:  # no digits beyond those that tell this float from its neighbours
            shortest = Decimal(repr(round(value, look.most))).normalize().as_tuple().exponent
            decimals = min(look.most, max(look.fewest, -int(shortest)))
        text = f"{value + 0.0:,.{decimals}f}"
        text = text.translate({ord(","): look.thousands, ord("."): look.decimal})
    return look.prefix + text + look.suffix


def detect_date_format(texts: Sequence[str]) -> str:
    """Find the ``strftime`` format in which all texts write a date.

    ``%-d`` is a day without leading zero. Where day and month can be told either way, the day is taken
    to come first.

    Parameters
    ----------
    texts : sequence of str
        The different values of a column, without missing ones.

    Raises
    ------
    ColumnRejected
        If no known format writes all texts.

    Examples
    --------
    >>> detect_date_format(["31/12/2024", "01/02/2025"])
    '%d/%m/%Y'
    """
    if not texts or min(map(len, texts)) < 8:
        raise ColumnRejected("too short for a date")
    column = pd.Series(list(texts), dtype="str")
    for date_format in DATE_FORMATS:
        if parse_date(texts[0], date_format) is None:
            continue
        moments = parse_dates(column, date_format)
        if not moments.isna().any() and (format_dates(moments, date_format) == column).all():
            return date_format
    raise ColumnRejected(f"{texts[0]!r} is not a date in one of the known formats")


def parse_date(text: str, date_format: str) -> pd.Timestamp | None:
    """Return the moment that a text writes, or None.

    >>> parse_date("2024-02-30", "%Y-%m-%d") is None
    True
    """
    moment = pd.to_datetime(text, format=date_format.replace("%-", "%"), errors="coerce")
    return None if moment is pd.NaT else moment


def parse_dates(texts: pd.Series, date_format: str) -> pd.Series:
    """Return the moments that texts write, NaT where a text is none."""
    unit = "us" if "%f" in date_format else "s"
    moments = pd.to_datetime(texts, format=date_format.replace("%-", "%"), errors="coerce", exact=True)
    return moments.astype(f"datetime64[{unit}]")


def format_dates(moments: pd.Series, date_format: str) -> pd.Series:
    """Return moments as texts of the given format.

    >>> format_dates(pd.Series([pd.Timestamp("2024-01-31")]), "%-m/%-d/%Y").tolist()
    ['1/31/2024']
    """
    texts = moments.dt.strftime(date_format.replace("%-", UNPADDED + "%"))
    return texts.str.replace(f"{UNPADDED}0?", "", regex=True) if "%-" in date_format else texts
