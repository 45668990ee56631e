"""Columns to coarser ones, moved dates and combinations that several rows share; dtype and look are kept."""

from __future__ import annotations

import hmac
from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from tabgen.cleaning import clean_column, restore_column
from tabgen.errors import ColumnRejected, PlanError
from tabgen.inference import infer_column
from tabgen.looks import NULLS, detect_date_format, detect_number_look
from tabgen.profiling import profile_column
from tabgen.schema import Column
from tabgen.substitution.keys import SecretKey, text_of

FREQUENCIES = {"year": "Y", "quarter": "Q", "month": "M", "week": "W", "day": "D", "hour": "h"}
HIDDEN_DIGIT, HIDDEN_LETTER = "0", "X"


def generalise(
    values: pd.Series,
    *,
    low: float | None = None,
    high: float | None = None,
    edges: Sequence[float] = (),
    nearest: float | None = None,
    period: str | None = None,
    first: int | None = None,
) -> pd.Series:
    """Make values coarser; missing ones stay.

    Parameters
    ----------
    values : pandas.Series
        Numbers or dates, also written as text; any text for ``first``.
    low, high : float, optional
        Bottom and top coding: what lies beyond becomes the bound.
    edges : sequence of float
        Rising ends of bins: each number becomes the lower end of its bin; below the first edge and from
        the last on, the nearest edge.
    nearest : float, optional
        Numbers are rounded to multiples of this.
    period : {"year", "quarter", "month", "week", "day", "hour"}, optional
        Dates become the start of their period.
    first : int, optional
        Only so many characters of a text stay; later digits become 0, later letters X.

    Returns
    -------
    pandas.Series
        With the same index, name, dtype and look.

    Raises
    ------
    PlanError
        If the column holds nothing that can be treated so.

    Examples
    --------
    >>> generalise(pd.Series([17, 34, 99]), high=90, nearest=10).tolist()
    [20, 30, 90]
    >>> generalise(pd.Series(["1985-07-30", ""]), period="year").tolist()
    ['1985-01-01', '']
    >>> generalise(pd.Series(["60303", "SW1A 1AA"]), first=3).tolist()
    ['60300', 'SW1X 0XX']
    """
    if first is not None:
        return _shorten(values, first)
    if not values.notna().any():
        return values.copy()
    if period is not None:
        column = _told(values, "datetime")
        moments = _tidy(values, column)
        return _restored(values, moments.dt.to_period(FREQUENCIES[period]).dt.start_time, column)
    column = _told(values, "numeric")
    numbers = _tidy(values, column).clip(low, high)
    if len(edges):
        numbers = _lower_ends(numbers, np.array(edges, dtype=float))
    if nearest is not None:
        numbers = (numbers / nearest).round() * nearest
    return _restored(values, numbers, column)


def shift(
    values: pd.Series, days: int, key: SecretKey, subjects: pd.Series | None = None, key_space: str = ""
) -> pd.Series:
    """Move dates by whole days, all those of one subject alike, so that times between them stay.

    Parameters
    ----------
    values : pandas.Series
        Dates, also written as text.
    days : int
        By how much at most, either way; never by nothing.
    key : SecretKey
        With the subject decides by how much.
    subjects : pandas.Series, optional
        Whose date each is; without it, or where it is missing, all are moved alike.
    key_space : str
        Columns of one key space move one subject alike.

    Returns
    -------
    pandas.Series
        With the same index, name, dtype and look.

    Raises
    ------
    PlanError
        If the column holds no dates, or a moved date cannot be represented.

    Examples
    --------
    >>> dates = pd.Series(["2024-01-31", "2024-03-01", "2024-01-31"])
    >>> moved = shift(dates, 30, SecretKey(bytes(range(32))), pd.Series(["ann", "ann", "bob"]))
    >>> pd.to_datetime(moved).diff()[1].days
    30
    """
    if not values.notna().any():
        return values.copy()
    column = _told(values, "datetime")
    moments = _tidy(values, column)
    owners = pd.Series("", index=values.index) if subjects is None else subjects.map(text_of).fillna("")
    codes, distinct = pd.factorize(owners)
    secret = key.derive(f"shift: {key_space}")
    offsets = np.array([_offset(secret, owner, days) for owner in distinct])[codes]
    try:
        moved = moments + pd.Series(pd.to_timedelta(offsets, unit="D"), index=moments.index)
    except (OverflowError, pd.errors.OutOfBoundsDatetime, pd.errors.OutOfBoundsTimedelta) as error:
        raise PlanError(f"Column {values.name!r}: a moved date is out of bounds ({error}).") from error
    return _restored(values, moved, column)


