"""The rule that one column is never above another: drawn pairs in, sorted pairs out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.encoding.datetime import ticks_per_second
from tabgen.encoding.numeric import count_decimals, grid_step
from tabgen.errors import SchemaError
from tabgen.relations.relation import need, refuse, with_columns

CLOCK_SECONDS = (86_400, 3_600, 60, 1)  # dates, hours, minutes and seconds have grids of their own


@dataclass(frozen=True)
class Ordered:
    """One number or moment is never above another: ``low <= high``, wherever both are there.

    The pair is learned as it stands, and drawn values are sorted; where a sorted pair would leave the
    bounds or the grid of its columns, the upper value is raised to the lower one.

    Attributes
    ----------
    low, high : Hashable
        The columns.
    strict : bool
        Whether the two are never equal.
    support : int
        Rows of the training table in which both are there.
    bounds : tuple of int or float
        Least and greatest value of both columns, moments in ticks of the finer unit.
    grids : tuple of int or float
        Steps of both columns; 0 where values are continuous.
    """

    low: Hashable
    high: Hashable
    strict: bool = False
    support: int = 0
    bounds: tuple[float, ...] = ()
    grids: tuple[float, float] = (0.0, 0.0)

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The two columns."""
        return self.low, self.high

    def learn(self, tidy: pd.DataFrame) -> Ordered:
        """Return the rule with bounds and grids of its columns."""
        low, high = _pair(tidy, self)
        refuse(self._wrong(tidy, low, high), self)
        here = [values[tidy[name].notna()] for name, values in zip(self.columns, (low, high), strict=True)]
        unit = _unit(tidy, self.columns)
        return replace(
            self,
            support=int((tidy[self.low].notna() & tidy[self.high].notna()).sum()),
            bounds=tuple(end(values).item() for values in here for end in (np.min, np.max)),
            grids=(_grid(here[0], unit), _grid(here[1], unit)),
        )

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is."""
        return tidy

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with every pair in order."""
        low, high = _pair(tidy, self)
        wrong = self._wrong(tidy, low, high)
        if not wrong.any():
            return tidy
        low_min, low_max, high_min, high_max = self.bounds
        step_low, step_high = self.grids
        a, b = low[wrong], high[wrong]
        if step_low == step_high and (step_low == 0 or _up(low_min, step_high, high_min) == low_min):
            a, b = np.minimum(a, b), np.maximum(a, b)
        top = min(
            low_max, -_up(-high_max, step_low, -low_min)
        )  # the last possible value of low up to high_max
        a = np.clip(a, low_min, top)
        b = np.clip(b, max(high_min, _up(low_min, step_high, high_min)), high_max)
        b = np.where(a > b, np.minimum(_up(a, step_high, high_min), high_max), b)
        a = np.minimum(a, b)
        if self.strict:
            tied = a >= b
            above, below = _next(b, step_high, high_min), -_next(-a, step_low, -low_min)
            room = tied & (above <= high_max)
            b = np.where(room, above, b)
            a = np.where(tied & ~room, below, a)
        low[wrong], high[wrong] = a, b
        return with_columns(tidy, {self.low: low, self.high: high}, _unit(tidy, self.columns))

    def _wrong(self, tidy: pd.DataFrame, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        both = (tidy[self.low].notna() & tidy[self.high].notna()).to_numpy()
        return both & ((low >= high) if self.strict else (low > high))

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"{self.low} {'<' if self.strict else '<='} {self.high}"


def _pair(tidy: pd.DataFrame, rule: Ordered) -> tuple[np.ndarray, np.ndarray]:
    """Return both columns in comparable numbers, as copies: float64, or int64 ticks of the finer unit."""
    need(tidy, rule)
    kinds = "".join(tidy[name].dtype.kind for name in rule.columns)
    if kinds == "MM":
        unit = _unit(tidy, rule.columns)
        low, high = (tidy[name].to_numpy().astype(f"datetime64[{unit}]") for name in rule.columns)
        return low.astype(np.int64), high.astype(np.int64)
    if kinds == "ff":
        return tidy[rule.low].to_numpy(copy=True), tidy[rule.high].to_numpy(copy=True)
    raise SchemaError(
        f"The relation {rule.describe()!r} needs two columns of numbers or two of dates. Remove it."
    )


def _unit(tidy: pd.DataFrame, names: Sequence[Hashable]) -> str | None:
    """Return the finest unit of columns of moments, None for numbers."""
    if tidy[names[0]].dtype.kind != "M":
        return None
    return str(np.datetime_data(np.result_type(*(tidy[name].dtype for name in names)))[0])


def _grid(values: np.ndarray, unit: str | None) -> float:
    """Return the step between possible values: of the clock for ticks, of the decimals for numbers."""
    if unit is not None:
        second = ticks_per_second(unit)
        return next((k * second for k in CLOCK_SECONDS if not (values % (k * second)).any()), 1)
    distinct = np.unique(values)
    return grid_step(distinct, count_decimals(distinct)) or 0.0


def _up(values: Any, step: float, start: float) -> Any:
    """Return the next values on a grid, themselves where they are on it."""
    if step == 0:
        return values
    if isinstance(step, int):
        return start - (start - values) // step * step
    raised = _snap(start + np.ceil(np.round((values - start) / step, 6)) * step, step, start)
    return np.where(raised < values, _next(raised, step, start), raised)


def _next(values: np.ndarray, step: float, start: float) -> np.ndarray:
    """Return the values one step above values on a grid."""
    if step == 0:
        return np.nextafter(values, np.inf)
    return values + step if isinstance(step, int) else _snap(values + step, step, start)


def _snap(values: np.ndarray, step: float, start: float) -> np.ndarray:
    return np.round(values, count_decimals(np.array([step, start])) or 0)
