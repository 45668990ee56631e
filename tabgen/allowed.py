"""What a column may hold to the codes that its tokens may have, and values to the nearest that will do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tabgen.conditions import Condition, Interval
from tabgen.encoding import CategoricalCodec, DatetimeCodec, NumericCodec, TableEncoder
from tabgen.encoding.datetime import split_moments
from tabgen.encoding.layout import MISSING
from tabgen.errors import ConditionError


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
