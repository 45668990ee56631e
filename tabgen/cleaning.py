"""A frame to a tidy one (float64, category of level numbers, datetime64), and exactly back."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from tabgen.errors import SchemaError
from tabgen.jsonvalues import dtype_from_json
from tabgen.looks import format_dates, format_numbers, parse_dates, parse_numbers
from tabgen.schema import LEVELLED, MEASURES, REPLACED, Column, Schema, misfits

NOTHING = {"None": None, "nan": np.nan, "NaT": pd.NaT, "<NA>": pd.NA}
GOLDEN = (5**0.5 - 1) / 2  # multiples of it fall evenly into any interval (Weyl 1916)


def clean(frame: pd.DataFrame, schema: Schema, *, lenient: bool = False) -> pd.DataFrame:
    """Return what a generator can learn from a frame.

    Numbers and durations become float64 (durations in units of their dtype), levels become a category
    of level numbers, moments naive ``datetime64`` in local time. Identifiers and free text are
    reduced to whether they are there. Columns in which nothing varies are left out.

    Parameters
    ----------
    frame : pandas.DataFrame
        A table of the given schema; it is not modified.
    schema : Schema
        From `tabgen.inference.infer_schema`.
    lenient : bool, default=False
        Whether a value that is none of its column's levels counts as missing.

    Returns
    -------
    pandas.DataFrame

    Raises
    ------
    SchemaError
        If a column is absent or holds a value that its schema does not allow.

    Examples
    --------
    >>> from tabgen.inference import infer_schema
    >>> from tabgen.profiling import profile
    >>> frame = pd.DataFrame({"price": ["1,250.00", "99.50", ""], "sold": ["yes", "no", "yes"]})
    >>> schema = infer_schema(profile([frame]))
    >>> tidy = clean(frame, schema)
    >>> tidy["price"].tolist(), tidy["sold"].tolist()
    ([1250.0, 99.5, nan], [1, 0, 1])
    >>> restore(tidy, schema).equals(frame)
    True
    """
    absent = [name for name in schema.names if name not in frame.columns]
    if absent:
        raise SchemaError(f"Column {absent[0]!r} is not in the table. Its columns: {list(frame.columns)}.")
    modelled = [column for column in schema.columns if column.modelled]
    columns = [clean_column(frame[c.name], c, lenient).reset_index(drop=True) for c in modelled]
    tidy = pd.DataFrame(dict(enumerate(columns)), index=pd.RangeIndex(len(frame)))
    tidy.columns = pd.Index([column.name for column in modelled], tupleize_cols=False)
    return tidy


def clean_column(values: pd.Series, column: Column, lenient: bool = False) -> pd.Series:
    """Return the tidy form of one column."""
    if column.null is not None:
        values = values.where(values != column.null)
    if column.kind in REPLACED or column.kind == "constant":
        return pd.Series(pd.Categorical.from_codes(np.where(values.isna(), -1, 0), categories=[0]))
    if column.kind in LEVELLED:
        numbers = level_numbers(values, column, lenient)
        ordered = column.kind == "ordinal"
        return pd.Series(
            pd.Categorical.from_codes(numbers, categories=range(len(column.levels)), ordered=ordered)
        )
    try:
        return pd.Series((_moments if column.kind == "datetime" else _numbers)(values, column))
    except (AttributeError, TypeError, ValueError) as error:
        wrong = misfits(values, column)
        if not wrong.any():
            raise
        row = int(wrong.argmax())
        raise SchemaError(
            f"Column {column.name!r} holds {values.to_numpy(dtype=object)[row]!r} at row {row}, which "
            f"{MEASURES[column.kind]}, but the schema says {column.kind}. Correct the value or the schema."
        ) from error


def level_numbers(values: pd.Series, column: Column, lenient: bool = False) -> np.ndarray:
    """Return the position of each value in the column's levels, -1 for missing.

    Raises
    ------
    SchemaError
        If a value is not a level, unless that is to count as missing.
    """
    if isinstance(values.dtype, pd.CategoricalDtype):
        positions = pd.Index(column.levels, tupleize_cols=False).get_indexer(values.cat.categories)
        numbers = np.append(positions, -1)[values.cat.codes]
    else:
        known = {level: number for number, level in enumerate(column.levels)}
        codes, distinct = pd.factorize(values.to_numpy(dtype=object))
        numbers = np.append([known.get(value, -1) for value in distinct], -1)[codes]
    unknown = (numbers < 0) & values.notna().to_numpy()
    if unknown.any() and not lenient:
        row = int(unknown.argmax())
        held = f"Column {column.name!r} holds {values.to_numpy(dtype=object)[row]!r} at row {row}, "
        if not column.levels:
            raise SchemaError(f"{held}but its schema has no levels. Give it levels, or another kind.")
        raise SchemaError(
            f"{held}which is not one of its {len(column.levels)} levels. Fit on a table that has it, or "
            "correct the value."
        )
    return numbers.astype(np.int64)


def _moments(values: pd.Series, column: Column) -> np.ndarray:
    if column.date_format is not None:
        return parse_dates(values, column.date_format).to_numpy()
    if column.holds is not None:
        return pd.to_datetime(values.astype(object)).astype("datetime64[us]").to_numpy()
    if isinstance(values.dtype, pd.PeriodDtype):
        return values.dt.to_timestamp().to_numpy()
    if isinstance(values.dtype, pd.ArrowDtype):
        values = values.astype(numpy_dtype(values.dtype))
    if values.dt.tz is not None:
        values = values.dt.tz_localize(None)
    return values.to_numpy()


def numpy_dtype(dtype: pd.ArrowDtype) -> Any:
    """Return the pandas dtype of Arrow timestamps or durations."""
    arrow = dtype.pyarrow_dtype
    if pa.types.is_date(arrow):
        return "datetime64[s]"
    zone = getattr(arrow, "tz", None)
    if zone:
        return pd.DatetimeTZDtype(arrow.unit, zone)
    return f"{'datetime64' if dtype.kind == 'M' else 'timedelta64'}[{arrow.unit}]"


def _numbers(values: pd.Series, column: Column) -> np.ndarray:
    if column.number is not None:
        return parse_numbers(values, column.number)
    if column.kind == "duration":
        if isinstance(values.dtype, pd.ArrowDtype):
            values = values.astype(numpy_dtype(values.dtype))
        ticks = values.to_numpy().astype(np.int64).astype(np.float64)
        return np.where(values.isna(), np.nan, ticks)
    numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
    if _float_bytes(values.dtype) < 8:  # 0.1 as float32 is meant to be 0.1, not 0.10000000149
        narrow = values.to_numpy(dtype=f"float{8 * _float_bytes(values.dtype)}", na_value=np.nan)
        numbers = narrow.astype(str).astype(np.float64)
    return numbers


def _float_bytes(dtype: Any) -> int:
    """Return the width of a floating point dtype; 8 for all others."""
    if not pd.api.types.is_float_dtype(dtype):
        return 8
    return int(getattr(dtype, "itemsize", 8))


def restore(
    tidy: pd.DataFrame, schema: Schema, fresh: Mapping[Hashable, np.ndarray] | None = None
) -> pd.DataFrame:
    """Return a tidy frame to the columns, dtypes and look of its schema: the inverse of `clean`.

    Parameters
    ----------
    tidy : pandas.DataFrame
        Tidy columns.
    schema : Schema
        The schema of the original table.
    fresh : mapping of Hashable to numpy.ndarray, optional
        New values for identifiers and free text, as an object array of ``len(tidy)`` a column.

    Returns
    -------
    pandas.DataFrame
    """
    fresh = fresh or {}
    columns = []
    for column in schema.columns:
        values = tidy[column.name] if column.modelled else None
        if column.kind in REPLACED:
            text = fresh[column.name]
            values = text if values is None else _blank(text, values.isna().to_numpy())
            restored = _as_dtype(_with_nulls(values, column), column)
        elif column.kind == "constant":
            restored = _restore_constant(values, column, len(tidy))
        elif values is None:  # levels, none of which occurs
            nothing = pd.Categorical.from_codes([-1] * len(tidy), range(len(column.levels)))
            restored = restore_column(pd.Series(nothing), column)
        else:
            restored = restore_column(values, column)
        columns.append(pd.Series(restored, index=tidy.index, dtype=restored.dtype))  # objects stay objects
    result = pd.concat(columns, axis=1)
    result.columns = schema.labels
    return result


def restore_column(values: pd.Series, column: Column) -> Any:
    """Return the original form of one tidy column as an array."""
    if column.kind in LEVELLED:
        return _restore_levels(values, column)
    if column.kind == "datetime":
        return _restore_moments(values, column)
    numbers = values.to_numpy(dtype=np.float64)
    absent = np.isnan(numbers)
    if column.number is not None:
        texts = format_numbers(np.where(absent, 0, numbers), column.number)
        return _as_dtype(_with_nulls(_blank(texts, absent), column), column)
    if column.holds == "Decimal":
        decimals = [None if np.isnan(n) else Decimal(repr(float(n))) for n in numbers]
        return _as_dtype(np.array(decimals, dtype=object), column)
    dtype = dtype_from_json(column.dtype)
    if column.kind == "duration":
        unit = np.datetime_data(numpy_dtype(dtype) if isinstance(dtype, pd.ArrowDtype) else dtype)[0]
        ticks = np.where(absent, 0, np.round(numbers)).astype(np.int64).astype(f"timedelta64[{unit}]")
        ticks[absent] = np.timedelta64("NaT")
        return pd.Series(ticks).astype(dtype).array
    return _restore_numbers(numbers, absent, dtype)


def _restore_numbers(numbers: np.ndarray, absent: np.ndarray, dtype: Any) -> Any:
    if pd.api.types.is_integer_dtype(dtype):
        limits = np.iinfo(getattr(dtype, "subtype", getattr(dtype, "numpy_dtype", dtype)))
        whole = np.round(np.where(absent, 0, numbers))
        below = np.where(whole < limits.max, whole, 0)  # the greatest may be no float
        clipped = np.maximum(below, limits.min).astype(limits.dtype)
        clipped[whole >= limits.max] = limits.max
        result = pd.Series(clipped).astype(dtype)
        return result.where(~absent).astype(dtype).array if absent.any() else result.array
    if isinstance(dtype, pd.ArrowDtype) and "decimal" in str(dtype):
        scale = dtype.pyarrow_dtype.scale
        exact = [None if np.isnan(n) else Decimal(f"{n:.{scale}f}") for n in numbers]
        return pd.array(np.array(exact, dtype=object), dtype=dtype)
    values = _blank(numbers, absent) if pd.api.types.is_extension_array_dtype(dtype) else numbers
    return pd.Series(values).astype(dtype).array


def _restore_levels(values: pd.Series, column: Column) -> Any:
    numbers = values.cat.codes.to_numpy()
    if column.dtype["name"] == "category":
        dtype = dtype_from_json(column.dtype, column.levels)
        return pd.Categorical.from_codes(numbers, dtype=dtype)
    labels = np.empty(len(column.levels) + 1, dtype=object)
    labels[:-1] = column.levels
    labels[-1] = None
    return _as_dtype(_with_nulls(labels[numbers], column), column)


def _restore_moments(values: pd.Series, column: Column) -> Any:
    moments = pd.Series(values.to_numpy())
    dtype = dtype_from_json(column.dtype)
    if column.date_format is not None:
        texts = format_dates(moments, column.date_format).astype(object)
        return _as_dtype(_with_nulls(texts.where(moments.notna(), None).to_numpy(), column), column)
    if column.holds is not None:
        makers = {"date": pd.Timestamp.date, "Timestamp": pd.Timestamp}
        make = makers.get(column.holds, pd.Timestamp.to_pydatetime)
        python = [None if pd.isna(m) else make(m) for m in moments]
        return _as_dtype(np.array(python, dtype=object), column)
    if isinstance(dtype, pd.PeriodDtype):
        return moments.dt.to_period(dtype.freq).array
    target = numpy_dtype(dtype) if isinstance(dtype, pd.ArrowDtype) else dtype
    if isinstance(target, pd.DatetimeTZDtype):
        # an hour that a clock shows twice is taken as its first; one that it skips moves on
        first = np.ones(len(moments), dtype=bool)
        moments = moments.dt.tz_localize(target.tz, ambiguous=first, nonexistent="shift_forward")
    return moments.astype(target).astype(dtype).array


def _restore_constant(values: pd.Series | None, column: Column, rows: int) -> Any:
    label = column.levels[0] if column.levels else None
    filled = np.empty(rows, dtype=object)
    filled[:] = [label] * rows
    if values is not None:
        filled = _blank(filled, values.isna().to_numpy())
    return _as_dtype(_with_nulls(filled, column), column)


def _blank(values: np.ndarray, absent: np.ndarray) -> np.ndarray:
    """Return values as objects, None where they are absent."""
    blanked = values.astype(object)
    blanked[absent] = None
    return blanked


def _with_nulls(values: np.ndarray, column: Column) -> np.ndarray:
    """Write missing values, given as None, in the column's own spelling, or in its several ones in turn."""
    absent = pd.isna(values)
    if column.null_shares:
        spellings = np.array([spelling for spelling, _ in column.null_shares], dtype=object)
        heap = np.cumsum([share for _, share in column.null_shares])
        turn = np.arange(1, int(absent.sum()) + 1) * GOLDEN % 1 * heap[-1]
        values = values.copy()
        values[absent] = spellings[np.minimum(np.searchsorted(heap, turn), len(heap) - 1)]
        return values
    return values if column.null is None else np.where(absent, column.null, values)


def _as_dtype(values: np.ndarray, column: Column) -> Any:
    dtype = dtype_from_json(column.dtype, column.levels)
    if dtype == np.dtype(object):
        objects = values.astype(object)
        objects[pd.isna(values)] = NOTHING[column.nothing]
        return pd.Series(objects, dtype=object).array
    if dtype.kind in "fc" and not pd.api.types.is_extension_array_dtype(dtype):
        values = np.where(pd.isna(values), np.nan, values)
    return pd.Series(list(values), dtype=object).astype(dtype).array
