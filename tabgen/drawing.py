"""A fitted model and what is asked of each row to a table that holds it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabgen.allowed import allowed_codes, placed
from tabgen.cleaning import restore
from tabgen.conditions import Condition
from tabgen.encoding import DatetimeCodec, NumericCodec
from tabgen.encoding.layout import MISSING
from tabgen.errors import ConditionError
from tabgen.identifiers import draw_identifiers
from tabgen.implied import implied_conditions, implied_values, lacking, settle
from tabgen.modelfile import FittedParts
from tabgen.relations import Predicate, Total, unrelate
from tabgen.relations.predicate import draw_until
from tabgen.relations.relation import with_columns, without_columns

ROUNDS = 12  # times that rows that break a condition are drawn again ...
TRIED = 20_000  # rows drawn at once in their place
MOST_IN_VAIN = 5_000  # rows drawn of which none holds what is asked: then there is but one more turn
KNOWN_ROUNDS = 6  # ... and those in which the rules between columns change what is known
FINER = 4  # times that values inside a code are drawn again before they are moved
PATIENT = 5  # rounds in which moments beyond a bound are drawn again before they are moved


@dataclass(frozen=True)
class Asked:
    """What is asked of rows.

    Attributes
    ----------
    conditions : mapping of Hashable to Condition
        What columns may hold, in every row.
    known : pandas.DataFrame or None
        Tidy values to keep, row by row, missing where one is to be drawn.
    filled : bool
        Whether what is not known must not be missing.
    """

    conditions: Mapping[Hashable, Condition]
    known: pd.DataFrame | None = None
    filled: bool = False


def draw_asked(parts: FittedParts, n: int, asked: Asked, source: np.random.SeedSequence) -> pd.DataFrame:
    """Draw rows that hold what is asked of them, in the form of the training table.

    Parameters
    ----------
    parts : FittedParts
        The fitted model.
    n : int
        Number of rows.
    asked : Asked
        What they must hold. What is known is kept as far as the rules between columns let it be.
    source : numpy.random.SeedSequence
        Seed of all draws.

    Raises
    ------
    ConditionError
        If some rows do not hold a condition after many draws, or nothing like it was ever seen.
    """
    own = _own(asked, parts)
    masks, ranged = _masks(parts, own)
    known, told = _related(parts, own, n)
    evidence = _evidence(parts, masks, known, told)
    rows, tidy, tried, turn = np.arange(n), None, 0, 0
    while True:
        tries = max(min(2**turn, TRIED // max(len(rows), 1)), 1)  # of each row, the first that holds is taken
        each = np.repeat(rows, tries)
        codes = _draw_codes(parts, evidence[each], masks, ranged, asked.known is None, source)
        fresh = _decode(parts, codes, own, known.iloc[each], told.iloc[each], turn, source)
        fresh = _settled(fresh, parts, asked, each, told.iloc[each], turn)
        if tries > 1:
            wrong = np.logical_or.reduce(list(_faults(fresh, parts, asked, each, turn, source)[1].values()))
            fresh = fresh[np.arange(len(each)) % tries == np.repeat(_first_right(wrong, tries), tries)]
        fresh = fresh.set_axis(rows)
        tidy = fresh if tidy is None else pd.concat([tidy.drop(rows), fresh]).sort_index()
        table, faults = _faults(tidy, parts, asked, np.arange(n), turn, source)
        rows, tried = np.flatnonzero(np.logical_or.reduce(list(faults.values()))), tried + len(each)
        if not len(rows):
            return table
        if turn == ROUNDS - 1:
            break
        in_vain = len(rows) == n and tried >= MOST_IN_VAIN
        turn = ROUNDS - 1 if in_vain else turn + 1  # the last turn is the most lenient one
    worst = max(faults, key=lambda name: int(faults[name].sum()))
    raise ConditionError(
        f"After {tried:,} draws {len(rows):,} of {n:,} rows do not hold what was asked, "
        f"most often of {worst}.{_ties(worst, parts, asked)} Ask for less at once."
    )


def _ties(worst: str, parts: FittedParts, asked: Asked) -> str:
    """Name the rule, if there is one, that ties a column to another of which something was asked."""
    for rule in parts.relations:
        if len({*rule.columns} & {*asked.conditions}) > 1 and worst in map(_column, rule.columns):
            return f" A rule ties it to what else was asked: {rule.describe()}."
    return ""


def _column(name: Hashable) -> str:
    return f"column {name!r}"


def draw_free(
    parts: FittedParts, n: int, source: np.random.SeedSequence, *, stratified: bool
) -> pd.DataFrame:
    """Draw rows of which nothing is asked but to keep the rules between columns.

    Parameters
    ----------
    parts : FittedParts
        The fitted model.
    n : int
        Number of rows.
    source : numpy.random.SeedSequence
        Seed of all draws.
    stratified : bool
        Whether frequencies should vary less than those of independent rows.

    Raises
    ------
    SchemaError
        If a relation leaves no room for as many rows.
    """

    def draw(rows: int) -> pd.DataFrame:
        draws, decoding = source.spawn(2)
        codes = np.zeros((rows, 0), dtype=np.int32)
        if parts.model is not None:
            codes = parts.model.generate(rows, seed=draws, stratified=stratified)
        return parts.encoder.decode(codes, np.random.default_rng(decoding), stratified=stratified)

    def keep_rules(drawn: pd.DataFrame) -> pd.DataFrame:
        return unrelate(drawn, parts.relations)

    def show(tidy: pd.DataFrame) -> pd.DataFrame:
        return look(tidy, parts, source)

    predicates = [rule for rule in parts.relations if isinstance(rule, Predicate)]
    if not predicates:
        return show(keep_rules(draw(n)))
    return show(draw_until(n, draw, keep_rules, show, predicates))


def _faults(
    tidy: pd.DataFrame,
    parts: FittedParts,
    asked: Asked,
    rows: np.ndarray,
    turn: int,
    source: np.random.SeedSequence,
) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Return drawn rows as a table that keeps all rules, and by what is asked which of them break it."""
    made = unrelate(tidy, parts.relations)
    table = look(made, parts, source)
    faults = {"": np.zeros(len(made), dtype=bool)}
    for name, condition in asked.conditions.items():
        if name in made:
            faults[_column(name)] = ~condition.holds(made[name])
    for rule in parts.relations:
        if isinstance(rule, Predicate):
            faults[f"the relation {rule.text!r}"] = ~rule.holds(table)
    if asked.known is not None and turn < KNOWN_ROUNDS:
        faults["what is known"] = _changed(made, asked.known.iloc[rows].reset_index(drop=True))
    return table, faults


