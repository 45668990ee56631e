"""What is asked of columns that follow from others to what those others must hold."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from tabgen.conditions import Condition, both, column_of
from tabgen.encoding import NumericCodec
from tabgen.relations import OneHot, Proportional, Relation, Total
from tabgen.relations.relation import as_numbers, with_columns
from tabgen.schema import Schema


def implied_conditions(
    conditions: Mapping[Hashable, Condition], relations: Sequence[Relation], schema: Schema
) -> dict[Hashable, Condition]:
    """Return conditions on what the model draws that rows must hold to hold the given ones.

    Parameters
    ----------
    conditions : mapping of Hashable to Condition
        Conditions on columns of the table.
    relations : sequence of Relation
        Fitted rules, in the order in which they were learned.
    schema : Schema
        The columns of the table.

    Raises
    ------
    ConditionError
        If two conditions contradict each other by a rule.
    """
    found = dict(conditions)
    for relation in relations:
        if isinstance(relation, Proportional) and relation.column in found:
            asked = _of_multiple(found[relation.column], relation, schema)
            found[relation.of] = both(found[relation.of], asked) if relation.of in found else asked
        elif isinstance(relation, OneHot):
            members = [found.pop(name, None) for name in relation.members]
            levels = _of_members(members, relation)
            if not all(levels):
                first = column_of(relation.members[0], schema)
                category = replace(first, kind="categorical", levels=tuple(range(len(levels))))
                text = " and ".join(f"{c.column.name} {c.asked}" for c in members if c is not None)
                asked = Condition(category, False, levels, (), text)
                found[relation.members[0]] = both(asked, asked)
    return found


def _of_multiple(condition: Condition, rule: Proportional, schema: Schema) -> Condition:
    """Return the condition on a number under which its multiple holds one, before it is rounded."""
    factor = float(rule.factor or 0)
    if factor == 0:
        return replace(condition, column=column_of(rule.of, schema), intervals=((-np.inf, np.inf),))
    half = 0.0 if rule.decimals is None else 0.5 * 10.0**-rule.decimals
    ends = [sorted(((low - half) / factor, (high + half) / factor)) for low, high in condition.intervals]
    return replace(
        condition,
        column=column_of(rule.of, schema),
        intervals=tuple((low, high) for low, high in sorted(ends)),
        asked=f"{rule.column} {condition.asked}",
    )


def _of_members(members: Sequence[Condition | None], rule: OneHot) -> tuple[bool, ...]:
    """Return which of several flags may be the one that is set."""
    fits = np.ones(len(members), dtype=bool)
    for place, condition in enumerate(members):
        if condition is not None:
            off_on = (
                pd.Series(pd.Categorical.from_codes([0, 1], range(2)))
                if rule.levelled[place]
                else pd.Series([0.0, 1.0])
            )
            off, on = condition.holds(off_on)
            fits &= np.where(np.arange(len(members)) == place, on, off)
    return tuple(fits.tolist())


def implied_values(known: pd.DataFrame, relations: Sequence[Relation]) -> pd.DataFrame:
    """Return known values with those that follow from them by a rule.

    Parameters
    ----------
    known : pandas.DataFrame
        Tidy values, missing where nothing is known.
    relations : sequence of Relation
        Fitted rules.
    """
    for relation in relations:
        if not set(relation.columns) <= set(known.columns):
            continue
        if isinstance(relation, Proportional) and relation.factor:
            of, multiple = known[relation.of], known[relation.column]
            known = with_columns(known, {relation.of: of.fillna(multiple / relation.factor).to_numpy()})
        elif isinstance(relation, Total):
            parts = known[list(relation.parts)]
            rest = known[relation.total] - parts.sum(axis=1)  # what the one part that is not known must be
            alone = parts.isna().sum(axis=1) == 1
            filled = {name: parts[name].fillna(rest.where(alone)).to_numpy() for name in relation.parts}
            known = with_columns(known, filled)
        elif isinstance(relation, OneHot):
            block = np.stack([as_numbers(known[name]) for name in relation.members], axis=1)
            told = (block == 1).sum(axis=1) == 1
            off = {
                name: np.where(told & known[name].isna(), 0.0, as_numbers(known[name]))
                for name in relation.members
            }
            known = with_columns(known, off)
    return known


def settle(
    drawn: pd.DataFrame,
    rule: Total,
    missing: np.ndarray,
    codecs: Mapping[Hashable, NumericCodec],
    told: pd.DataFrame,
    furthest: float,
) -> pd.DataFrame:
    """Move one part of a sum by what the sum lacks, where that is near and the part can be such a number.

    Parameters
    ----------
    drawn : pandas.DataFrame
        Rows in the form that the model learned.
    rule : Total
        The sum.
    missing : numpy.ndarray
        What each sum lacks, not a number where nothing is asked of it: shape ``(rows,)``.
    codecs : mapping of Hashable to NumericCodec
        The parts that may be moved.
    told : pandas.DataFrame
        Which cells are known and stay.
    furthest : float
        The longest move.
    """
    left = (missing != 0) & (np.abs(missing) <= furthest)
    for name in sorted((part for part in rule.parts if part in codecs), key=lambda part: -drawn[part].std()):
        codec, values = codecs[name], drawn[name].to_numpy()
        moved = values + missing
        if codec.step:
            moved = codec.offset + np.round((moved - codec.offset) / codec.step) * codec.step
        if codec.decimals is not None:
            moved = np.round(moved, codec.decimals)
        exact = np.abs(moved - values - missing) <= 1e-6 * np.maximum(np.abs(moved), 1)
        within = (moved >= codec.knots[:, 0].min()) & (moved <= codec.knots[:, -1].max())
        free = ~told[name].to_numpy() if name in told else True
        own = left & exact & within & free
        drawn = with_columns(drawn, {name: np.where(own, moved, values)})
        left &= ~own
    return drawn


def lacking(made: pd.Series, condition: Condition, decimals: int | None) -> np.ndarray:
    """Return how far sums are from the nearest ones that hold a condition, shape ``(rows,)``."""
    values = made.to_numpy(dtype=np.float64)
    if not condition.intervals:
        return np.full(len(values), np.nan)
    ends = np.array(condition.intervals, dtype=np.float64)  # (intervals, 2)
    if decimals is not None:  # the outermost sums that can be written
        step, written = 10.0**-decimals, np.round(ends, decimals)
        ends[:, 0] = np.where(written[:, 0] < ends[:, 0], written[:, 0] + step, written[:, 0])
        ends[:, 1] = np.where(written[:, 1] > ends[:, 1], written[:, 1] - step, written[:, 1])
        ends = ends[ends[:, 0] <= ends[:, 1]]
    gaps = np.clip(values[:, None], ends[:, 0], ends[:, 1]) - values[:, None]
    if not gaps.shape[1]:
        return np.full(len(values), np.nan)
    return gaps[np.arange(len(values)), np.abs(gaps).argmin(axis=1)]
