"""The rule that one column is never above another: drawn rows in, rows in order out."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
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

    The pair is learned as it stands, and drawn values are sorted; where they cannot change places, being
    of other bounds or another grid, the upper value is raised to the lower one.

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
        """Return the rule with bounds and grids of its columns, or refuse a table that breaks it."""
        refuse(self._wrong(tidy, *_pair(tidy, self)), self)
        return self.measure(tidy)

    def measure(self, tidy: pd.DataFrame) -> Ordered:
        """Return the rule with bounds and grids of its columns."""
        low, high = _pair(tidy, self)
        here = [values[tidy[name].notna()] for name, values in zip(self.columns, (low, high), strict=True)]
        unit = _unit(tidy, self.columns)
        return replace(
            self,
            support=int((tidy[self.low].notna() & tidy[self.high].notna()).sum()),
            bounds=tuple(end(values).item() for values in here for end in (np.min, np.max)),
            grids=(_grid(here[0], tidy[self.low], unit), _grid(here[1], tidy[self.high], unit)),
        )

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is."""
        return tidy

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with every pair in order."""
        return put_in_order(tidy, [self])

    def swap(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the values of wrong pairs in each other's place, if their grids agree."""
        low, high = _pair(tidy, self)
        (low_min, _, high_min, high_max), (step_low, step_high) = self.bounds, self.grids
        wrong = self._wrong(tidy, low, high) & (low > high) & (high >= low_min) & (low <= high_max)
        alike = step_low == step_high and (step_low == 0 or _up(low_min, step_high, high_min) == low_min)
        if not (alike and wrong.any()):
            return tidy
        low[wrong], high[wrong] = high[wrong], low[wrong]
        return with_columns(tidy, {self.low: low, self.high: high}, _unit(tidy, self.columns))

    def _wrong(self, tidy: pd.DataFrame, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        both = (tidy[self.low].notna() & tidy[self.high].notna()).to_numpy()
        return both & ((low >= high) if self.strict else (low > high))

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"{self.low} {'<' if self.strict else '<='} {self.high}"


def put_in_order(tidy: pd.DataFrame, orders: Sequence[Ordered]) -> pd.DataFrame:
    """Return a frame in which every order holds, whatever its values, bounds and grids.

    Wrong pairs change places as long as that helps. What is left is settled from the lowest columns of
    the chains upwards: each value is raised no further than it must be, and none above the last value
    that leaves room for all that come after it.

    Parameters
    ----------
    tidy : pandas.DataFrame
        Drawn rows.
    orders : sequence of Ordered
        Fitted rules.
    """
    for _ in orders:  # a chain of n columns is sorted after n rounds
        before = tidy
        for order in orders:
            tidy = order.swap(tidy)
        if tidy is before:
            break
    for kind in "fM":
        tidy = _settle(tidy, [order for order in orders if tidy[order.low].dtype.kind == kind])
    return tidy


def refuse_circles(orders: Sequence[Ordered]) -> None:
    """Refuse orders that lead from a column back to itself."""
    try:
        _upwards(orders)
    except CycleError as error:
        circle = " <= ".join(map(str, error.args[1][::-1]))
        raise SchemaError(f"The orders {circle} go round in a circle. Remove one of them.") from error


def _upwards(orders: Sequence[Ordered]) -> list[Hashable]:
    """Return all columns, each after those that are below it."""
    graph: dict[Hashable, list[Hashable]] = {}
    for order in orders:
        graph.setdefault(order.high, []).append(order.low)
    return list(TopologicalSorter(graph).static_order())


def _settle(tidy: pd.DataFrame, orders: Sequence[Ordered]) -> pd.DataFrame:
    """Raise values where pairs are wrong, column after column upwards."""
    wrong = np.zeros(len(tidy), dtype=bool)
    for order in orders:
        wrong |= order._wrong(tidy, *_pair(tidy, order))
    if not wrong.any():
        return tidy
    names = _upwards(orders)
    unit = _unit(tidy, names)
    rows = tidy[wrong]
    values, absent = {}, {name: rows[name].isna().to_numpy() for name in names}
    floor: dict[Hashable, Any] = {}
    ceiling: dict[Hashable, Any] = {}
    grid: dict[Hashable, tuple[float, float]] = {}
    for order in orders:
        own = _unit(tidy, order.columns)
        finer = 1 if unit is None else ticks_per_second(unit) // ticks_per_second(str(own))
        bounds, steps = [end * finer for end in order.bounds], [step * finer for step in order.grids]
        for name, least, most, step in zip(order.columns, bounds[::2], bounds[1::2], steps, strict=True):
            floor[name], ceiling[name], grid[name] = least, most, (step, least)
    for name in names:
        column = rows[name].to_numpy(copy=True)
        values[name] = column if unit is None else column.astype(f"datetime64[{unit}]").astype(np.int64)
    for name in names:
        for order in orders:
            if order.high == name:
                floor[name] = max(floor[name], _above(floor[order.low], *grid[name], order.strict))
    for name in reversed(names):
        for order in orders:
            if order.low == name:
                ceiling[name] = min(ceiling[name], _below(ceiling[order.high], *grid[name], order.strict))
    for name in names:
        raised = np.clip(values[name], floor[name], ceiling[name])
        for order in orders:
            if order.high == name:
                least = _above(values[order.low], *grid[name], order.strict)
                raised = np.where(absent[order.low], raised, np.maximum(raised, least))
        values[name] = np.where(absent[name], values[name], raised)
    columns = {}
    for name in names:
        kind = np.float64 if unit is None else f"datetime64[{unit}]"
        column = tidy[name].to_numpy(copy=True).astype(kind)
        column[wrong] = values[name].astype(kind)
        columns[name] = column if unit is None else column.astype(np.int64)
    return with_columns(tidy, columns, unit)


def _above(values: Any, step: float, start: float, strict: bool) -> Any:
    """Return the first values on a grid from the given ones on, or behind them."""
    raised = _up(values, step, start)
    return np.where(raised <= values, _next(raised, step, start), raised) if strict else raised


def _below(values: Any, step: float, start: float, strict: bool) -> Any:
    """Return the last values on a grid up to the given ones, or before them."""
    return -_above(-values, step, -start, strict)


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


def _grid(values: np.ndarray, column: pd.Series, unit: str | None) -> float:
    """Return the step between possible values: of the clock for ticks, of the decimals for numbers."""
    if unit is not None:
        second = ticks_per_second(unit)
        finest = second // ticks_per_second(str(_unit(column.to_frame(), [column.name])))
        return next((k * second for k in CLOCK_SECONDS if not (values % (k * second)).any()), finest)
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
