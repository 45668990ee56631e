"""Rules by which columns follow from others: those columns are left out or read from a table."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.encoding.numeric import count_decimals, grid_step
from tabgen.errors import SchemaError
from tabgen.relations.relation import as_numbers, need, refuse, with_columns, without_columns


@dataclass(frozen=True)
class Determined:
    """One column follows from another: a city lies in one region.

    Attributes
    ----------
    by, column : Hashable
        The column that decides, and the one that follows.
    support : int
        Rows of the training table.
    keys, values : tuple
        Values of the first column (level numbers of a category, ascending) and of the second one that
        go with them.
    """

    by: Hashable
    column: Hashable
    support: int = 0
    keys: tuple[float | None, ...] = ()
    values: tuple[float | None, ...] = ()

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The two columns."""
        return self.by, self.column

    def learn(self, tidy: pd.DataFrame) -> Determined:
        """Return the rule with its table."""
        need(tidy, self)
        keys, first, inverse = np.unique(as_numbers(tidy[self.by]), return_index=True, return_inverse=True)
        follows = as_numbers(tidy[self.column])
        table = follows[first]
        refuse(~_same(follows, table[inverse]), self)
        return replace(
            self,
            support=len(tidy),
            keys=tuple(None if np.isnan(k) else k for k in keys.tolist()),
            values=tuple(None if np.isnan(v) else v for v in table.tolist()),
        )

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is, so that either column may be given as evidence."""
        return tidy

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the second column read from the table."""
        keys, values = np.array(self.keys, dtype=np.float64), np.array(self.values, dtype=np.float64)
        by, follows = as_numbers(tidy[self.by]), as_numbers(tidy[self.column])
        place = np.minimum(np.searchsorted(keys, by), len(keys) - 1)  # nan sorts last on both sides
        known = _same(keys[place], by)
        return with_columns(tidy, {self.column: np.where(known, values[place], follows)})

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"{self.by} decides {self.column}"


@dataclass(frozen=True)
class Total:
    """One number is the sum of others; it is not learned but added up.

    Attributes
    ----------
    parts : tuple of Hashable
        The columns that are added.
    total : Hashable
        Their sum; missing where a part is.
    support : int
        Rows of the training table that have a sum.
    decimals : int or None
        Digits after the point of the sum.
    """

    parts: tuple[Hashable, ...]
    total: Hashable
    support: int = 0
    decimals: int | None = None

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """All columns, the sum last."""
        return *self.parts, self.total

    def learn(self, tidy: pd.DataFrame) -> Total:
        """Return the rule with the decimals of the sum."""
        need(tidy, self, dtype="f")
        total = tidy[self.total].to_numpy()
        learned = replace(self, support=int((~np.isnan(total)).sum()), decimals=_decimals(total))
        refuse(~_close(total, learned._add(tidy)), self)
        return learned

    def _add(self, tidy: pd.DataFrame) -> np.ndarray:
        added = sum((tidy[name].to_numpy(dtype=np.float64) for name in self.parts), np.zeros(len(tidy)))
        return added if self.decimals is None else np.round(added, self.decimals)

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame without the sum."""
        return without_columns(tidy, [self.total])

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the sum."""
        return with_columns(tidy, {self.total: self._add(tidy)})

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"{' + '.join(map(str, self.parts))} = {self.total}"


