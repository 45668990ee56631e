"""A tidy training table to the rules between columns that all its rows keep."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from tabgen.encoding.datetime import ticks_per_second
from tabgen.errors import SchemaError
from tabgen.relations.derived import Determined, OneHot, Proportional, Total
from tabgen.relations.ordered import Ordered
from tabgen.relations.relation import Relation, as_numbers

FEWEST_ROWS = 100  # fewer rows than this keep many rules by chance
SCREENED = 500  # rows that rule out most candidates before all rows are asked
CHANCE = 0.02  # share of shuffled pairs out of order below which the ranges alone explain an order
EVIDENCE = 100  # rows that a chance table of levels would get wrong
MOST_KEYS = 64  # different numbers up to which one may decide another column
MOST_LEVELS = 2_000
MOST_NUMBERS = 60  # columns of numbers up to which sums are looked for: their search grows with the cube


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
    return (*found, *_orders(tidy, few, taken))


def _holds(rule: Relation, *frames: pd.DataFrame) -> Relation | None:
    """Return the rule as learned from the last of the frames, if it holds in all."""
    try:
        for frame in frames:
            learned = rule.learn(frame)
    except SchemaError:
        return None
    return learned


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
        rule = _holds(Proportional(of, column), few, tidy)
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
            rule = None if k in (i, j) else _holds(Total((names[i], names[j]), names[k]), tidy)
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
        rule = _holds(OneHot(tuple(binary[k] for k in group)), tidy) if len(group) > 2 else None
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
                rule = _holds(Determined(by, column), tidy)
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
                rule = None if known else _holds(Ordered(low, names[k]), tidy)
                if isinstance(rule, Ordered) and rule.support >= FEWEST_ROWS:
                    tight = _holds(Ordered(low, names[k], strict=True), tidy)
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
