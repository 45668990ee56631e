"""Tidy frames to numbers: one a column for trees, places in a common space for distances."""

from __future__ import annotations

import numpy as np
import pandas as pd

LEVELS = 30  # levels beyond the most frequent ones share one place


def number(values: pd.Series) -> np.ndarray:
    """Return a tidy column as float64 with NaN: level numbers, numbers, or microseconds since 1970."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        codes = values.cat.codes.to_numpy(dtype=np.float64)
        return np.where(codes < 0, np.nan, codes)
    if pd.api.types.is_datetime64_dtype(values.dtype):
        ticks = values.to_numpy().astype("datetime64[us]").astype(np.int64).astype(np.float64)
        return np.where(values.isna(), np.nan, ticks)
    return values.to_numpy(dtype=np.float64)


def numbers(frame: pd.DataFrame) -> np.ndarray:
    """Return a tidy frame as numbers, shape ``(rows, columns)``, float64, NaN where missing."""
    return np.column_stack([np.empty((len(frame), 0)), *(number(frame[name]) for name in frame)])


def for_trees(table: np.ndarray) -> np.ndarray:
    """Return numbers with 0 in columns that hold none, over which boosted trees stumble."""
    return np.where(np.isnan(table).all(axis=0), 0.0, table)


def places(real: pd.DataFrame, *frames: pd.DataFrame) -> list[np.ndarray]:
    """Return the rows of tidy frames as places in a space in which all columns weigh alike.

    A number or moment is its share of the way through the ranks of the real column, so that no
    outlier squeezes the rest; levels are indicators, two of them at distance 1 (Gower 1971, with
    Euclid's sum); a missing value lies at distance 1 or more from all values.

    Parameters
    ----------
    real : pandas.DataFrame
        The table whose ranks and levels make up the space.
    *frames : pandas.DataFrame
        What to place, with the same columns.

    Returns
    -------
    list of numpy.ndarray
        One a frame, float32, shape ``(rows, axes)``.

    Examples
    --------
    >>> real = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    >>> places(real, pd.DataFrame({"x": [2.5, 9.0]}))[0].tolist()
    [[0.5, 0.0], [1.0, 0.0]]
    """
    axes: list[list[np.ndarray]] = [[np.empty((len(frame), 0))] for frame in frames]
    for name in real:
        if isinstance(real[name].dtype, pd.CategoricalDtype):
            frequent = real[name].value_counts().index[:LEVELS]
            for frame, parts in zip(frames, axes, strict=True):
                position = pd.Index(frequent).get_indexer(frame[name])  # -1: another level
                position = np.where(frame[name].isna(), -2, position)
                parts.append(np.sqrt(0.5) * (position[:, None] == np.arange(-2, len(frequent))))
            continue
        known = np.sort(number(real[name].dropna()))
        for frame, parts in zip(frames, axes, strict=True):
            values = number(frame[name])
            below, upto = (np.searchsorted(known, values, side=side) for side in ("left", "right"))
            absent = np.isnan(values)
            parts.append(np.where(absent, 0.5, (below + upto) / max(2 * len(known), 1))[:, None])
            parts.append(absent[:, None].astype(float))
    return [np.concatenate(parts, axis=1, dtype=np.float32) for parts in axes]
