"""Rows that a fitted model is asked about to tidy values, and what was known back into drawn rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.cleaning import clean
from tabgen.conditions import column_of
from tabgen.encoding import CategoricalCodec
from tabgen.modelfile import FittedParts
from tabgen.profiling import need_frame
from tabgen.relations import Unique
from tabgen.relations.relation import with_columns
from tabgen.schema import LEVELLED, Column, Schema


def read_rows(table: pd.DataFrame, parts: FittedParts) -> pd.DataFrame:
    """Return the tidy values of rows with all columns of the training table.

    Parameters
    ----------
    table : pandas.DataFrame
        All columns of the training table.
    parts : FittedParts
        The fitted model. Where it was protected, a level that it does not know may have been taken out as
        too rare: it counts as the rarest one that is left.

    Raises
    ------
    SchemaError
        If a column is absent or a value is not of its column.
    """
    return as_rarest(clean(need_frame(table), parts.schema, lenient=_is_protected(parts)), table, parts)


def as_rarest(tidy: pd.DataFrame, table: pd.DataFrame, parts: FittedParts) -> pd.DataFrame:
    """Return tidy values with the rarest level of a column where a cell holds one that is not known."""
    changed: dict[Hashable, Any] = {}
    if not _is_protected(parts):
        return tidy
    for column in parts.schema.columns:
        if column.kind in LEVELLED and column.name in tidy and column.name in table:
            strange = tidy[column.name].isna() & ~gaps(table, column.name, parts.schema).to_numpy()
            if strange.any():
                codec = parts.encoder.codecs.get(column.name)
                weights = codec.weight_of_level if isinstance(codec, CategoricalCodec) else np.ones(1)
                rarest = int(np.where(weights > 0, weights, np.inf).argmin())
                changed[column.name] = tidy[column.name].mask(strange, rarest)
    return with_columns(tidy, changed) if changed else tidy


def _is_protected(parts: FittedParts) -> bool:
    """Tell whether rare values may have been taken out before anything was learned."""
    return parts.protection.protection is not None or parts.spending is not None


def read_known(table: pd.DataFrame, parts: FittedParts, *, lenient: bool = False) -> pd.DataFrame:
    """Return the tidy values of a table that need not have all columns: all columns, missing where unknown.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of the training table, or some of them; missing cells are not known.
    parts : FittedParts
        The fitted model.
    lenient : bool, default=False
        Whether a level that protection may have taken out as too rare counts as missing.

    Raises
    ------
    ConditionError
        If a column is not in the training table.
    SchemaError
        If a value is not of its column.
    """
    for name in table.columns:
        column_of(name, parts.schema)
    given = tuple(column for column in parts.schema.columns if column.name in table.columns)
    empty = {column.name: gaps(table, column.name, parts.schema) for column in given}
    filled = pd.DataFrame({place: table[c.name].where(~empty[c.name]) for place, c in enumerate(given)})
    filled.columns = pd.Index([column.name for column in given], tupleize_cols=False)
    own = replace(parts.schema, columns=given)
    tidy = clean(filled.set_axis(table.index), own, lenient=lenient and _is_protected(parts))
    absent = {
        column.name: _nothing(column, len(table))
        for column in parts.schema.columns
        if column.modelled and column.name not in tidy
    }
    return with_columns(tidy, absent)


def without_repeats(parts: FittedParts, known: pd.DataFrame) -> FittedParts:
    """Return fitted parts without the rules that no two rows be alike in columns that are known in full.

    Nothing drawn could change what is known. Several draws of one row are alike in it, and should be.
    """
    full = set(known.columns[known.notna().all()])
    left = [rule for rule in parts.relations if not (isinstance(rule, Unique) and full >= set(rule.members))]
    return replace(parts, relations=tuple(left))


def _nothing(column: Column, rows: int) -> Any:
    """Return a tidy column of which nothing is known."""
    if column.kind == "datetime":
        return np.full(rows, np.datetime64("NaT", "us"))
    if column.kind in ("numeric", "duration"):
        return np.full(rows, np.nan)
    levels = range(len(column.levels)) if column.kind in LEVELLED else [0]
    return pd.Categorical.from_codes(np.full(rows, -1), levels, ordered=column.kind == "ordinal")


def keep_cells(drawn: pd.DataFrame, table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Return drawn rows with all cells that a table has as they stand there, and its index."""
    kept = drawn.set_axis(table.index)
    for name in table.columns:
        own = ~gaps(table, name, schema).to_numpy()
        column = kept[name].copy()
        column[own] = table[name][own].astype(column.dtype).array
        kept[name] = column
    return kept


def gaps(table: pd.DataFrame, name: Hashable, schema: Schema) -> pd.Series:
    """Return which cells of a column are missing, in its own spelling or empty, or not there at all."""
    if name not in table.columns:
        return pd.Series(True, index=table.index)
    column = column_of(name, schema)
    missing = table[name].isna()
    for spelling in (column.null, "" if "" not in column.levels else None):
        if spelling is not None and table[name].dtype.kind not in "biufcmM":
            missing |= (table[name] == spelling).fillna(False).astype(bool)
    return missing