@dataclass(frozen=True)
class Proportional:
    """One number is another times a constant; it is not learned but worked out.

    Attributes
    ----------
    of, column : Hashable
        The column that is multiplied, and the result.
    factor : float or None
        The constant; found in the training table where it is None.
    support : int
        Rows of the training table that have a result.
    decimals : int or None
        Digits after the point of the result.
    """

    of: Hashable
    column: Hashable
    factor: float | None = None
    support: int = 0
    decimals: int | None = None

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The two columns."""
        return self.of, self.column

    def learn(self, tidy: pd.DataFrame) -> Proportional:
        """Return the rule with its constant."""
        need(tidy, self, dtype="f")
        of, result = tidy[self.of].to_numpy(), tidy[self.column].to_numpy()
        factor = _factor(of, result) if self.factor is None else self.factor
        learned = replace(
            self, factor=factor, support=int((~np.isnan(result)).sum()), decimals=_decimals(result)
        )
        refuse(~_close(result, learned._multiply(of)), self)
        return learned

    def _multiply(self, of: np.ndarray) -> np.ndarray:
        result = of * self.factor
        return result if self.decimals is None else np.round(result, self.decimals)

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame without the result."""
        return without_columns(tidy, [self.column])

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the result."""
        return with_columns(tidy, {self.column: self._multiply(tidy[self.of].to_numpy())})

    def describe(self) -> str:
        """Return the rule as a line of text."""
        times = "" if self.factor == 1 else f"{self.factor:.6g} x " if self.factor else "constant x "
        return f"{self.column} = {times}{self.of}"


@dataclass(frozen=True)
class Increments:
    """A number comes in steps: amounts of 50, ages in full years, quarters of an hour.

    Attributes
    ----------
    column : Hashable
        The column.
    step : float or None
        The step; found in the training table where it is None.
    start : float
        A value from which all others are whole steps away.
    support : int
        Rows of the training table that have a value.
    """

    column: Hashable
    step: float | None = None
    start: float = 0.0
    support: int = 0

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The column."""
        return (self.column,)

    def learn(self, tidy: pd.DataFrame) -> Increments:
        """Return the rule with its step, and its start where zero is none."""
        need(tidy, self, dtype="f")
        values = tidy[self.column].to_numpy()
        distinct = np.unique(values[~np.isnan(values)])
        step = grid_step(distinct, count_decimals(distinct)) if self.step is None else self.step
        if not step or not len(distinct):
            raise SchemaError(f"The relation {self.describe()!r} finds no step in the column. Remove it.")
        start = 0.0 if _close(distinct[:1], np.round(distinct[:1] / step) * step)[0] else float(distinct[0])
        learned = replace(self, step=float(step), start=start, support=int((~np.isnan(values)).sum()))
        refuse(~_close(values, learned._snap(values)), self)
        return learned

    def _snap(self, values: np.ndarray) -> np.ndarray:
        step = float(self.step or 1)
        snapped = self.start + np.round((values - self.start) / step) * step
        return np.round(snapped, count_decimals(np.array([self.start, step])) or 0)

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is: its numbers are learned on their grid."""
        return tidy

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the column in whole steps."""
        values = tidy[self.column].to_numpy()
        snapped = self._snap(values)
        return tidy if _same(values, snapped).all() else with_columns(tidy, {self.column: snapped})

    def describe(self) -> str:
        """Return the rule as a line of text."""
        start = f" from {self.start:.12g}" if self.start else ""
        return f"{self.column} in steps of {f'{self.step:.12g}' if self.step else 'its own'}{start}"


@dataclass(frozen=True)
class OneHot:
    """Of several columns of zeros and ones exactly one is one; they are learned as one category.

    Attributes
    ----------
    members : tuple of Hashable
        The columns.
    support : int
        Rows of the training table.
    levelled : tuple of bool
        Which columns are categories with the levels no and yes, not numbers.
    """

    members: tuple[Hashable, ...]
    support: int = 0
    levelled: tuple[bool, ...] = ()

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The columns."""
        return self.members

    def learn(self, tidy: pd.DataFrame) -> OneHot:
        """Return the rule with its support."""
        need(tidy, self)
        block = np.stack([as_numbers(tidy[name]) for name in self.members], axis=1)
        refuse(~(((block == 0) | (block == 1)).all(axis=1) & (block.sum(axis=1) == 1)), self)
        levelled = tuple(isinstance(tidy[name].dtype, pd.CategoricalDtype) for name in self.members)
        return replace(self, support=len(tidy), levelled=levelled)

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with one category, under the name of the first column."""
        hot = np.stack([as_numbers(tidy[name]) for name in self.members], axis=1).argmax(axis=1)
        frame = without_columns(tidy, self.members[1:])
        category = pd.Categorical.from_codes(hot, range(len(self.members)))
        return with_columns(frame, {self.members[0]: category})

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with a one in the column drawn and zeros in the others."""
        hot = tidy[self.members[0]].cat.codes.to_numpy()
        columns: dict[Hashable, Any] = {}
        for k, (name, levelled) in enumerate(zip(self.members, self.levelled, strict=True)):
            on = (hot == k).astype(np.int64)
            columns[name] = pd.Categorical.from_codes(on, range(2)) if levelled else on.astype(np.float64)
        frame = without_columns(tidy, [self.members[0]])
        return with_columns(frame, columns)

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"one of {', '.join(map(str, self.members))}"


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a == b) | (np.isnan(a) & np.isnan(b))


def _close(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    largest = np.max(np.abs(a), where=~np.isnan(a), initial=0)
    return np.isclose(a, b, rtol=1e-9, atol=1e-9 * min(1, largest), equal_nan=True)


def _decimals(values: np.ndarray) -> int | None:
    return count_decimals(values[~np.isnan(values)])


def _factor(of: np.ndarray, result: np.ndarray) -> float:
    """Return the number that one column is of another, with as few digits as fit the largest value."""
    size = np.where(np.isnan(result) | np.isnan(of), 0, np.abs(of))
    at = size.argmax()
    if size[at] == 0:
        return float("nan")
    ratio = result[at] / of[at]
    for digits in range(1, 12):
        short = float(f"{ratio:.{digits}g}")
        if _close(result, _round_like(short * of, result)).all():
            return short
    return float(ratio)


def _round_like(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    decimals = _decimals(like)
    return values if decimals is None else np.round(values, decimals)
