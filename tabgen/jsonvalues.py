"""Labels, levels and dtypes to JSON values and back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa

from tabgen.errors import SchemaError


def scalar_to_json(value: Any) -> Any:
    """Return a label or level as a JSON value; types that JSON lacks become a tagged pair.

    >>> scalar_to_json("a"), scalar_to_json(dt.date(2024, 1, 31))
    ('a', {'date': '2024-01-31'})
    """
    if isinstance(value, np.generic) and not isinstance(value, (np.datetime64, np.timedelta64)):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    match value:
        case tuple():
            return {"tuple": [scalar_to_json(item) for item in value]}
        case pd.Timestamp():
            return {
                "Timestamp": value.isoformat(),
                "unit": value.unit,
                "tz": value.tz and str(value.tz),
            }
        case pd.Timedelta():
            return {"Timedelta": value.isoformat(), "unit": value.unit}
        case dt.datetime() | dt.date() | dt.time():
            return {type(value).__name__: value.isoformat()}
        case Decimal():
            return {"Decimal": str(value)}
        case pd.Period():
            return {"Period": str(value), "freq": value.freqstr}
        case pd.Interval():
            ends = [scalar_to_json(value.left), scalar_to_json(value.right)]
            return {"Interval": ends, "closed": value.closed}
    raise SchemaError(f"Value {value!r} of type {type(value).__name__} cannot be stored. Convert it to text.")


def scalar_from_json(value: Any) -> Any:
    """Return the label or level that `scalar_to_json` made a JSON value of."""
    match value:
        case {"tuple": items}:
            return tuple(scalar_from_json(item) for item in items)
        case {"Timestamp": text, "unit": unit, "tz": tz}:
            stamp = pd.Timestamp(text).as_unit(unit)
            return stamp.tz_convert(tz) if tz else stamp
        case {"Timedelta": text, "unit": unit}:
            return pd.Timedelta(text).as_unit(unit)
        case {"datetime": text}:
            return dt.datetime.fromisoformat(text)
        case {"date": text}:
            return dt.date.fromisoformat(text)
        case {"time": text}:
            return dt.time.fromisoformat(text)
        case {"Decimal": text}:
            return Decimal(text)
        case {"Period": text, "freq": freq}:
            return pd.Period(text, freq=freq)
        case {"Interval": [left, right], "closed": closed}:
            return pd.Interval(scalar_from_json(left), scalar_from_json(right), closed=closed)
    return value


def dtype_to_json(dtype: Any) -> dict[str, Any]:
    """Return a pandas dtype as a JSON value.

    >>> dtype_to_json(np.dtype("int8"))
    {'name': 'int8'}
    """
    if isinstance(dtype, pd.CategoricalDtype):
        inner = dtype_to_json(dtype.categories.dtype)
        return {"name": "category", "categories": inner, "ordered": bool(dtype.ordered)}
    if isinstance(dtype, pd.StringDtype):
        storage = "python" if dtype.storage == "python" else "pyarrow"
        return {"name": "string", "storage": storage, "na": "NA" if dtype.na_value is pd.NA else "nan"}
    if isinstance(dtype, pd.ArrowDtype):
        schema = pa.schema([("value", dtype.pyarrow_dtype)])
        return {"name": "arrow", "schema": schema.serialize().to_pybytes().hex()}
    if isinstance(dtype, pd.IntervalDtype):
        return {"name": "interval", "subtype": dtype_to_json(dtype.subtype), "closed": dtype.closed}
    return {"name": str(dtype)}


def dtype_from_json(value: dict[str, Any], levels: tuple[Any, ...] = ()) -> Any:
    """Return the dtype that `dtype_to_json` made a JSON value of.

    Parameters
    ----------
    value : dict
        The stored dtype.
    levels : tuple
        Categories of a ``category`` dtype.
    """
    match value:
        case {"name": "category", "categories": inner, "ordered": ordered}:
            categories = pd.Index(list(levels), dtype=dtype_from_json(inner), tupleize_cols=False)
            return pd.CategoricalDtype(categories, ordered=ordered)
        case {"name": "string", "storage": storage, "na": na}:
            return _string_dtype(storage, na)
        case {"name": "arrow", "schema": schema}:
            return pd.ArrowDtype(pa.ipc.read_schema(pa.py_buffer(bytes.fromhex(schema)))[0].type)
        case {"name": "interval", "subtype": subtype, "closed": closed}:
            return pd.IntervalDtype(dtype_from_json(subtype), cast(Any, closed))
    return pd.api.types.pandas_dtype(value["name"])


def _string_dtype(storage: str, na: str) -> pd.StringDtype:
    """Return a string dtype; pandas 2 knows the one with nan under a storage name of its own."""
    if na == "NA":
        return pd.StringDtype(storage)
    if pd.__version__.startswith("2."):
        return pd.StringDtype("pyarrow_numpy")
    return pd.StringDtype(storage, na_value=np.nan)