def suppress_rare(frame: pd.DataFrame, together: Sequence[Hashable], k: int) -> pd.DataFrame:
    """Blank out columns in the rows whose combination fewer than k rows have.

    The rows without these values are a combination too: where they are fewer than k, the next rare
    combination goes with them.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table; it is not modified.
    together : sequence of Hashable
        The columns whose combinations are counted.
    k : int
        Fewest rows of a combination.

    Returns
    -------
    pandas.DataFrame
        Of the same shape and dtypes.

    Raises
    ------
    PlanError
        If a column cannot hold missing values, but must.

    Examples
    --------
    >>> people = pd.DataFrame({"sex": list("fffmmmm"), "city": list("aabcccc")})
    >>> suppress_rare(people, ["sex", "city"], 3).isna().all(axis=1).sum()
    np.int64(3)
    """
    if frame.empty:
        return frame
    groups = frame.groupby(list(together), dropna=False, observed=True, sort=False)
    sizes, numbers = groups[together[0]].transform("size").to_numpy(), groups.ngroup().to_numpy()
    blank = sizes < k
    counted = pd.Series(numbers[~blank]).value_counts().sort_values(kind="stable")
    for number in counted.index:
        if not 0 < blank.sum() < k:
            break
        blank |= numbers == number
    result = frame.copy()
    for label in together if blank.any() else ():
        column = result[label].mask(blank)
        if column.dtype != frame[label].dtype:
            raise PlanError(
                f"Column {label!r} of dtype {frame[label].dtype} cannot hold missing values, which "
                f"{blank.sum():,} rows need for {k}-anonymity. Convert it with astype, or generalise it more."
            )
        result[label] = column
    return result


def _shorten(values: pd.Series, first: int) -> pd.Series:
    if isinstance(values.dtype, pd.CategoricalDtype):
        raise PlanError(
            f"Column {values.name!r} is a category, of which first takes no part. Convert it to text."
        )
    codes, distinct = pd.factorize(values)
    if not all(isinstance(text, str) for text in distinct):
        odd = next(text for text in distinct if not isinstance(text, str))
        raise PlanError(
            f"Column {values.name!r} holds {odd!r}, which is not text. Plan nearest or edges for it."
        )
    if not len(distinct):
        return values.copy()
    short = [text[:first] + "".join(map(_hidden, text[first:])) for text in distinct]
    fresh = pd.Series(short, dtype=object).astype(values.dtype).array.take(np.maximum(codes, 0))
    return pd.Series(fresh, values.index, values.dtype, values.name).where(codes >= 0, values)


def _hidden(character: str) -> str:
    if character.isdigit():
        return HIDDEN_DIGIT
    return HIDDEN_LETTER if character.isalpha() else character


def _told(values: pd.Series, kind: Literal["numeric", "datetime"]) -> Column:
    """Return what a column of numbers or dates is taken for, also where these are keys or one value.

    Raises
    ------
    PlanError
        If it does not.
    """
    column = infer_column(profile_column(values))
    if column.kind == kind:
        return column
    dtype = values.dtype
    number = pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
    number |= column.holds == "Decimal"
    moment = getattr(dtype, "kind", "") == "M" or column.holds in ("date", "datetime", "Timestamp")
    if number if kind == "numeric" else moment:
        return replace(column, kind=kind, levels=())
    texts = [text for text in values.dropna().unique() if not (isinstance(text, str) and text in NULLS)]
    try:
        if texts and all(isinstance(text, str) for text in texts):
            if kind == "datetime":
                return replace(column, kind=kind, levels=(), date_format=detect_date_format(texts))
            return replace(column, kind=kind, levels=(), number=detect_number_look(texts))
    except ColumnRejected:
        pass
    raise PlanError(
        f"Column {values.name!r} holds no {'dates' if kind == 'datetime' else 'numbers'} but is of kind "
        f"{column.kind}. Plan another action for it."
    )


def _tidy(values: pd.Series, column: Column) -> pd.Series:
    return pd.Series(clean_column(values, column).to_numpy(), index=values.index)


def _restored(values: pd.Series, tidy: pd.Series, column: Column) -> pd.Series:
    """Return changed values in the dtype and look of the column; what was missing or is the same stays."""
    before = _tidy(values, column)
    tidy = tidy.astype(before.dtype)
    fresh = pd.Series(restore_column(tidy, column), values.index, values.dtype, values.name)
    return fresh.mask(tidy.isna() | (tidy == before), values)


def _lower_ends(numbers: pd.Series, edges: np.ndarray) -> pd.Series:
    places = np.searchsorted(edges, numbers.to_numpy(), side="right") - 1
    return pd.Series(edges[np.clip(places, 0, len(edges) - 1)], index=numbers.index).where(numbers.notna())


def _offset(secret: bytes, owner: str, days: int) -> int:
    """Return by how many days a subject's dates move."""
    drawn = int.from_bytes(hmac.digest(secret, owner.encode("utf-8", "surrogatepass"), "sha256"), "big") % (
        2 * days
    )
    return drawn - days if drawn < days else drawn - days + 1