def _first_right(wrong: np.ndarray, tries: int) -> np.ndarray:
    """Return for each group of tries the number of the first that is not wrong, 0 where all are."""
    return np.asarray((~wrong).reshape(-1, tries).argmax(axis=1))


def look(tidy: pd.DataFrame, parts: FittedParts, source: np.random.SeedSequence) -> pd.DataFrame:
    """Return tidy rows in the form of the training table, with fresh keys and personal data."""
    rng = np.random.default_rng(source.spawn(1)[0])
    return restore(tidy, parts.schema, draw_identifiers(parts.identifiers, len(tidy), parts.schema, rng))


def _own(asked: Asked, parts: FittedParts) -> Asked:
    """Return what is asked of the columns that the model draws."""
    conditions = implied_conditions(asked.conditions, parts.relations, parts.schema)
    known = None if asked.known is None else implied_values(asked.known, parts.relations)
    return Asked(conditions, known, asked.filled)


def _settled(
    fresh: pd.DataFrame, parts: FittedParts, asked: Asked, rows: np.ndarray, told: pd.DataFrame, turn: int
) -> pd.DataFrame:
    """Return rows the parts of which add up to the sums asked for, where they nearly do: ever less nearly."""
    numbers = {name: c for name, c in parts.encoder.codecs.items() if isinstance(c, NumericCodec)}
    for rule in (rule for rule in parts.relations if isinstance(rule, Total)):
        known = None if asked.known is None else asked.known[rule.total]
        condition = asked.conditions.get(rule.total)
        if condition is None and (known is None or known.isna().all()):
            continue
        made = unrelate(fresh, parts.relations)[rule.total]
        missing = np.full(len(made), np.nan)
        if condition is not None:
            missing = lacking(made, condition, rule.decimals)
        if known is not None:
            wanted = known.iloc[rows].to_numpy()
            missing = np.where(np.isnan(wanted), missing, wanted - made.to_numpy())
        last = (ROUNDS if known is None else KNOWN_ROUNDS) - 1
        fresh = settle(fresh, rule, missing, numbers, told, float(made.std()) * 2.0 ** (turn - last))
    return fresh


