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
    "%Y-%m-%dT%H:%M:%S.%fZ",
    "%Y-%m-%d %H:%M:%S.%3f",
    "%Y-%m-%dT%H:%M:%S.%3f",
    "%Y-%m-%dT%H:%M:%S.%3fZ",
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
SHORTENED = "\x1e"  # stands before six decimals of a second, of which three are written
NUMBER = re.compile(
    r"(?P<front>-(?=[$€£¥]))?(?P<prefix>[$€£¥]\s?)?(?P<sign>(?(front)|-?))"
    r"(?P<digits>[0-9.,'\u00a0\u202f ]*[0-9])(?P<exponent>[eE][+-]?[0-9]+)?"
    r"(?P<suffix>\s?[%€$£]|\s?[a-zA-Z]{1,3})?"
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
        Whether some numbers are written like ``1e-05``.
    leading_zero : bool
        Whether a number below one is written ``0.5``, not ``.5``.
    sign_first : bool
        Whether a minus stands before the prefix, ``-$5``, not behind it, ``$-5``.
    exponent_mark : str
        How an exponent of zero is written: ``"e+00"``, ``"E+00"``, ``"e0"``.
    exponent_where : str
        Which numbers have an exponent: ``"far"``, very small and very large ones, as Python does;
        ``"shorter"``, also those that are shorter so, as R does; ``"always"``, all.
    """

    thousands: str = ""
    decimal: str = "."
    fewest: int = 0
    most: int = 0
    prefix: str = ""
    suffix: str = ""
    exponent: bool = False
    leading_zero: bool = True
    sign_first: bool = False
    exponent_mark: str = "e+00"
    exponent_where: str = "far"


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
        can keep, or if units, marks or the place of the minus differ.

    Examples
    --------
    >>> look = detect_number_look(["$1,234.50", "$7.00", "-$12.25"])
    >>> look == NumberLook(",", ".", fewest=2, most=2, prefix="$", sign_first=True)
    True
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
    fronts = {bool(m["front"]) for m in found if m["front"] or (m["prefix"] and m["sign"])}
    if len(fronts) > 1:
        raise ColumnRejected(f"the minus stands on both sides of {found[0]['prefix']!r}")
    bodies = [m["digits"] for m in found]
    mark, where = _exponents(found)
    for thousands, decimal in MARKS:
        if all(_fits_marks(body, thousands, decimal) for body in bodies):
            wholes = {body.partition(decimal)[0] for body in bodies if decimal in body}
            lengths = [len(body.partition(decimal)[2]) for body in bodies]
            plain = [n for n, m in zip(lengths, found, strict=True) if where == "always" or not m["exponent"]]
            return NumberLook(
                thousands,
                decimal,
                min(plain, default=0),
                max(lengths),
                prefixes.pop(),
                suffixes.pop(),
                exponent=any(m["exponent"] for m in found),
                leading_zero="" not in wholes or "0" in wholes,
                sign_first=True in fronts,
                exponent_mark=mark,
                exponent_where=where,
            )
    raise ColumnRejected("thousands and decimal marks are not used in one way")


def _exponents(found: Sequence[re.Match[str]]) -> tuple[str, str]:
    """Return how exponents are written, and which numbers have one."""
    exponents = [m["exponent"] for m in found if m["exponent"]]
    if not exponents:
        return "e+00", "far"
    powers = [text[1:].lstrip("+-") for text in exponents]
    padded = [len(power) for power in powers if power.startswith("0") and power != "0"]
    width = min(padded, default=min(2, *map(len, powers)))
    positive = [text for text in exponents if text[1] != "-"]
    plus = all("+" in text for text in positive) if positive else width > 1
    mark = ("E" if exponents[0][0] == "E" else "e") + "+" * plus + "0" * width
    far = all(not -4 <= int(text[1:]) < 16 for text in exponents)
    if far and (len(exponents) < len(found) or all(map(_is_python, found))):
        return mark, "far"
    return mark, "always" if len(exponents) == len(found) else "shorter"


def _is_python(match: re.Match[str]) -> bool:
    text = match["digits"] + match["exponent"].lower()
    return "," not in text and "'" not in text and " " not in text and repr(float(text)) == text


def _fits_marks(body: str, thousands: str, decimal: str) -> bool:
    whole, _, fraction = body.partition(decimal)
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
        return (whole.isdigit() and len(whole) <= 3) or not whole
    return (
        all(g.isdigit() for g in groups) and 1 <= len(groups[0]) <= 3 and all(len(g) == 3 for g in groups[1:])
    )


def parse_numbers(texts: pd.Series, look: NumberLook) -> np.ndarray:
    """Return the numbers that texts write; NaN where a text is none: float64, shape ``(rows,)``.

    >>> parse_numbers(pd.Series(["$1,234.50", "?"]), NumberLook(",", ".", 2, 2, prefix="$")).tolist()
    [1234.5, nan]
    """
    bare = texts.astype("str").str.removesuffix(look.suffix)
    if look.prefix:
        bare = bare.str.replace(rf"^(-?){re.escape(look.prefix)}", r"\1", regex=True)
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
    if look.exponent and _has_exponent(value, look):
        text = _with_exponent(value, look)
    else:
        decimals = look.most
        if look.most > look.fewest:  # no digits beyond those that tell this float from its neighbours
            shortest = Decimal(repr(round(value, look.most))).normalize().as_tuple().exponent
            decimals = min(look.most, max(look.fewest, -int(shortest)))
        text = f"{value + 0.0:,.{decimals}f}"
        if not look.leading_zero:
            text = re.sub(r"^(-?)0\.", r"\1.", text)
    text = text.translate({ord(","): look.thousands, ord("."): look.decimal})
    if look.sign_first and text.startswith("-"):
        return "-" + look.prefix + text[1:] + look.suffix
    return look.prefix + text + look.suffix


def _has_exponent(value: float, look: NumberLook) -> bool:
    if look.exponent_where == "always":
        return True
    if value == 0 or not 1e-4 <= abs(value) < 1e16:
        return value != 0
    if look.exponent_where == "far":
        return False
    return len(_with_exponent(value, look)) < len(f"{Decimal(repr(value)).normalize():f}")


def _with_exponent(value: float, look: NumberLook) -> str:
    """Return a number with an exponent, a point and no thousands: ``1.5E+05``."""
    fewest = look.fewest if look.exponent_where == "always" else 0
    digits = Decimal(repr(value)).normalize().as_tuple().digits
    decimals = min(look.most, max(fewest, len(digits) - 1))
    # rounding the float itself may end in another digit than its shortest text
    mantissa, _, power = f"{Decimal(repr(value)) if value else 0.0:.{decimals}e}".partition("e")
    if decimals > fewest and "." in mantissa:  # zeros that rounding made
        whole, _, fraction = mantissa.partition(".")
        mantissa = f"{whole}.{fraction.rstrip('0').ljust(fewest, '0')}".rstrip(".")
    letter, plus, width = look.exponent_mark[0], "+" in look.exponent_mark, look.exponent_mark.count("0")
    sign = "-" if power.startswith("-") else "+" * plus
    return f"{mantissa}{letter}{sign}{abs(int(power)):0{width}d}"


def detect_date_format(texts: Sequence[str]) -> str:
    """Find the ``strftime`` format in which all texts write a date.

    ``%-d`` is a day without leading zero, ``%3f`` a fraction of a second in three digits. Where day and
    month can be told either way, the day is taken to come first.

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
    moment = pd.to_datetime(text, format=_bare(date_format), errors="coerce")
    return None if moment is pd.NaT else moment


def parse_dates(texts: pd.Series, date_format: str) -> pd.Series:
    """Return the moments that texts write, NaT where a text is none."""
    unit = "us" if "%f" in date_format else "ms" if "%3f" in date_format else "s"
    moments = pd.to_datetime(texts, format=_bare(date_format), errors="coerce", exact=True)
    return moments.astype(f"datetime64[{unit}]")


def format_dates(moments: pd.Series, date_format: str) -> pd.Series:
    """Return moments as texts of the given format.

    >>> format_dates(pd.Series([pd.Timestamp("2024-01-31")]), "%-m/%-d/%Y").tolist()
    ['1/31/2024']
    """
    marked = date_format.replace("%-", UNPADDED + "%").replace("%3f", SHORTENED + "%f")
    texts = moments.dt.strftime(marked)
    if "%-" in date_format:
        texts = texts.str.replace(f"{UNPADDED}0?", "", regex=True)
    if "%3f" in date_format:
        texts = texts.str.replace(rf"{SHORTENED}(\d{{3}})\d{{3}}", r"\1", regex=True)
    return texts


def _bare(date_format: str) -> str:
    """Return a format without what only the writing needs."""
    return date_format.replace("%-", "%").replace("%3f", "%f")
