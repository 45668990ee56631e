"""Rules about columns taken together: drawn rows in, rows of known or of unrepeated combinations out."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from tabgen.encoding.numeric import count_decimals, grid_step
from tabgen.errors import SchemaError
from tabgen.relations.relation import as_numbers, need, refuse, with_columns

NEARBY = 16  # places up and down in which a free one is looked for
GOLDEN = (5**0.5 - 1) / 2  # multiples of it fall evenly into any interval (Weyl 1916)


@dataclass(frozen=True)
class Combination:
    """Only combinations of values that the real table has: a model is sold in some colours only.

    The columns are learned as they stand. A drawn combination that is unknown keeps its first values, as
    many as some known one begins with, and takes over the rest of one of those, as often as it occurs.

    Attributes
    ----------
    members : tuple of Hashable
        The columns, the one that should change least first; categories or numbers.
    support : int
        Rows of the training table.
    known : tuple of tuple
        The combinations, ascending (level numbers of categories; None for a missing value).
    weights : tuple of int
        Rows of each.
    """

    members: tuple[Hashable, ...]
    support: int = 0
    known: tuple[tuple[float | None, ...], ...] = ()
    weights: tuple[int, ...] = ()

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The columns."""
        return self.members

    def learn(self, tidy: pd.DataFrame) -> Combination:
        """Return the rule with its combinations, or refuse a table that has others than those given."""
        need(tidy, self, dtype="fO")
        if self.known:
            refuse((self._repair(tidy) != self._block(tidy)).any(axis=1), self)
            return replace(self, support=len(tidy))
        known, counts = np.unique(self._block(tidy), axis=0, return_counts=True)
        rows = tuple(tuple(None if np.isinf(v) else v for v in row) for row in known.tolist())
        return replace(self, support=len(tidy), known=rows, weights=tuple(counts.tolist()))

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is, so that any of the columns may be given as evidence."""
        return tidy

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with known combinations only."""
        block, repaired = self._block(tidy), self._repair(tidy)
        changed = [k for k in range(len(self.members)) if (block[:, k] != repaired[:, k]).any()]
        if not changed:
            return tidy
        values = np.where(np.isinf(repaired), np.nan, repaired)
        return with_columns(tidy, {self.members[k]: values[:, k] for k in changed})

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"known combinations of {', '.join(map(str, self.members))}"

    def _block(self, tidy: pd.DataFrame) -> np.ndarray:
        """Return the columns as numbers, shape ``(rows, members)``, missing values last as infinity."""
        block = np.stack([as_numbers(tidy[name]) for name in self.members], axis=1)
        return np.where(np.isnan(block), np.inf, block)

    def _repair(self, tidy: pd.DataFrame) -> np.ndarray:
        """Return known combinations, as like the drawn ones as can be, in the form of `_block`."""
        block = self._block(tidy)
        known = np.array([[np.inf if v is None else v for v in row] for row in self.known])
        heap = np.concatenate([[0.0], np.cumsum(self.weights or np.ones(len(known)))])
        turn = np.arange(1, len(block) + 1) * GOLDEN % 1
        group, known_group = np.zeros(len(block), dtype=np.int64), np.zeros(len(known), dtype=np.int64)
        for k in range(len(self.members)):
            levels, rank = np.unique(known[:, k], return_inverse=True)
            keys = known_group * len(levels) + rank  # ascending, as the combinations are
            place = np.minimum(np.searchsorted(levels, block[:, k]), len(levels) - 1)
            wanted = group * len(levels) + place
            at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            strange = (levels[place] != block[:, k]) | (keys[at] != wanted)
            first = np.searchsorted(known_group, group[strange], side="left")
            stop = np.searchsorted(known_group, group[strange], side="right")
            aim = heap[first] + turn[strange] * (heap[stop] - heap[first])
            at[strange] = np.clip(np.searchsorted(heap, aim, side="right") - 1, first, stop - 1)
            block[:, k] = known[at, k]
            distinct, known_group = np.unique(keys, return_inverse=True)
            group = np.searchsorted(distinct, keys[at])
        return block


