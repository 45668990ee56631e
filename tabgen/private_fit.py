"""A real table, its schema and a privacy budget to fitted parts, which hold nothing else of the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.cleaning import clean
from tabgen.encoding.private import (
    PrivateEncoding,
    PrivateNoise,
    PublicFacts,
    fit_private_encoder,
    private_releases,
)
from tabgen.errors import SchemaError
from tabgen.gathering import Gathered
from tabgen.history import history_of
from tabgen.identifiers import Counting, Generator, RandomUUIDs
from tabgen.inference import infer_schema
from tabgen.jsonvalues import dtype_from_json
from tabgen.looks import NULLS
from tabgen.modelfile import FittedParts
from tabgen.privacy import DifferentialPrivacy, plan_spending
from tabgen.protection import ProtectionLog
from tabgen.relations import OneHot, Predicate, Proportional, Relation, Total, learn_relations, relate
from tabgen.schema import LEVELLED, REPLACED, Column, Schema

RATE = 2e-3  # learning rate, unless one is asked for: the noise of a step is none of the batch's
PAIRS = ("first scores", "first pairs", "second scores", "second pairs")


def fit_privately(
    parameters: Mapping[str, Any],
    table: Gathered,
    schema: Schema | None = None,
    callbacks: Sequence[Any] = (),
) -> FittedParts:
    """Learn a table within the budget of differential privacy among the parameters.

    Parameters
    ----------
    parameters : mapping of str to Any
        Constructor parameters of `TabularGAN`.
    table : Gathered
        The real table, all of it.
    schema : Schema, optional
        What its columns are, by default inferred. Its levels are released through noise like any others.
    callbacks : sequence of keras.callbacks.Callback
        Must be empty.

    Returns
    -------
    FittedParts

    Raises
    ------
    ValueError
        If a parameter would tell of the rows beyond the budget.
    SchemaError
        If a relation would, or a column without missing values has no value frequent enough to be shown.
    ImportError
        If dp-accounting is not installed.
    """
    from tabgen.models.private import PrivatePlan, fit_private, plan_steps

    budget: DifferentialPrivacy = parameters["privacy"]
    if table.partial:
        raise ValueError(
            f"The table has {table.rows:,} rows, more than a private fit takes from files or chunks. "
            "Pass a frame: all rows, or a part drawn at random without looking at them."
        )
    frame, rows = table.frame, len(table.frame)
    schema = infer_schema(frame) if schema is None else schema
    _refuse_leaks(parameters, rows, schema, callbacks)
    tidy = clean(frame, replace(schema, columns=tuple(replace(c, missing=0.5) for c in schema.columns)))
    given = () if isinstance(parameters["relations"], str) else parameters["relations"]
    rules = learn_relations(given, tidy)
    for rule in rules:
        if isinstance(rule, Predicate):
            rule.check(frame)
    tidy = relate(tidy, rules)
    facts = _public_facts(schema, rules, budget)
    steps, rate = plan_steps(rows, parameters["epochs"], parameters["batch_size"])
    spending = plan_spending(budget, [*private_releases(tidy, facts), *PAIRS, "steps"], steps, rate)
    rng = np.random.default_rng(parameters["random_state"])
    own = {name: spending.noise.get(name, 0.0) for name in ("values", "magnitudes", "cells")}
    encoding = fit_private_encoder(tidy, facts, PrivateNoise(**own, delta=spending.threshold_delta), rng)
    fitted, layout = None, encoding.encoder.layout
    if layout.tokens:
        asked = parameters["learning_rate"]
        plan = PrivatePlan(steps, rate, RATE if isinstance(asked, str) else asked, spending.noise)
        codes = encoding.encoder.encode(encoding.tidy)
        fitted = fit_private(layout, codes, encoding.token_counts(), plan, rng)
    return FittedParts(
        parameters=dict(parameters),
        schema=_told_schema(schema, encoding, rules),
        relations=tuple(replace(rule, support=0) for rule in rules),  # type: ignore[type-var]
        encoder=encoding.encoder,
        identifiers={c.name: _fresh(c) for c in schema.columns if c.kind in REPLACED},
        model=None if fitted is None else fitted.model,
        history=history_of(() if fitted is None else fitted.stages),
        dialect=table.dialect,
        protection=ProtectionLog(),
        spending=spending,
    )


def _refuse_leaks(parameters: Mapping[str, Any], rows: int, schema: Schema, callbacks: Sequence[Any]) -> None:
    """Refuse whatever would tell of the rows beyond the budget."""
    budget = parameters["privacy"]
    if parameters["model"] == "gan":
        raise ValueError(
            'model="gan" cannot go with privacy: its critic looks at the rows in each step. Use "vae".'
        )
    if parameters["max_minutes"] is not None:
        raise ValueError(
            "max_minutes cannot go with privacy: how long a step takes tells of the rows. Set epochs instead."
        )
    if callbacks:
        raise ValueError(
            "callbacks cannot go with privacy: what they see and decide is not in the budget. Leave them out."
        )
    if budget.delta >= 1 / rows:
        raise ValueError(
            f"delta={budget.delta:g} would let a model of {rows:,} rows give one of them away. Choose a "
            f"delta below {1 / rows:.1g}."
        )
    numbers = [column.name for column in schema.columns if column.kind in ("numeric", "duration")]
    for name in budget.bounds:
        if name not in numbers:
            raise ValueError(f"The bounds are of {name!r}, which is no column of numbers. Take them out.")
    for rule in () if isinstance(parameters["relations"], str) else parameters["relations"]:
        known = isinstance(rule, Proportional) and rule.factor is not None
        if not known and not isinstance(rule, (Total, OneHot, Predicate)):
            raise SchemaError(
                f"The relation {rule.describe()!r} cannot go with privacy: it would read values from the "
                "rows. Only Total, OneHot, Predicate and Proportional with its factor can."
            )


def _public_facts(schema: Schema, rules: Sequence[Relation], budget: DifferentialPrivacy) -> PublicFacts:
    """Return what is public of the tidy frame."""
    hot = {rule.members[0] for rule in rules if isinstance(rule, OneHot)}
    known = {column.name for column in schema.columns if column.kind in ("boolean", *REPLACED)}
    whole = {column.name for column in schema.columns if _is_whole(column)}
    return PublicFacts(frozenset(hot | known), frozenset(hot | whole), budget.bounds)


def _is_whole(column: Column) -> bool:
    """Tell whether the dtype of a column has no missing value."""
    dtype = dtype_from_json(column.dtype, column.levels)
    return isinstance(dtype, np.dtype) and dtype.kind in "iub"


def _told_schema(schema: Schema, encoding: PrivateEncoding, rules: Sequence[Relation]) -> Schema:
    """Return a schema that holds what was released only."""
    missing = dict(encoding.missing)
    for rule in rules:  # a column that is worked out is missing where its parts are
        most = max((encoding.missing.get(name, 0.0) for name in rule.columns), default=0.0)
        missing |= {name: most for name in rule.columns if name not in encoding.missing}
    columns = [_told(c, encoding.kept.get(c.name), missing.get(c.name, 0.0)) for c in schema.columns]
    return replace(schema, columns=tuple(columns))


def _told(column: Column, kept: np.ndarray | None, missing: float) -> Column:
    """Return a column with the levels kept and a noisy share of missing values."""
    null = column.null if column.null in (None, *NULLS) else ""
    unique = column.unique and column.kind in REPLACED
    told = replace(column, missing=missing, null=null, null_shares=(), unique=unique)
    if column.kind == "constant" and not column.levels:
        return replace(told, missing=1.0)
    if column.kind not in (*LEVELLED, "constant") or kept is None:
        return told
    levels = tuple(column.levels[number] for number in kept)
    if not levels and _is_whole(column):
        raise SchemaError(
            f"No value of column {column.name!r} is frequent enough to be shown at this epsilon, and its "
            "dtype has no missing value. Leave the column out."
        )
    if not levels:
        return replace(told, kind="constant", levels=(), missing=1.0, reason="no value is frequent enough")
    if len(levels) == 1 and missing == 0:
        return replace(told, kind="constant", levels=levels)
    return replace(told, levels=levels)


def _fresh(column: Column) -> Generator:
    """Return a generator of keys that knows nothing of those in the table."""
    whole = pd.api.types.is_integer_dtype(dtype_from_json(column.dtype))
    return Counting(1, 1) if whole or column.number is not None else RandomUUIDs(upper=False)
