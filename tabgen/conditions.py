"""What a sample must satisfy to what each column may hold, and from there to the codes of its tokens."""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tabgen.cleaning import clean_column
from tabgen.encoding import CategoricalCodec, DatetimeCodec, NumericCodec, TableEncoder
from tabgen.encoding.datetime import split_moments
from tabgen.encoding.layout import MISSING
from tabgen.errors import ConditionError, SchemaError
from tabgen.schema import LEVELLED, REPLACED, Column, Schema
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
    comparisons = parse_where(where) if isinstance(where, str) else _from_mapping(where)
    labels = {name: name for name in schema.names} | {
        str(name): name for name in schema.names if isinstance(where, str)
    }
    columns = {column.name: column for column in schema.columns}
    conditions: dict[Hashable, Condition] = {}
    for comparison in comparisons:
        if comparison.column not in labels:
            near = difflib.get_close_matches(str(comparison.column), [str(name) for name in schema.names], 1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise ConditionError(
                f"Column {comparison.column!r} is not in the table. {hint}Its columns: {schema.names}."
            )
        column = columns[labels[comparison.column]]
        asked = _condition(comparison, column)
        before = conditions.get(column.name)
        both = asked if before is None else _both(before, asked)
        if not (both.missing or any(both.levels) or both.intervals):
            raise ConditionError(f"No value of column {column.name!r} can be {both.asked}.")
        conditions[column.name] = both
    return conditions


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


def _both(first: Condition, second: Condition) -> Condition:
    """Return what satisfies two conditions on one column."""
    pairs = [(max(a, c), min(b, d)) for a, b in first.intervals for c, d in second.intervals]
    return Condition(
        first.column,
        first.missing and second.missing,
        tuple(a and b for a, b in zip(first.levels, second.levels, strict=True)),
        tuple((low, high) for low, high in pairs if low <= high),
        f"{first.asked} and {second.asked}",
    )


def _condition(comparison: Comparison, column: Column) -> Condition:
    sign, values = comparison.sign, [v for v in comparison.values if not _is_missing(v)]
    asked = f"{sign} {', '.join(map(repr, comparison.values))}".strip()
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
            unit = np.datetime_data(_tidy_dtype(column))[0]
            return float(pd.Timedelta(value) / pd.Timedelta(1, unit))
        if isinstance(value, str):
            return float(_written(value, column))
        return float(value)
    except (TypeError, ValueError, SchemaError) as error:
        kind = {"datetime": "moments", "duration": "durations"}.get(column.kind, "numbers")
        raise ConditionError(f"Column {column.name!r} holds {kind}, but {value!r} is none.") from error


def _tidy_dtype(column: Column) -> Any:
    from tabgen.cleaning import _numpy_dtype
    from tabgen.jsonvalues import dtype_from_json

    dtype = dtype_from_json(column.dtype)
    return _numpy_dtype(dtype) if isinstance(dtype, pd.ArrowDtype) else dtype


def _written(value: Any, column: Column) -> Any:
    """Return what a text says in the look of the column, or else plainly."""
    look = column.date_format if column.kind == "datetime" else column.number
    if look is not None and isinstance(value, str):
        read = clean_column(pd.Series([value], dtype=object), column).iloc[0]
        if not pd.isna(read):
            return pd.Timestamp(read) if column.kind == "datetime" else read
    return pd.Timestamp(value) if column.kind == "datetime" else value


def allowed_codes(condition: Condition, encoder: TableEncoder) -> dict[int, np.ndarray]:
    """Return for the tokens of a column which codes may be drawn, as far as codes can tell.

    Parameters
    ----------
    condition : Condition
        What the column may hold.
    encoder : TableEncoder
        The codecs.

    Returns
    -------
    dict of int to numpy.ndarray
        For each token that is not free a boolean a code.

    Raises
    ------
    ConditionError
        If nothing of the kind was in the training table.
    """
    name = condition.column.name
    codec, places = encoder.codecs[name], encoder.layout.positions(name)
    tokens = [encoder.layout.tokens[place] for place in places]
    found: dict[int, np.ndarray] = {}
    present = bool(any(condition.levels) or condition.intervals)
    if tokens[0].part == MISSING:
        gate, places = places[0], places[1:]
        if present and not condition.missing:
            found[gate] = np.array([True, False])
        elif not present:
            return {gate: np.array([False, True])}
    parts = codec.parts.values() if isinstance(codec, DatetimeCodec) else [codec]
    masks = _masks(condition, codec)
    for place, part, mask in zip(places, parts, masks, strict=False):
        if tokens[0].part != MISSING and part.missing:
            mask = np.append(mask, condition.missing)
        elif part.missing:
            mask = np.append(mask, False)
        if not mask.any():
            raise ConditionError(
                f"Column {name!r} has nothing that is {condition.asked} in the training table. "
                f"{_nearest(condition, codec)}"
            )
        if not mask.all():
            found[place] = mask
    return found


def _masks(condition: Condition, codec: CategoricalCodec | NumericCodec | DatetimeCodec) -> list[np.ndarray]:
    """Return which codes may be drawn, of each token of a column; missing ones left out."""
    if isinstance(codec, CategoricalCodec):
        mask = np.zeros(codec.cardinality - codec.missing, dtype=bool)
        fits = np.array(condition.levels, dtype=bool)[: len(codec.code_of_level)]
        mask[codec.code_of_level[fits & (codec.weight_of_level > 0)]] = True
        return [mask]
    if isinstance(codec, NumericCodec):
        return [_overlaps(codec, condition.intervals)]
    split = []
    for interval in condition.intervals:
        low, high = _within(interval, codec)
        if low <= high:
            ends = np.array([low.to_datetime64(), high.to_datetime64()]).astype(f"datetime64[{codec.unit}]")
            split.append(split_moments(ends))
    masks = []
    for name, part in codec.parts.items():
        masks.append(_overlaps(part, [(ends[name][0], ends[name][1]) for ends in split]))
        if len(split) != 1 or split[0][name][0] != split[0][name][1]:
            break  # later parts are free, as far as they can tell alone
    return masks


def _within(interval: Interval, codec: DatetimeCodec) -> Interval:
    """Return what of an interval lies between the first and the last moment of a column."""
    first, last = (pd.Timestamp(moment) for moment in _bounds(codec))
    return max(interval[0], first), min(interval[1], last)


def _bounds(codec: DatetimeCodec) -> np.ndarray:
    """Return the first and the last moment of a column."""
    return np.array(codec.bounds).astype(f"datetime64[{codec.unit}]")


def _overlaps(codec: NumericCodec, intervals: Sequence[Interval]) -> np.ndarray:
    """Return which leaves reach into one of some intervals."""
    first, last = codec.knots[:, 0], codec.knots[:, -1]
    mask = np.zeros(codec.leaves, dtype=bool)
    for low, high in intervals:
        mask |= (last >= low) & (first <= high)
    return mask


def _nearest(condition: Condition, codec: Any) -> str:
    """Say what was in the training table instead."""
    if isinstance(codec, NumericCodec):
        low, high = condition.intervals[0]
        below = codec.knots[:, -1][codec.knots[:, -1] < low]
        above = codec.knots[:, 0][codec.knots[:, 0] > high]
        near = [f"{value:.12g}" for value in (*below[-1:], *above[:1])]
        return f"Near values: {' and '.join(near)}."
    if isinstance(codec, DatetimeCodec):
        first, last = _bounds(codec)
        return f"Its moments lie from {first} to {last}."
    seen = [
        str(level)
        for level, weight in zip(condition.column.levels, codec.weight_of_level, strict=False)
        if weight
    ]
    return f"Values it has: {', '.join(seen[:10])}."


def placed(values: pd.Series, condition: Condition, codec: Any) -> pd.Series:
    """Move numbers and moments that will not do to the nearest ones that will."""
    if not condition.intervals:
        return values
    wrong = ~condition.holds(values) & values.notna().to_numpy()
    if not wrong.any():
        return values
    moved = values.copy()
    options = [values[wrong].clip(*_ends(interval, codec)) for interval in condition.intervals]
    gaps = np.stack([(option - values[wrong]).abs().to_numpy() for option in options])
    chosen = gaps.argmin(axis=0)
    moved[wrong] = np.choose(chosen, [option.to_numpy() for option in options])
    return moved


def _ends(interval: Interval, codec: Any) -> Interval:
    """Return the ends of an interval on the grid of a column."""
    low, high = interval
    if low == high:
        return interval
    if isinstance(codec, DatetimeCodec):
        whole_days = not {"hour", "minute", "second", "fraction"} & set(codec.parts)
        grain = "D" if whole_days else codec.unit
        low, high = _within(interval, codec)
        return low.ceil(grain), high.floor(grain)
    if isinstance(codec, NumericCodec) and codec.step:
        up, down = ((end - codec.offset) / codec.step for end in interval)
        low = codec.offset + np.ceil(up - 1e-9) * codec.step if np.isfinite(low) else low
        high = codec.offset + np.floor(down + 1e-9) * codec.step if np.isfinite(high) else high
        if codec.decimals is not None:
            low, high = np.round(low, codec.decimals), np.round(high, codec.decimals)
    return low, high