@dataclass(frozen=True)
class Unique:
    """No two rows have the same values in some columns; a row with a missing one is like no other.

    The columns are learned as they stand. Of rows that are drawn alike, all but one move to the next
    value of one column that is free; a number or moment may leave its bounds where more rows are drawn
    than fit between them.

    Attributes
    ----------
    members : tuple of Hashable
        The columns.
    moved : Hashable, optional
        The one that moves; by default the one with the most possible values.
    support : int
        Rows of the training table that have all values.
    least, step : float
        Least value of the moved column, and the step between its values; moments in their own unit.
    places : int
        Number of its possible values.
    """

    members: tuple[Hashable, ...]
    moved: Hashable = None
    support: int = 0
    least: float = 0.0
    step: float = 1.0
    places: int = 0

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """The columns."""
        return self.members

    def learn(self, tidy: pd.DataFrame) -> Unique:
        """Return the rule with the column that moves and its possible values."""
        need(tidy, self)
        members = list(self.members)
        here = tidy[members].notna().all(axis=1).to_numpy()
        refuse(here & tidy.duplicated(members).to_numpy(), self)
        return replace(self.measure(tidy), support=int(here.sum()))

    def measure(self, tidy: pd.DataFrame) -> Unique:
        """Return the rule with the column that moves and its possible values."""
        members = list(self.members)
        rooms = {name: _room(tidy[name]) for name in members}
        moved = max(members, key=lambda name: rooms[name][2]) if self.moved is None else self.moved
        if moved not in members:
            raise SchemaError(
                f"The relation {self.describe()!r} is to move column {moved!r}, which is not one of its own. "
                "Choose one of those."
            )
        least, step, places = rooms[moved]
        return replace(self, moved=moved, least=least, step=step, places=places)

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame as it is."""
        return tidy

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame without repeated combinations."""
        members = list(self.members)
        here = tidy[members].notna().all(axis=1).to_numpy()
        if not (here & tidy.duplicated(members).to_numpy()).any():
            return tidy
        drawn, column = tidy[here], tidy[self.moved]
        places = np.round((_ticks(drawn[self.moved]) - self.least) / self.step).astype(np.int64)
        others = [name for name in members if name != self.moved]
        group = np.zeros(len(drawn), dtype=np.int64)
        if others:
            group = drawn.groupby(others, observed=True, sort=False).ngroup().to_numpy()
        room, most = self.places, int(np.bincount(group).max())
        if most > room:
            if isinstance(column.dtype, pd.CategoricalDtype):
                self._refuse(len(drawn), room, group)
                source = _rehome(group, room)  # rows of full groups join others
                tidy, group = _take_over(tidy, others, np.flatnonzero(here), source), group[source]
            else:
                room = 2 * most
        spread = _spread(group, places, room)
        moved = _ticks(tidy[self.moved])
        moved[here] = np.where(spread == places, moved[here], self.least + spread * self.step)
        if column.dtype.kind == "f":
            decimals = count_decimals(np.array([self.least, self.step]))
            moved = moved if decimals is None else np.round(moved, decimals)
        return with_columns(tidy, {self.moved: moved})

    def _refuse(self, rows: int, room: int, group: np.ndarray) -> None:
        """Say that there are fewer combinations than rows."""
        fit = room * len(np.unique(group))
        if rows > fit:
            raise SchemaError(
                f"The relation {self.describe()!r} leaves room for {fit:,} rows, but {rows:,} were drawn. "
                "Draw fewer rows, or remove it."
            )

    def describe(self) -> str:
        """Return the rule as a line of text."""
        return f"{' + '.join(map(str, self.members))} never twice"


def _ticks(column: pd.Series) -> np.ndarray:
    """Return a column as numbers that a step can be added to: int64 for moments and levels, else floats."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return as_numbers(column)
    numbers = column.to_numpy(copy=True)
    return numbers.astype(np.int64) if numbers.dtype.kind == "M" else numbers


def _room(column: pd.Series) -> tuple[float, float, int]:
    """Return the least value of a column, the step between values and the number of them."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return 0.0, 1.0, len(column.cat.categories)
    distinct = np.unique(_ticks(column[column.notna()]))
    if not len(distinct):
        return 0.0, 1.0, 1
    step: Any = np.gcd.reduce(np.diff(distinct)) if distinct.dtype.kind == "i" and len(distinct) > 1 else 1
    if distinct.dtype.kind == "f":
        # between continuous numbers there is always room: so little that it cannot be seen
        step = grid_step(distinct, count_decimals(distinct)) or float(np.ptp(distinct)) * 1e-9 or 1.0
    places = round((distinct[-1] - distinct[0]).item() / step) + 1
    return distinct[0].item(), step if isinstance(step, float) else int(step), places


def _spread(group: np.ndarray, places: np.ndarray, room: int) -> np.ndarray:
    """Return different places within each group: of rows alike all but one move, to a free place nearby."""
    places = places.copy()
    keys = group * room + places
    taken, first = np.unique(keys, return_index=True)
    left = np.setdiff1d(np.arange(len(keys)), first)
    for away in (side * k for k in range(1, NEARBY + 1) for side in (1, -1)):
        if not len(left):
            return places
        aim = places[left] + away
        wanted, chosen = np.unique(
            np.where((aim >= 0) & (aim < room), keys[left] + away, -1), return_index=True
        )
        free = (wanted >= 0) & ~np.isin(wanted, taken, assume_unique=True)
        places[left[chosen[free]]] += away
        taken, left = np.union1d(taken, wanted[free]), np.delete(left, chosen[free])
    return _shift(group, places, room) if len(left) else places


def _shift(group: np.ndarray, places: np.ndarray, room: int) -> np.ndarray:
    """Return different places within each group, those behind a repeated one moved up, or down at the end."""
    order = np.lexsort((places, group))
    grouped, ascending = group[order], places[order]
    first = np.searchsorted(grouped, grouped)
    number = np.arange(len(order)) - first  # of the row in its group
    rows = np.searchsorted(grouped, grouped, side="right") - first
    raised = pd.Series(ascending - number).groupby(grouped).cummax().to_numpy() + number
    shifted = np.empty(len(order), dtype=np.int64)
    shifted[order] = np.maximum(np.minimum(raised, room - rows + number), number)
    return shifted


def _rehome(group: np.ndarray, room: int) -> np.ndarray:
    """Return for each row one whose group it joins, so that none has more rows than there is room."""
    rows = np.bincount(group)
    example = np.zeros(len(rows), dtype=np.int64)
    example[group] = np.arange(len(group))
    number = pd.Series(group).groupby(group).cumcount().to_numpy()
    homeless = np.flatnonzero(number >= room)
    free = np.repeat(np.arange(len(rows)), np.maximum(room - rows, 0))
    chosen = free[(np.arange(len(homeless)) * len(free)) // len(homeless)]
    source = np.arange(len(group))
    source[homeless] = example[chosen]
    return source


def _take_over(
    tidy: pd.DataFrame, names: list[Hashable], rows: np.ndarray, source: np.ndarray
) -> pd.DataFrame:
    """Return a frame in which rows have the values that others of them have in some columns."""
    whole = np.arange(len(tidy))
    whole[rows] = rows[source]
    return with_columns(tidy, {name: tidy[name].iloc[whole].array for name in names})
