"""A tidy training table to the rules between columns that all its rows keep."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from tabgen.cleaning import clean
from tabgen.encoding.datetime import ticks_per_second
from tabgen.encoding.numeric import count_decimals
from tabgen.inference import infer_schema
from tabgen.relations.combined import Combination, Unique
from tabgen.relations.copied import find_copies
from tabgen.relations.derived import Determined, Increments, OneHot, Proportional, Total
from tabgen.relations.ordered import Ordered
from tabgen.relations.relation import Relation, as_numbers
from tabgen.relations.rows import contradicted, holding
from tabgen.schema import Schema

FEWEST_ROWS = 100  # fewer rows than this keep many rules by chance
SCREENED = 500  # rows that rule out most candidates before all rows are asked
FEWEST_STEPS = 10  # different numbers; fewer have a common step by chance
KEPT_OUT = 0.01  # share of the rows that a chance table would put where no row is
REPEATS = 20  # pairs of equal rows that chance would make where there is none
CHANCE = 0.02  # share of shuffled pairs out of order below which the ranges alone explain an order
EVIDENCE = 100  # rows that a chance table of levels would get wrong
MOST_KEYS = 64  # different numbers up to which one may decide another column
MOST_LEVELS = 2_000
MOST_PAIRED = 60  # columns, the first ones, whose pairs are looked at for combinations and repetitions
MOST_NUMBERS = 60  # columns of numbers up to which sums are looked for: their search grows with the cube


def infer_relations(frame: pd.DataFrame, schema: Schema | None = None) -> tuple[Relation, ...]:
    """Find the rules between the columns of a table, to choose from and to add to.

    Parameters
    ----------
    frame : pandas.DataFrame
        The table; it is not modified.
    schema : Schema, optional
        What the columns are; by default inferred.

    Returns
    -------
    tuple of Relation
        Rules for the parameter ``relations`` of `TabularGAN`.

    Examples
    --------
    >>> net = np.random.default_rng(0).integers(100, 900, 200)
    >>> frame = pd.DataFrame({"net": net, "gross": 2 * net})
    >>> [rule.describe() for rule in infer_relations(frame)]
    ['gross = 2 x net']
    """
    return find_relations(clean(frame, infer_schema(frame) if schema is None else schema))


def find_relations(tidy: pd.DataFrame) -> tuple[Relation, ...]:
    """Find the rules that hold in every row of a table, and that chance does not explain.

    Parameters
    ----------
    tidy : pandas.DataFrame
        From `tabgen.cleaning.clean`.

    Returns
    -------
    tuple of Relation
        Fitted rules, none of which writes a column that another one has left out.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> net, tax = rng.integers(100, 900, 200) / 1.0, rng.integers(1, 90, 200) / 1.0
    >>> tidy = pd.DataFrame({"net": net, "tax": tax, "gross": net + tax})
    >>> [rule.describe() for rule in find_relations(tidy)]
    ['net + tax = gross']
    """
    if len(tidy) < FEWEST_ROWS:
        return ()
    spread = np.linspace(0, len(tidy) - 1, min(SCREENED, len(tidy))).astype(int)
    few = tidy.iloc[spread].reset_index(drop=True)
    found: list[Relation] = []
    taken: set[Hashable] = set()  # columns that are worked out
    for rule in _proportional(tidy, few):
        if not taken & {rule.of, rule.column}:
            found.append(rule)
            taken.add(rule.column)
    for total in _totals(tidy, few, taken):
        if total.total not in taken and not taken & set(total.parts):
            found.append(total)
            taken.add(total.total)
    groups = _one_hot(tidy.drop(columns=[name for name in tidy if name in taken]))
    found += groups
    taken |= {name for group in groups for name in group.members}
    for determined in _determined(tidy, few):
        if not taken & set(determined.columns):
            found.append(determined)
            taken.add(determined.column)
    found += _increments(tidy, taken)
    found += _combinations(tidy, taken)
    found += _orders(tidy, few, taken)
    found += find_copies(tidy, few, [name for name in _varied(few) if name not in taken][:MOST_NUMBERS])
    return _agreeing(tidy, [*found, *_unique(tidy, few, found, taken)])


def _varied(tidy: pd.DataFrame) -> list[Hashable]:
    """Return the columns of numbers that take many values."""
    return [name for name in tidy if tidy[name].dtype.kind == "f" and tidy[name].nunique() > 5]


def _proportional(tidy: pd.DataFrame, few: pd.DataFrame) -> Iterator[Proportional]:
    for of, column in combinations(_varied(few)[:MOST_NUMBERS], 2):
        x, y = few[of].to_numpy(), few[column].to_numpy()
        if not np.array_equal(np.isnan(x), np.isnan(y)) or np.nanmax(np.abs(x)) == 0:
            continue
        at = np.nanargmax(np.abs(x))
        if not np.allclose(x * (y[at] / x[at]), y, rtol=0.05, atol=1, equal_nan=True):
            continue
        rule = holding(Proportional(of, column), few, tidy)
        if isinstance(rule, Proportional):
            yield rule


def _totals(tidy: pd.DataFrame, few: pd.DataFrame, taken: set[Hashable]) -> Iterator[Total]:
    names = [name for name in _varied(few) if name not in taken][:MOST_NUMBERS]
    if len(names) < 3:
        return
    block = few[names].to_numpy()  # (rows, columns)
    for i, j in combinations(range(len(names)), 2):
        added = (block[:, i] + block[:, j])[:, None]
        scale = 1e-9 * np.maximum(np.abs(block), 1)
        same = (np.abs(block - added) <= scale) | (np.isnan(block) & np.isnan(added))
        for k in np.flatnonzero(same.all(axis=0)):
            rule = None if k in (i, j) else holding(Total((names[i], names[j]), names[k]), tidy)
            if isinstance(rule, Total):
                yield rule


def _one_hot(tidy: pd.DataFrame) -> list[OneHot]:
    """Return groups of at least three columns of zeros and ones, one of which is one in every row."""
    binary = [name for name in tidy if _is_binary(tidy[name])]
    if len(binary) < 3:
        return []
    block = np.stack([as_numbers(tidy[name]) for name in binary], axis=1)  # (rows, columns)
    together = block.T @ block
    groups, left = [], list(range(len(binary)))
    while left:
        group = [left[0]]
        for k in left[1:]:
            if not together[k, group].any():
                group.append(k)
        left = left[1:]
        rule = holding(OneHot(tuple(binary[k] for k in group)), tidy) if len(group) > 2 else None
        if isinstance(rule, OneHot):
            groups.append(rule)
            left = [k for k in left if k not in group]
    return groups


def _is_binary(column: pd.Series) -> bool:
    numbers = as_numbers(column)
    if isinstance(column.dtype, pd.CategoricalDtype) and len(column.cat.categories) != 2:
        return False
    return column.dtype.kind != "M" and set(np.unique(numbers)) == {0.0, 1.0}


def _determined(tidy: pd.DataFrame, few: pd.DataFrame) -> list[Determined]:
    """Return which columns of few values follow from another, the most detailed column deciding."""
    sizes = {name: tidy[name].nunique(dropna=False) for name in tidy if tidy[name].dtype.kind != "M"}
    most = {name: MOST_KEYS if tidy[name].dtype.kind == "f" else MOST_LEVELS for name in sizes}
    names = [name for name in sizes if 1 < sizes[name] <= min(most[name], len(tidy) // 5)]
    names.sort(key=lambda name: sizes[name])
    codes = {name: pd.factorize(as_numbers(tidy[name]), use_na_sentinel=False)[0] for name in names}
    early = np.linspace(0, len(tidy) - 1, len(few)).astype(int)
    found, decided = [], set()
    for j, column in enumerate(names):
        for by in names[j + 1 :] + names[:j]:
            if by in decided or sizes[by] < sizes[column] or column in decided:
                continue
            pair = codes[by], codes[column]
            if _is_function(*(c[early] for c in pair)) and _is_function(*pair) and _is_evident(*pair):
                rule = holding(Determined(by, column), tidy)
                if isinstance(rule, Determined):
                    found.append(rule)
                    decided.add(column)
    return found


def _is_function(by: np.ndarray, column: np.ndarray) -> bool:
    first = np.zeros(by.max() + 1, dtype=np.int64)
    first[by] = column
    return bool((first[by] == column).all())


def _is_evident(by: np.ndarray, column: np.ndarray) -> bool:
    """Tell whether enough rows of all but the commonest value repeat what their key said before."""
    rows = column != np.bincount(column).argmax()
    return bool(rows.sum() - len(np.unique(by[rows])) >= EVIDENCE)


def _increments(tidy: pd.DataFrame, taken: set[Hashable]) -> list[Increments]:
    """Return which numbers come in steps larger than their last digit."""
    rules = []
    for name in tidy:
        if tidy[name].dtype.kind != "f" or name in taken or tidy[name].nunique() < FEWEST_STEPS:
            continue
        rule = holding(Increments(name), tidy)
        decimals = count_decimals(tidy[name].dropna().to_numpy())
        coarse = isinstance(rule, Increments) and round((rule.step or 0) * 10.0 ** (decimals or 0)) > 1
        if isinstance(rule, Increments) and coarse and rule.support >= FEWEST_ROWS:
            rules.append(rule)
    return rules


def _combinations(tidy: pd.DataFrame, taken: set[Hashable]) -> list[Combination]:
    """Return which pairs of columns have all their combinations shown, while many others would be possible.

    A combination seen once would have been strange to the other rows: where there is none of that sort,
    next to none is still to come (Good 1953). No column follows more than one other.
    """
    codes = {
        name: pd.factorize(as_numbers(tidy[name]), use_na_sentinel=False)[0]
        for name in tidy
        if name not in taken and tidy[name].dtype.kind != "M" and 1 < tidy[name].nunique() <= MOST_KEYS
    }
    names = sorted(list(codes)[:MOST_PAIRED], key=lambda name: -int(codes[name].max()))
    best: dict[Hashable, tuple[float, Hashable]] = {}
    for a, b in combinations(names, 2):
        counts = np.bincount(codes[a] * (codes[b].max() + 1) + codes[b])
        cells = np.zeros((codes[a].max() + 1) * (codes[b].max() + 1))
        cells[: len(counts)] = counts
        table = cells.reshape(codes[a].max() + 1, -1)
        chance = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / len(tidy)
        kept_out = chance[table == 0].sum()  # rows that chance would put into empty cells
        if (table == 1).any() or kept_out < max(EVIDENCE, KEPT_OUT * len(tidy)):
            continue
        if b not in best or kept_out > best[b][0]:
            best[b] = kept_out, a
    return [Combination((a, b)).learn(tidy) for b, (_, a) in best.items()]


def _unique(
    tidy: pd.DataFrame, few: pd.DataFrame, found: Sequence[Relation], taken: set[Hashable]
) -> list[Unique]:
    """Return which columns, or pairs of columns, never repeat, while chance would repeat them often."""
    bound = taken | {name for rule in found for name in rule.columns}  # moving these could break a rule
    names = [name for name in tidy if name not in taken]
    alike = {name: _chance_of_equals(tidy[name]) for name in names}
    free = [n for n in names if tidy[n].dtype.kind in "fM" and n not in bound and alike[n] > 0]
    pairs = len(tidy) * (len(tidy) - 1) / 2
    rules: list[Unique] = []
    for name in free:
        rule = Unique((name,), name)
        if pairs * alike[name] >= REPEATS and isinstance(learned := holding(rule, few, tidy), Unique):
            rules.append(learned)
    alone = {rule.moved for rule in rules}
    codes = {name: pd.factorize(tidy[name])[0] for name in names[:MOST_PAIRED]}
    for a, b in combinations(codes, 2):
        moved = next((n for n in (a, b) if n in free), None)
        if moved is None or {a, b} & alone or pairs * alike[a] * alike[b] < REPEATS:
            continue
        together = codes[a].astype(np.int64) * len(tidy) + codes[b]
        if len(np.unique(together[: len(few)])) < len(few) or len(np.unique(together)) < len(tidy):
            continue
        if isinstance(learned := holding(Unique((a, b), moved), few, tidy), Unique):
            rules.append(learned)
    return rules


def _chance_of_equals(column: pd.Series) -> float:
    """Return how often two values would be equal, were they drawn from all that are possible."""
    if column.isna().any():
        return 0.0
    shares = column.value_counts(normalize=True).to_numpy()
    if len(shares) < len(column):
        return float(shares @ shares)
    return 1 / Unique((column.name,)).learn(column.to_frame()).places


def _agreeing(tidy: pd.DataFrame, found: Sequence[Relation]) -> tuple[Relation, ...]:
    """Return the rules without those that would not hold in rows which keep all of them."""
    rules = list(found)
    while (broken := contradicted(tidy, rules)) is not None:
        rules.remove(broken)
    return tuple(rules)


def _orders(tidy: pd.DataFrame, few: pd.DataFrame, taken: set[Hashable]) -> list[Relation]:
    """Return which numbers or moments are never above others, without what follows from the rest."""
    above: dict[tuple[Hashable, Hashable], Ordered] = {}
    rng = np.random.default_rng(0)
    for kind in "fM":
        names = [n for n in tidy if tidy[n].dtype.kind == kind and n not in taken and few[n].nunique() > 5]
        block = np.stack([_sizes(few[name]) for name in names], axis=1) if names else np.zeros((0, 0))
        shuffled = rng.permutation(block, axis=0) if len(block) else block
        for i, low in enumerate(names):
            with np.errstate(invalid="ignore"):
                candidates = ~(block[:, [i]] > block).any(axis=0)
                informative = (shuffled[:, [i]] > np.roll(shuffled, 7, axis=0)).mean(axis=0) > CHANCE
            for k in np.flatnonzero(candidates & informative):
                known = k == i or (names[k], low) in above  # equal columns: one order of the two is enough
                rule = None if known else holding(Ordered(low, names[k]), tidy)
                if isinstance(rule, Ordered) and rule.support >= FEWEST_ROWS:
                    tight = holding(Ordered(low, names[k], strict=True), tidy)
                    above[low, names[k]] = tight if isinstance(tight, Ordered) else rule
    implied = {
        (a, c)
        for a, b in above
        for b2, c in above
        if b == b2
        and (a, c) in above
        and not tidy[b].isna().any()  # a gap in the middle would leave the ends out of order
    }
    return [rule for pair, rule in above.items() if pair not in implied]


def _sizes(column: pd.Series) -> np.ndarray:
    """Return numbers, or moments in seconds, whatever the unit of their column."""
    numbers = as_numbers(column)
    if column.dtype.kind != "M":
        return numbers
    return numbers / ticks_per_second(np.datetime_data(column.to_numpy().dtype)[0])
