"""Shares that the levels of a column shall have to one row of conditions for each row of a sample."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tabgen.conditions import read_conditions
from tabgen.errors import ConditionError
from tabgen.schema import Schema

Shares: TypeAlias = "Hashable | Mapping[Hashable, Mapping[Any, float]]"


def balanced_rows(shares: Shares, n: int, schema: Schema, source: np.random.SeedSequence) -> pd.DataFrame:
    """Return conditions under which levels have the shares asked for, to the row, in random order.

    Parameters
    ----------
    shares : label or mapping
        A column, all levels of which shall be as frequent; or for some columns the share of each level.
    n : int
        Number of rows.
    schema : Schema
        The columns.
    source : numpy.random.SeedSequence
        Seed of the order.

    Raises
    ------
    ConditionError
        If a column or level is unknown, or shares do not add up to 1.

    Examples
    --------
    >>> from tabgen.inference import infer_schema
    >>> schema = infer_schema(pd.DataFrame({"churn": ["no"] * 90 + ["yes"] * 10}))
    >>> shares = {"churn": {"yes": 0.25, "no": 0.75}}
    >>> balanced_rows(shares, 8, schema, np.random.SeedSequence(0))["churn"].value_counts().to_dict()
    {'no': 6, 'yes': 2}
    """
    asked = shares if isinstance(shares, Mapping) else {shares: None}
    rng = np.random.default_rng(source.spawn(1)[0])
    columns: dict[Hashable, np.ndarray] = {}
    for name, wanted in asked.items():
        levels = levels_of(name, schema)
        own = dict.fromkeys(levels, 1 / len(levels)) if wanted is None else wanted
        read_conditions({name: list(own)}, schema)  # are all of them levels?
        if abs(sum(own.values()) - 1) > 1e-6 or min(own.values()) < 0:
            raise ConditionError(
                f"The shares of column {name!r} add up to {sum(own.values()):g}, the least of them is "
                f"{min(own.values()):g}. Let them add up to 1, none below 0."
            )
        columns[name] = rng.permutation(_repeat(list(own), counts_of(np.array(list(own.values())), n)))
    table = pd.DataFrame(dict(enumerate(columns.values())), index=range(n))
    table.columns = pd.Index(list(columns), tupleize_cols=False)
    return table


def rows_to_even(levels: pd.Series, n: int, column: Hashable, schema: Schema) -> pd.DataFrame:
    """Return conditions of ``n`` rows that, added to a table, make its levels as even as can be.

    Parameters
    ----------
    levels : pandas.Series
        The column as it is.
    n : int
        Number of rows to add.
    column : Hashable
        Its label.
    schema : Schema
        The columns.
    """
    known = levels_of(column, schema)
    have = levels.value_counts().reindex(known, fill_value=0).to_numpy().astype(np.float64)
    line = np.sort(have)  # water filling: the rare are raised to one line
    filled = np.arange(1, len(line) + 1)
    heights = (np.cumsum(line) + n) / filled
    height = heights[np.flatnonzero(heights >= line)[-1]]
    missing = np.maximum(height - have, 0)
    counts = counts_of(missing / max(missing.sum(), 1e-12), n)
    return pd.DataFrame({0: _repeat(known, counts)}).set_axis(pd.Index([column], tupleize_cols=False), axis=1)


def levels_of(name: Hashable, schema: Schema) -> list[Any]:
    """Return the levels of a column that has some."""
    found = [column for column in schema.columns if column.name == name]
    if not found or not found[0].levels:
        raise ConditionError(
            f"Column {name!r} {'has no levels' if found else 'is not in the table'}. Name a column of levels."
        )
    return list(found[0].levels)


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
