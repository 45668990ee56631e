"""A tidy table, its schema and its rules to the same without values that point to few rows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tabgen.encoding import Support
from tabgen.errors import SchemaError, TableError
from tabgen.looks import NULLS
from tabgen.protection.levels import merge_levels, withdraw
from tabgen.protection.numbers import code_extremes, count_rare_numbers
from tabgen.protection.plan import Change, Protection, ProtectionLog
from tabgen.relations import Relation, relate
from tabgen.relations.pruned import prune_bounds, prune_tables
from tabgen.schema import Column, Schema

__all__ = ["Change", "Protected", "Protection", "ProtectionLog", "protect"]

FEWEST_ROWS = 100  # "auto" leaves smaller tables alone: little would be left of them


@dataclass(frozen=True)
class Protected:
    """A protected table.

    Attributes
    ----------
    related : pandas.DataFrame
        What a model learns: the table in the form of `tabgen.relations.relate`.
    schema, relations
        What its columns are and which rules they keep.
    support : dict of Hashable to Support
        Fewest rows of a leaf, by column.
    fewest : dict of Hashable to int
        Fewest rows that share what is stored, by column.
    log : ProtectionLog
        What was changed.
    """

    related: pd.DataFrame
    schema: Schema
    relations: tuple[Relation, ...]
    support: dict[Hashable, Support]
    fewest: dict[Hashable, int]
    log: ProtectionLog


def protect(
    tidy: pd.DataFrame,
    schema: Schema,
    relations: tuple[Relation, ...],
    protection: Protection | str | None,
    seed: int,
) -> Protected:
    """Take out of a table what points to few of its rows.

    Parameters
    ----------
    tidy : pandas.DataFrame
        From `tabgen.cleaning.clean`.
    schema : Schema
        Its schema.
    relations : tuple of Relation
        Rules as learned from it.
    protection : Protection, "auto", "strict" or None
        "auto" is ``Protection()`` for tables of ``FEWEST_ROWS`` rows or more, else None, which leaves all
        as it is; "strict" is ``Protection(extremes=True, categories=True)``.
    seed : int
        Seed of the draws of similar rows.

    Raises
    ------
    SchemaError
        If a column of its own protection is not in the table.
    TableError
        If the table has fewer than twice the rows that must share a value.

    Examples
    --------
    >>> from tabgen.cleaning import clean
    >>> from tabgen.inference import infer_schema
    >>> frame = pd.DataFrame({"town": ["Rome"] * 60 + ["Oslo"] * 59 + ["Zwolle"]})
    >>> schema = infer_schema(frame)
    >>> protected = protect(clean(frame, schema), schema, (), "auto", 0)
    >>> protected.schema.columns[0].levels, protected.log.changes[0].rows
    (('Oslo', 'Rome'), 1)
    """
    if protection == "strict":
        protection = Protection(extremes=True, categories=True)
    elif isinstance(protection, str):
        protection = Protection() if len(tidy) >= FEWEST_ROWS else None
    if protection is None:
        return Protected(relate(tidy, relations), schema, relations, {}, {}, ProtectionLog())
    _check(protection, schema, len(tidy))
    own = {name: protection.of(name) for name in schema.names}
    plan = {name: one for name, one in own.items() if one is not None}
    fewest = {name: one.rows for name, one in plan.items()}
    changes: list[Change] = []
    rng = np.random.default_rng(seed)
    tidy, schema, gone = withdraw(tidy, schema, plan, rng, changes)
    for rule in relations:
        if gone & set(rule.columns):
            changes.append(Change(rule.describe(), "rule is gone with its column", 1, len(tidy)))
    relations = tuple(rule for rule in relations if not gone & set(rule.columns))
    tidy, schema = merge_levels(tidy, schema, relations, plan, rng, changes)
    relations, lost = prune_tables(relations, tidy, fewest)
    changes += [Change(text, "entries of too few rows are gone", *counts) for text, *counts in lost]
    related = code_extremes(relate(tidy, relations), schema, plan, changes)
    relations = prune_bounds(relations, related)
    support = {name: Support(plan[name].rows, not plan[name].extremes) for name in related if name in plan}
    count_rare_numbers(related, support, changes)
    columns = tuple(_plain_nulls(column, len(tidy), fewest.get(column.name, 1)) for column in schema.columns)
    log = ProtectionLog(protection, tuple(changes))
    return Protected(related, replace(schema, columns=columns), relations, support, fewest, log)


def _check(protection: Protection, schema: Schema, rows: int) -> None:
    strange = [name for name in protection.columns if name not in schema.names]
    if strange:
        raise SchemaError(
            f"protection names column {strange[0]!r}, which is not in the table. Its columns: {schema.names}."
        )
    most = max(one.rows for one in (protection, *protection.columns.values()) if one is not None)
    if rows < 2 * most:
        raise TableError(
            f"The table has {rows} rows, but values that {most} rows must share need {2 * most} rows. "
            "Give more, lower Protection.rows, or pass protection=None."
        )


def _plain_nulls(column: Column, rows: int, fewest: int) -> Column:
    """Return a column whose missing values have no spelling of few rows but the customary ones."""
    shares = dict(column.null_shares) or {column.null: 1.0}
    rare = {
        text for text, share in shares.items()
        if text is not None and text not in NULLS and round(share * column.missing * rows) < fewest
    }  # fmt: skip
    if not rare:
        return column
    kept = {text: share for text, share in shares.items() if text not in rare}
    null = "" if column.null in rare else column.null
    return replace(column, null=null, null_shares=tuple(kept.items()) if len(kept) > 1 else ())
