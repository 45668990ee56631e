"""Profiles or a frame to a `Schema`: ordered rules, each takes a column or rejects it with the reason."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from tabgen.errors import ColumnRejected, SchemaError
from tabgen.jsonvalues import dtype_to_json, scalar_to_json
from tabgen.looks import BOOLEANS, NULLS, detect_date_format, detect_number_look
from tabgen.profiling import ColumnProfile, profile
from tabgen.schema import Column, Schema

EXACT = 2**53  # whole numbers up to here are exact as floats
FEW_ROWS = 20  # below, uniqueness says nothing
FREE_TEXT_SHARE = 0.5  # texts with more different values a row than this are not levels
ID_NAME = re.compile(r"(^|[_\W])(id|ids|key|uuid|guid|number|nr|no|num|code)$", re.IGNORECASE)
CAMEL_ID_NAME = re.compile(r"[a-z](Id|ID|Key|Number|No)$")
PERSONAL_NAME = re.compile(
    r"(^|[_\W])(e?-?mail|phone|mobile|telephone|fax|ssn|iban|passport|surname|"
    r"(first|last|full|family|given|middle|maiden)[_ ]?name|name|street|address)($|[_\W])",
    re.IGNORECASE,
)
PERSONAL_TEXT = {
    "e-mail addresses": re.compile(r"[^@\s]+@[^@\s]+\.[a-zA-Z]{2,}"),
    "phone numbers": re.compile(r"\+\d[\d ()./-]{6,}\d"),
    "UUIDs": re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
}
FIGURES = re.compile(r"\W*\d[\d\s.,:/+-]*")  # what looks like a number or a date
PERSONAL_LEVELS = 0.1  # share of different values from which a personal name means personal data


def infer_schema(table: Sequence[ColumnProfile] | pd.DataFrame) -> Schema:
    """Decide what each column is.

    Parameters
    ----------
    table : pandas.DataFrame or sequence of ColumnProfile
        A frame, or what `tabgen.profiling.profile` made of a table in chunks.

    Returns
    -------
    Schema

    Raises
    ------
    SchemaError
        If a column is of no kind that tabgen knows.
    TableError
        If the frame has no rows or columns, two columns of one name, or values that cannot be told apart.

    Examples
    --------
    >>> frame = pd.DataFrame({"price": ["1,250.00", "99.50", ""], "sold": ["yes", "no", "yes"]})
    >>> [column.kind for column in infer_schema(frame).columns]
    ['numeric', 'boolean']
    """
    if not isinstance(table, pd.DataFrame):
        return Schema(tuple(infer_column(one) for one in table))
    named = isinstance(table.columns, pd.MultiIndex) or table.columns.name is not None
    header = tuple(table.columns.names) if named else ()
    return Schema(tuple(infer_column(one) for one in profile([table])), header)


def infer_column(profile: ColumnProfile) -> Column:
    """Ask the rules in order and return the first answer."""
    for rule in RULES:
        try:
            return rule(profile)
        except ColumnRejected:
            continue
    raise SchemaError(
        f"Column {profile.name!r} has dtype {profile.dtype}, which tabgen does not know. Convert it to "
        "numbers, text or dates."
    )


def _column(profile: ColumnProfile, kind: Any, reason: str, **facts: Any) -> Column:
    """Return a column with the facts that every rule knows."""
    return Column(
        name=profile.name,
        kind=kind,
        dtype=dtype_to_json(profile.dtype),
        missing=facts.pop("missing", profile.missing / profile.rows),
        unique=facts.pop("unique", profile.complete and profile.distinct == profile.present > 1),
        reason=reason,
        nothing=profile.nothing,
        **facts,
    )


def _constant(profile: ColumnProfile) -> Column:
    if profile.distinct > 1:
        raise ColumnRejected("values differ")
    if isinstance(profile.dtype, pd.CategoricalDtype):
        raise ColumnRejected("category dtype keeps its levels")
    levels = tuple(profile.values)
    _check_storable(profile, levels)
    holds = type(levels[0]).__name__ if levels and profile.dtype == np.dtype(object) else None
    return _column(profile, "constant", "one value only", levels=levels, holds=holds)


def _category(profile: ColumnProfile) -> Column:
    if not isinstance(profile.dtype, pd.CategoricalDtype):
        raise ColumnRejected("not of category dtype")
    kind = "ordinal" if profile.dtype.ordered else "categorical"
    levels = tuple(profile.dtype.categories)
    if not levels:
        raise ColumnRejected("category dtype without categories")
    return _column(profile, kind, "category dtype", levels=levels)


def _empty_category(profile: ColumnProfile) -> Column:
    if profile.distinct:
        raise ColumnRejected("there are values")
    return _column(profile, "constant", "no values at all")


def _boolean(profile: ColumnProfile) -> Column:
    if not pd.api.types.is_bool_dtype(profile.dtype):
        raise ColumnRejected("not of boolean dtype")
    return _column(profile, "boolean", "boolean dtype", levels=(False, True))


def _datetime(profile: ColumnProfile) -> Column:
    kind = getattr(profile.dtype, "kind", "")
    if kind != "M" and not isinstance(profile.dtype, pd.PeriodDtype):
        raise ColumnRejected("not of datetime dtype")
    return _column(profile, "datetime", "datetime dtype")


def _duration(profile: ColumnProfile) -> Column:
    if getattr(profile.dtype, "kind", "") != "m":
        raise ColumnRejected("not of timedelta dtype")
    return _column(profile, "duration", "timedelta dtype")


def _whole_number_key(profile: ColumnProfile) -> Column:
    if not pd.api.types.is_integer_dtype(profile.dtype):
        raise ColumnRejected("not of integer dtype")
    # differences wrap around where they overflow, alike where they are equal
    exact = np.uint64 if profile.dtype.kind == "u" else np.int64
    return _key(profile, profile.counts.index.to_numpy(dtype=exact))


def _personal_number(profile: ColumnProfile) -> Column:
    if not pd.api.types.is_integer_dtype(profile.dtype):
        raise ColumnRejected("not of integer dtype")
    if not PERSONAL_NAME.search(str(profile.name)):
        raise ColumnRejected("not named like personal data")
    if profile.present < FEW_ROWS or profile.distinct < PERSONAL_LEVELS * profile.present:
        raise ColumnRejected("values repeat")
    return _column(profile, "identifier", "a personal name on whole numbers", sensitivity="personal")


def _large_number_levels(profile: ColumnProfile) -> Column:
    if not pd.api.types.is_integer_dtype(profile.dtype):
        raise ColumnRejected("not of integer dtype")
    if not any(abs(int(value)) > EXACT for value in profile.values):
        raise ColumnRejected("all are exact as floats")
    if profile.present < FEW_ROWS or profile.distinct > FREE_TEXT_SHARE * profile.present:
        raise ColumnRejected("values do not repeat")
    levels = tuple(sorted(int(value) for value in profile.values))
    return _column(profile, "categorical", "repeated whole numbers beyond 2**53", levels=levels)


def _numeric(profile: ColumnProfile) -> Column:
    if not pd.api.types.is_numeric_dtype(profile.dtype) or pd.api.types.is_complex_dtype(profile.dtype):
        raise ColumnRejected("not of a real number dtype")
    return _column(profile, "numeric", "number dtype")


def _python_objects(profile: ColumnProfile) -> Column:
    types = {type(value) for value in profile.values}
    kinds: dict[type, str] = {
        Decimal: "numeric", dt.date: "datetime", dt.datetime: "datetime", pd.Timestamp: "datetime",
    }  # fmt: skip
    if len(types) != 1 or (only := types.pop()) not in kinds:
        raise ColumnRejected("not objects of one type")
    if any(getattr(value, "tzinfo", None) for value in profile.values):
        raise ColumnRejected("objects with time zones")
    return _column(profile, kinds[only], f"{only.__name__} objects", holds=only.__name__)


def _yes_no(profile: ColumnProfile) -> Column:
    values, facts = _texts(profile)
    if tuple(sorted(value.lower() for value in values)) not in {tuple(sorted(b)) for b in BOOLEANS}:
        raise ColumnRejected("not a pair like yes and no")
    order = {word: position for pair in BOOLEANS for position, word in enumerate(pair)}
    levels = tuple(sorted(values, key=lambda value: order[value.lower()]))
    return _column(profile, "boolean", f"written {' and '.join(levels)}", levels=levels, **facts)


def _date_text(profile: ColumnProfile) -> Column:
    values, facts = _texts(profile, odd_one_out=lambda text: not re.search(r"\d", text))
    date_format = detect_date_format(values)
    return _column(profile, "datetime", f"dates written {date_format}", date_format=date_format, **facts)


def _number_text(profile: ColumnProfile) -> Column:
    values, facts = _texts(profile, odd_one_out=lambda text: not re.search(r"\d", text))
    look = detect_number_look(values)
    if look.most == 0 and not (look.thousands or look.prefix or look.suffix or look.exponent):
        try:
            return _key(profile, np.array([float(v) for v in values]), number=look, **facts)
        except ColumnRejected:
            pass
    return _column(profile, "numeric", "numbers written as text", number=look, **facts)


def _personal_text(profile: ColumnProfile) -> Column:
    values, facts = _texts(profile)
    share = len(values) / max(profile.present, 1)
    for meaning, pattern in PERSONAL_TEXT.items():
        if all(pattern.fullmatch(value) for value in values):
            return _column(profile, "identifier", meaning, sensitivity="personal", **facts)
    if PERSONAL_NAME.search(str(profile.name)) and share >= PERSONAL_LEVELS:
        return _column(
            profile, "identifier", "a personal name, and many different values",
            sensitivity="personal", **facts,
        )  # fmt: skip
    raise ColumnRejected("no sign of personal data")


def _free_text(profile: ColumnProfile) -> Column:
    values, facts = _texts(profile)
    present = sum(profile.counts.get(value, 0) for value in values)
    if present < FEW_ROWS or len(values) / present <= FREE_TEXT_SHARE:
        raise ColumnRejected("values repeat")
    if len(values) == present and not any(" " in value for value in values):
        return _column(profile, "identifier", "no value occurs twice", sensitivity="identifier", **facts)
    reason = "most values occur once"
    if sum(map(bool, map(FIGURES.fullmatch, values))) > len(values) / 2:
        reason += ", numbers or dates that are not all written in one way"
    return _column(profile, "text", reason, sensitivity="personal", **facts)


def _text_levels(profile: ColumnProfile) -> Column:
    values, facts = _texts(profile)
    return _column(profile, "categorical", "values repeat", levels=tuple(sorted(values)), **facts)


def _mixed_levels(profile: ColumnProfile) -> Column:
    if profile.dtype != np.dtype(object) and not isinstance(profile.dtype, pd.IntervalDtype):
        raise ColumnRejected("neither of object nor of interval dtype")
    levels = tuple(sorted(profile.values, key=lambda value: (type(value).__name__, str(value))))
    _check_storable(profile, levels)
    return _column(profile, "categorical", "values of several types", levels=levels)


def _check_storable(profile: ColumnProfile, levels: Sequence[Any]) -> None:
    """Refuse levels that no model file could keep."""
    try:
        for level in levels:
            scalar_to_json(level)
    except SchemaError as error:
        raise SchemaError(f"Column {profile.name!r}: {error}") from error


def _key(profile: ColumnProfile, numbers: np.ndarray, **facts: Any) -> Column:
    """Take whole numbers that number the rows: all different, and named or counted like a key."""
    if len(numbers) < FEW_ROWS or len(numbers) != profile.rows or not profile.complete:
        raise ColumnRejected("values repeat or are missing")
    steps = np.diff(numbers)
    counted = bool((steps == steps[0]).all())
    name = str(profile.name)
    if not (counted or ID_NAME.search(name) or CAMEL_ID_NAME.search(name)):
        raise ColumnRejected("neither counted nor named like a key")
    reason = "counts the rows" if counted else "no value occurs twice, and the name is that of a key"
    return _column(profile, "identifier", reason, sensitivity="identifier", **facts)


def _texts(
    profile: ColumnProfile, odd_one_out: Callable[[str], bool] | None = None
) -> tuple[list[str], dict[str, Any]]:
    """Return the texts of a column without those that stand for a missing value.

    With ``odd_one_out``, spellings like "n/a" and a single text of that sort are taken for a missing
    value; otherwise only the empty text is, where the column has no real missing values.
    """
    values = profile.values
    if not values or not all(isinstance(value, str) for value in values):
        raise ColumnRejected("not text")
    if odd_one_out is None:
        nulls = {""} if profile.missing == 0 else set()
    else:
        nulls = {value for value in values if value in NULLS}
        odd = {value for value in values if value not in nulls and odd_one_out(value)}
        nulls |= odd if len(odd) == 1 else set()
    absent = profile.counts[[value for value in values if value in nulls]]
    present = [value for value in values if value not in nulls]
    if not present:
        raise ColumnRejected("only spellings of missing values")
    missing = profile.missing + int(absent.sum())
    null = None
    if len(absent) and int(absent.max()) > profile.missing:
        null = str(absent.idxmax())
    unique = profile.complete and len(present) == profile.rows - missing and len(present) > 1
    shares = {text: int(count) / missing for text, count in absent.items()} if missing else {}
    if profile.missing and shares:
        shares[None] = profile.missing / missing
    facts = {"missing": missing / profile.rows, "null": null, "unique": unique}
    return present, {**facts, "null_shares": tuple(shares.items()) if len(shares) > 1 else ()}


RULES: tuple[Callable[[ColumnProfile], Column], ...] = (
    _constant,
    _category,
    _empty_category,
    _boolean,
    _datetime,
    _duration,
    _whole_number_key,
    _personal_number,
    _large_number_levels,
    _numeric,
    _python_objects,
    _yes_no,
    _date_text,
    _personal_text,
    _number_text,
    _free_text,
    _text_levels,
    _mixed_levels,
)
