"""Numbers that are often exactly another one: a flag to learn instead, and exact copies on the way back."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd

from tabgen.encoding.numeric import count_decimals, grid_step
from tabgen.relations.relation import need, with_columns, without_columns

COMMON = 256  # a value of one row in as many is an atom: equal ones say nothing of a copy
SEEN = 0.008  # share of rows that must be copies
FEWEST = 100  # copies
SPIKE = 3  # times as many rows must be equal as lie within two steps of each other


@dataclass(frozen=True)
class Copied:
    """A number is exactly another one in many rows: a bill paid in full, an order shipped as asked.

    It is no rule for every row: whether a row is a copy is learned, as a column of its own.

    Attributes
    ----------
    of, column : Hashable
        The column that is copied, and the copy.
    support : int
        Rows of the training table that are copies.
    """

    of: Hashable
    column: Hashable
    support: int = 0

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The two columns."""
        return self.of, self.column

    @property
    def flag(self) -> Hashable:
        """Label of the column that tells which rows are copies."""
        return "copied", self.of, self.column

    def learn(self, tidy: pd.DataFrame) -> Copied:
        """Return the rule with its support."""
        need(tidy, self, dtype="f")
        return replace(self, support=int(copies(tidy[self.of], tidy[self.column]).sum()))

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the flag; both numbers stay, so that either may be given as evidence."""
        copied = copies(tidy[self.of], tidy[self.column])
        return with_columns(tidy, {self.flag: pd.Categorical.from_codes(copied.astype(int), range(2))})

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame without the flag, the number copied in the rows that it marks."""
        copied = tidy[self.flag].cat.codes.to_numpy() == 1
        values = np.where(copied, tidy[self.of].to_numpy(), tidy[self.column].to_numpy())
        return with_columns(without_columns(tidy, [self.flag]), {self.column: values})

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"{self.column} is often {self.of}"


def copies(of: pd.Series, column: pd.Series) -> np.ndarray:
    """Return in which rows two numbers are equal, at a value that is common in neither column."""
    equal = of.to_numpy() == column.to_numpy()
    for numbers in (of, column):
        counts = numbers.map(numbers.value_counts()).to_numpy()
        equal &= counts < max(len(numbers) / COMMON, 2)
    return equal


def find_copies(tidy: pd.DataFrame, few: pd.DataFrame, names: list[Hashable]) -> list[Copied]:
    """Return which of some columns of numbers are often copies of another, dependent ones first.

    Parameters
    ----------
    tidy, few : pandas.DataFrame
        The training table, and some of its rows to screen it by.
    names : list of Hashable
        Columns of numbers.
    """
    found = sorted(_candidates(tidy, few, names), key=lambda rule: -rule.support)
    source: dict[Hashable, Copied] = {}
    for rule in found:  # each column copies one other, and there are no circles
        origin = rule.of
        while origin in source:
            origin = source[origin].of
        if rule.column not in source and origin != rule.column:
            source[rule.column] = rule
    depth = {column: _depth(column, source) for column in source}
    return sorted(source.values(), key=lambda rule: -depth[rule.column])


def _candidates(tidy: pd.DataFrame, few: pd.DataFrame, names: list[Hashable]) -> Iterator[Copied]:
    block = few[names].to_numpy(dtype=np.float64) if names else np.zeros((0, 0))
    for i, j in combinations(range(len(names)), 2):
        if not (block[:, i] == block[:, j]).any():
            continue
        rule = Copied(names[i], names[j]).learn(tidy)
        if rule.support >= max(FEWEST, SEEN * len(tidy)) and _is_spike(tidy, rule):
            yield rule


def _is_spike(tidy: pd.DataFrame, rule: Copied) -> bool:
    """Tell whether equal rows are more than the middle of many rows that are nearly equal."""
    values = tidy[list(rule.columns)].to_numpy()
    distinct = np.unique(values[~np.isnan(values)])
    step = grid_step(distinct, count_decimals(distinct)) or 0.0
    gaps = np.abs(values[:, 0] - values[:, 1])
    near = (gaps > 0) & (gaps <= 2.5 * step)
    return bool(rule.support > SPIKE * near.sum())


def _depth(column: Hashable, source: dict[Hashable, Copied]) -> int:
    """Return how many copies lie between a column and the one that all of them are of."""
    return 1 + _depth(source[column].of, source) if column in source else 0
