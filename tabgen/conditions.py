"""What a sample must satisfy, in a line of text or a mapping, to what each column may hold."""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tabgen.cleaning import clean_column, numpy_dtype
from tabgen.errors import ConditionError, SchemaError
from tabgen.jsonvalues import dtype_from_json
from tabgen.schema import LEVELLED, REPLACED, Column, Schema
from tabgen.spelling import did_you_mean
from tabgen.where import Comparison, parse_where

Where: TypeAlias = "str | Mapping[Hashable, Any]"
Interval: TypeAlias = tuple[Any, Any]  # closed; of floats or of moments

EVERYWHERE = (-math.inf, math.inf)
EVER = (pd.Timestamp("0001-01-01"), pd.Timestamp("9999-12-31T23:59:59"))


@dataclass(frozen=True)
class Condition:
    """What one column may hold.

    Attributes
    ----------
    column : Column
        The column.
    missing : bool
        Whether a missing value will do.
    levels : tuple of bool
        Which levels will do; empty for numbers and moments.
    intervals : tuple of (low, high)
        Closed intervals of numbers or moments that will do, in order; empty for levels.
    asked : str
        What was asked, to tell people.
    """

    column: Column
    missing: bool
    levels: tuple[bool, ...] = ()
    intervals: tuple[Interval, ...] = ()
    asked: str = ""

    def holds(self, values: pd.Series) -> np.ndarray:
        """Return which values of the tidy column will do, shape ``(rows,)``."""
        absent = values.isna().to_numpy()
        if self.column.kind in LEVELLED:
            fits = np.append(np.array(self.levels, dtype=bool), False)[values.cat.codes.to_numpy()]
        elif self.column.kind in REPLACED or self.column.kind == "constant":
            fits = np.full(len(values), bool(self.levels and self.levels[0]))
        else:
            fits = np.zeros(len(values), dtype=bool)
            for low, high in self.intervals:
                fits |= ((values >= low) & (values <= high)).to_numpy()
        return np.where(absent, self.missing, fits)


def read_conditions(where: Where, schema: Schema) -> dict[Hashable, Condition]:
    """Return what each column may hold.

    Parameters
    ----------
    where : str or mapping
        A line of text, see `tabgen.where.parse_where`; or for each column a value, a list of values,
        a `pandas.Interval`, or None for a missing value.
    schema : Schema
        The columns.

    Raises
    ------
    ConditionError
        If a column or a value is unknown, or nothing is left that would do.

    Examples
    --------
    >>> from tabgen.inference import infer_schema
    >>> frame = pd.DataFrame({"age": [20, 35, 50] * 30, "city": ["Rome", "Paris", "Oslo"] * 30})
    >>> schema = infer_schema(frame)
    >>> conditions = read_conditions({"age": pd.Interval(20, 40), "city": ["Rome", "Oslo"]}, schema)
    >>> conditions["age"].holds(pd.Series([20.0, 35.0, 50.0])).tolist()
    [False, True, False]
    """
    if not isinstance(where, (str, Mapping, pd.Series)):
        raise ConditionError(
            f'where is a {type(where).__name__}. Write a line such as "age >= 40", or map columns to values.'
        )
    comparisons = parse_where(where) if isinstance(where, str) else _from_mapping(where)
    written = {str(name): name for name in schema.names if isinstance(where, str)}  # labels need not be text
    conditions: dict[Hashable, Condition] = {}
    for comparison in comparisons:
        column = column_of(written.get(str(comparison.column), comparison.column), schema)
        asked = _possible(_condition(comparison, column))
        conditions[column.name] = both(conditions[column.name], asked) if column.name in conditions else asked
    return conditions


def column_of(name: Hashable, schema: Schema) -> Column:
    """Return the column of a label.

    Raises
    ------
    ConditionError
        If there is none.
    """
    for column in schema.columns:
        if column.name == name:
            return column
    hint = did_you_mean(name, schema.names)
    raise ConditionError(f"Column {name!r} is not in the table. {hint}Its columns: {schema.names}.")


def _from_mapping(where: Mapping[Hashable, Any]) -> list[Comparison]:
    found = []
    for name, value in where.items():
        if isinstance(value, pd.Interval):
            signs = (">=" if value.closed_left else ">", "<=" if value.closed_right else "<")
            found += [Comparison(name, signs[0], (value.left,)), Comparison(name, signs[1], (value.right,))]
        elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
            found.append(Comparison(name, "in", tuple(value)))
        else:
            found.append(
                Comparison(name, "is null") if _is_missing(value) else Comparison(name, "==", (value,))
            )
    return found


def both(first: Condition, second: Condition) -> Condition:
    """Return what satisfies two conditions on one column.

    Raises
    ------
    ConditionError
        If nothing does.
    """
    pairs = [(max(a, c), min(b, d)) for a, b in first.intervals for c, d in second.intervals]
    return _possible(
        Condition(
            first.column,
            first.missing and second.missing,
            tuple(a and b for a, b in zip(first.levels, second.levels, strict=True)),
            tuple((low, high) for low, high in pairs if low <= high),
            f"{first.asked} and {second.asked}",
        )
    )


def _possible(condition: Condition) -> Condition:
    if not (condition.missing or any(condition.levels) or condition.intervals):
        raise ConditionError(f"No value of column {condition.column.name!r} can be {condition.asked}.")
    return condition