def _masks(parts: FittedParts, asked: Asked) -> tuple[dict[int, np.ndarray], list[int]]:
    """Return which codes tokens may have, and the tokens for which more than one code will do."""
    masks: dict[int, np.ndarray] = {}
    layout = parts.encoder.layout
    for place, token in enumerate(layout.tokens if asked.filled else ()):
        if token.part == MISSING:
            masks[place] = np.array([True, False])
        elif token.missing and layout.gates[place] < 0:
            masks[place] = np.arange(token.cardinality) < token.cardinality - 1
    ranged = []
    for name, condition in asked.conditions.items():
        if name not in parts.encoder.codecs:
            continue  # a sum, or not learned: rows are drawn until it holds
        for place, mask in allowed_codes(condition, parts.encoder).items():
            masks[place] = masks.get(place, True) & mask
            ranged += [place] if mask.sum() > 1 else []
    return masks, ranged


def _related(parts: FittedParts, asked: Asked, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return known values in the form that the model learned, and which cells of it are known."""
    if asked.known is None:
        nothing = pd.DataFrame(index=range(n))
        return nothing, nothing
    known, told = asked.known, asked.known.notna()
    for relation in parts.relations:
        after = relation.forward(known)
        own = told[list(relation.columns)].all(axis=1).to_numpy()
        changed = [name for name in after if name not in known or not after[name].equals(known[name])]
        told = without_columns(told, [name for name in told if name not in after])
        known, told = after, with_columns(told, dict.fromkeys(changed, own))
    return known, told


def _evidence(
    parts: FittedParts, masks: Mapping[int, np.ndarray], known: pd.DataFrame, told: pd.DataFrame
) -> np.ndarray:
    """Return the codes that are known, -1 elsewhere: shape ``(rows, tokens)``."""
    tokens = parts.encoder.layout.tokens
    evidence = np.full((len(known), len(tokens)), -1, dtype=np.int32)
    for place, mask in masks.items():
        if mask.sum() == 1:
            evidence[:, place] = mask.argmax()
    if told.columns.empty or not tokens:
        return evidence
    codes = parts.encoder.encode(known)
    own = np.stack([told[token.column].to_numpy() for token in tokens], axis=1)
    return np.where(own, codes, evidence)


def _draw_codes(
    parts: FittedParts,
    evidence: np.ndarray,
    masks: Mapping[int, np.ndarray],
    ranged: Sequence[int],
    alike: bool,
    source: np.random.SeedSequence,
) -> np.ndarray:
    if parts.model is None:
        return evidence
    from tabgen.models.conditional import draw_given

    seed = source.spawn(1)[0]
    return draw_given(parts.model, evidence, allowed=masks, ranged=ranged, alike=alike, seed=seed)


def _decode(
    parts: FittedParts,
    codes: np.ndarray,
    asked: Asked,
    known: pd.DataFrame,
    told: pd.DataFrame,
    turn: int,
    source: np.random.SeedSequence,
) -> pd.DataFrame:
    """Return codes as tidy rows in which what is known stands, and conditions hold to the last digit.

    Only of moments some may not hold, in the first turns: the month that was drawn may lie behind a bound
    of which the year knew nothing. Moved to that bound, such moments would all be the same one.
    """
    rng = np.random.default_rng(source.spawn(1)[0])
    encoder = parts.encoder
    tidy = encoder.decode(codes, rng)
    known, told = known.reset_index(drop=True), told.reset_index(drop=True)
    for name in tidy:
        if name in told and told[name].any():
            own = known[name].astype(tidy[name].dtype)
            tidy = with_columns(tidy, {name: tidy[name].where(~told[name], own).values})
    for name, condition in asked.conditions.items():
        if name not in encoder.codecs:
            continue
        for _ in range(FINER):  # a code may stand for values on both sides of a bound
            wrong = ~condition.holds(tidy[name])
            if not wrong.any():
                break
            again = encoder.decode(codes[wrong], rng)[name].set_axis(np.flatnonzero(wrong))
            column = pd.concat([tidy[name][~wrong], again]).sort_index()
            tidy = with_columns(tidy, {name: column.values})
        if turn < PATIENT and isinstance(encoder.codecs[name], DatetimeCodec):
            continue
        tidy = with_columns(tidy, {name: placed(tidy[name], condition, encoder.codecs[name]).values})
    return tidy


def _changed(made: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Return the rows in which the rules between columns have changed what is known."""
    changed = np.zeros(len(made), dtype=bool)
    for name in known:
        own = known[name].astype(made[name].dtype)
        changed |= (own.notna() & ~(own == made[name]).fillna(False)).to_numpy()
    return changed
