"""Shares that the levels of a column shall have to one row of conditions for each row of a sample."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tabgen.cleaning import restore_column
from tabgen.conditions import column_of, read_conditions
from tabgen.encoding import NumericCodec
from tabgen.errors import ConditionError
from tabgen.modelfile import FittedParts
from tabgen.profiling import need_frame

Shares: TypeAlias = "Hashable | Mapping[Hashable, Mapping[Any, float]]"


def balanced_rows(shares: Shares, n: int, parts: FittedParts, source: np.random.SeedSequence) -> pd.DataFrame:
    """Return conditions under which levels have the shares asked for, to the row, in random order.

    Parameters
    ----------
    shares : label or mapping
        A column, all levels of which shall be as frequent; or for some columns the share of each level.
    n : int
        Number of rows.
    parts : FittedParts
        The fitted model.
    source : numpy.random.SeedSequence
        Seed of the order.

    Raises
    ------
    ConditionError
        If a column or level is unknown, or shares do not add up to 1.
    """
    if not isinstance(shares, (Mapping, Hashable)):
        raise ConditionError(
            f"rebalance is a {type(shares).__name__}. Name one column, or map columns to shares, as in "
            '{"churn": {"yes": 0.5, "no": 0.5}}.'
        )
    asked = shares if isinstance(shares, Mapping) else {shares: None}
    rng = np.random.default_rng(source.spawn(1)[0])
    columns: dict[Hashable, np.ndarray] = {}
    for name, wanted in asked.items():
        levels = values_of(name, parts)
        if not (wanted is None or isinstance(wanted, Mapping)):
            raise ConditionError(
                f"The shares of column {name!r} are a {type(wanted).__name__}. Map each level to its share, "
                'as in {"yes": 0.5, "no": 0.5}.'
            )
        own = dict.fromkeys(levels, 1 / len(levels)) if wanted is None else wanted
        read_conditions({name: list(own)}, parts.schema)  # are all of them levels?
        if abs(sum(own.values()) - 1) > 1e-6 or min(own.values()) < 0:
            raise ConditionError(
                f"The shares of column {name!r} add up to {sum(own.values()):g}, the least of them is "
                f"{min(own.values()):g}. Let them add up to 1, none below 0."
            )
        columns[name] = rng.permutation(_repeat(list(own), counts_of(np.array(list(own.values())), n)))
    table = pd.DataFrame(dict(enumerate(columns.values())), index=range(n))
    table.columns = pd.Index(list(columns), tupleize_cols=False)
    return table


def rows_to_even(table: pd.DataFrame, n: int, column: Hashable, parts: FittedParts) -> pd.DataFrame:
    """Return conditions of ``n`` rows that, added to a table, make its levels as even as can be.

    Parameters
    ----------
    table : pandas.DataFrame
        The rows that there are.
    n : int
        Number of rows to add.
    column : Hashable
        Label of the column.
    parts : FittedParts
        The fitted model.

    Raises
    ------
    ConditionError
        If the column is unknown, has too many values, or is not in the table.
    """
    known = values_of(column, parts)
    if column not in need_frame(table).columns:
        raise ConditionError(
            f"Column {column!r} is not in the table to add to, which has {list(table.columns)}."
        )
    have = table[column].value_counts().reindex(known, fill_value=0).to_numpy().astype(np.float64)
    line = np.sort(have)  # water filling: the rare are raised to one line
    filled = np.arange(1, len(line) + 1)
    heights = (np.cumsum(line) + n) / filled
    height = heights[np.flatnonzero(heights >= line)[-1]]
    missing = np.maximum(height - have, 0)
    counts = counts_of(missing / max(missing.sum(), 1e-12), n)
    return pd.DataFrame({0: _repeat(known, counts)}).set_axis(pd.Index([column], tupleize_cols=False), axis=1)


def values_of(name: Hashable, parts: FittedParts) -> list[Any]:
    """Return the levels of a column, or its numbers where there are few, in order and in their own look.

    Raises
    ------
    ConditionError
        If the column is unknown or has too many values.
    """
    column = column_of(name, parts.schema)
    codec = parts.encoder.codecs.get(name)
    if column.levels:
        return list(column.levels)
    if isinstance(codec, NumericCodec) and (codec.knots[:, 0] == codec.knots[:, -1]).all():
        return list(restore_column(pd.Series(codec.knots[:, 0]), column))
    raise ConditionError(
        f"Column {name!r} ({column.kind}) has too many values to treat each. Name a column of few values."
    )


def counts_of(shares: np.ndarray, n: int) -> np.ndarray:
    """Return whole numbers in proportion to shares that add up to ``n`` (largest remainders)."""
    exact = shares * n
    counts = np.floor(exact).astype(int)
    for place in np.argsort(counts - exact, kind="stable")[: n - counts.sum()]:
        counts[place] += 1
    return counts


def _repeat(levels: list[Any], counts: np.ndarray) -> np.ndarray:
    values = np.empty(len(levels), dtype=object)
    values[:] = levels
    return np.repeat(values, counts)