def _condition(comparison: Comparison, column: Column) -> Condition:
    sign, values = comparison.sign, [v for v in comparison.values if not _is_missing(v)]
    asked = f"{sign} {', '.join(map(repr, comparison.values))}".strip()
    if sign in ("in", "not in") and not comparison.values:
        raise ConditionError(f"Column {column.name!r} is asked for one of no values. Give at least one.")
    takes_missing = sign == "is null" or (sign == "in" and len(values) < len(comparison.values))
    if takes_missing and not column.missing and not values:
        raise ConditionError(f"Column {column.name!r} is never missing in the training table.")
    if column.kind in REPLACED and (values or sign in ("<", "<=", ">", ">=")):
        raise ConditionError(
            f"Column {column.name!r} is not learned ({column.kind}: fresh values). All that can be asked of "
            "it is whether it is missing."
        )
    if column.kind in REPLACED or column.kind == "constant" or column.kind in LEVELLED:
        return Condition(column, takes_missing, _levels(sign, values, column), (), asked)
    points = [_point(value, column) for value in values]
    whole: Interval = EVER if column.kind == "datetime" else EVERYWHERE
    if sign in ("in", "=="):
        intervals: list[Interval] = [(point, point) for point in sorted(points)]
    elif sign in ("!=", "not in"):
        ends = [whole[0], *(_next(p, 1) for p in sorted(points))]
        intervals = list(zip(ends, [*(_next(p, -1) for p in sorted(points)), whole[1]], strict=True))
    elif sign in ("is null", "is not null"):
        intervals = [whole] if sign == "is not null" else []
    elif sign in ("<", "<="):
        intervals = [(whole[0], points[0] if sign == "<=" else _next(points[0], -1))]
    else:
        intervals = [(points[0] if sign == ">=" else _next(points[0], 1), whole[1])]
    return Condition(column, takes_missing, (), tuple(intervals), asked)


def _is_missing(value: Any) -> bool:
    return value is None or (pd.api.types.is_scalar(value) and bool(pd.isna(value)))


def _next(point: Any, way: int) -> Any:
    """Return the number or moment next to one."""
    return (
        point + way * pd.Timedelta(1, "ns")
        if isinstance(point, pd.Timestamp)
        else math.nextafter(point, way * math.inf)
    )


def _levels(sign: str, values: list[Any], column: Column) -> tuple[bool, ...]:
    """Return which levels of a column satisfy a comparison."""
    if column.kind in REPLACED:
        return (sign == "is not null",)
    levels = column.levels
    if sign in ("is null", "is not null"):
        return tuple(sign == "is not null" for _ in levels)
    if sign in ("==", "in", "!=", "not in"):
        places = {_level(value, column) for value in values}
        return tuple((place in places) == (sign in ("==", "in")) for place in range(len(levels)))
    if column.kind == "ordinal":
        ranks, limit = list(range(len(levels))), _level(values[0], column)
    elif all(isinstance(level, (int, float, np.number)) and not isinstance(level, bool) for level in levels):
        ranks, limit = list(levels), values[0]
    else:
        raise ConditionError(
            f"Column {column.name!r} has no order, so nothing in it is {sign} {values[0]!r}. "
            "Ask with == or in."
        )
    try:
        above = [(rank > limit) - (rank < limit) for rank in ranks]
    except TypeError as error:
        raise ConditionError(f"Column {column.name!r} holds numbers, but {values[0]!r} is none.") from error
    fits = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}[sign]
    return tuple(way in fits for way in above)


def _level(value: Any, column: Column) -> int:
    """Return the number of a level, by itself or by how it is written."""
    for place, level in enumerate(column.levels):
        if type(level) is type(value) and level == value:
            return place
    for place, level in enumerate(column.levels):
        if level == value or str(level) == str(value):
            return place
    written = [str(level) for level in column.levels]
    near = difflib.get_close_matches(str(value), written, 3, 0.4) or written[:5]
    raise ConditionError(
        f"Column {column.name!r} has no value {value!r} in the training table. Near ones: {', '.join(near)}."
    )


def _point(value: Any, column: Column) -> Any:
    """Return a value as the tidy column would hold it: a float or a moment."""
    try:
        if column.kind == "datetime":
            moment = _written(value, column)
            return moment.tz_localize(None) if moment.tz is not None else moment
        if column.kind == "duration":
            dtype = dtype_from_json(column.dtype)
            unit = np.datetime_data(numpy_dtype(dtype) if isinstance(dtype, pd.ArrowDtype) else dtype)[0]
            return float(pd.Timedelta(value) / pd.Timedelta(1, unit))
        if isinstance(value, str):
            return float(_written(value, column))
        return float(value)
    except (TypeError, ValueError, SchemaError) as error:
        kind = {"datetime": "moments", "duration": "durations"}.get(column.kind, "numbers")
        raise ConditionError(f"Column {column.name!r} holds {kind}, but {value!r} is none.") from error


def _written(value: Any, column: Column) -> Any:
    """Return what a text says in the look of the column, or else plainly."""
    look = column.date_format if column.kind == "datetime" else column.number
    if look is not None and isinstance(value, str):
        read = clean_column(pd.Series([value], dtype=object), column).iloc[0]
        if not pd.isna(read):
            return pd.Timestamp(read) if column.kind == "datetime" else read
    return pd.Timestamp(value) if column.kind == "datetime" else value
