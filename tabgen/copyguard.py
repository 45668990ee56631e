"""Fitted parts and a real table to the same parts, told to draw no row that is too near to a real one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree
from sklearn.neighbors import NearestNeighbors

from tabgen.cleaning import clean_column
from tabgen.errors import ConditionError
from tabgen.modelfile import FittedParts
from tabgen.relations import Predicate
from tabgen.schema import LEVELLED, REPLACED, Column

MISSING, UNKNOWN = -1, -2  # numbers of levels
MOST_DOUBLES = 0.5  # share of real rows with a double beyond which a copy is nothing to avoid


@dataclass(frozen=True)
class Scale:
    """How the values of one column become a rank among the real ones, or the number of a level.

    Attributes
    ----------
    column : Column
        The column.
    known : pandas.Index or numpy.ndarray
        The real levels, or the real numbers in ascending order, shape ``(values,)``.
    """

    column: Column
    known: pd.Index | np.ndarray

    def place(self, values: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """Return ranks from 0 to 1 and level numbers, shapes ``(rows,)``; what is missing is a level."""
        given = _comparable(values, self.column)
        absent = pd.isna(given)
        if isinstance(self.known, pd.Index):
            at = self.known.get_indexer(pd.Index(given, dtype=object))
            return np.zeros(len(given)), np.where(absent, MISSING, np.where(at < 0, UNKNOWN, at))
        below, upto = (np.searchsorted(self.known, given, side=side) for side in ("left", "right"))
        rank = (below + upto) / max(2 * len(self.known), 1)
        return np.where(absent, 0.5, rank), np.where(absent, MISSING, 0)


class RealRows:
    """Real rows, to be asked how far others are from the nearest of them.

    The squared distance is the sum over columns of the squared difference of ranks among the real numbers or
    moments, and of 1 for different levels or a value that only one of both lacks. Keys and free text do not
    count.

    Parameters
    ----------
    real : pandas.DataFrame
        The real table.
    columns : sequence of Column
        The columns that count.

    Examples
    --------
    >>> from tabgen.inference import infer_schema
    >>> real = pd.DataFrame({"age": [20, 30, 40, 50], "sex": ["f", "m", "f", "m"]})
    >>> rows = RealRows(real, infer_schema(real).columns)
    >>> rows.distances(pd.DataFrame({"age": [20, 50], "sex": ["f", "f"]})).tolist()
    [0.0, 0.25]
    """

    def __init__(self, real: pd.DataFrame, columns: Sequence[Column]) -> None:
        self.scales = [Scale(column, _known(real[column.name], column)) for column in columns]
        self._ranks, levels = self._place(real)
        self._groups = pd.MultiIndex.from_arrays(list(levels.T)).unique()
        self._levels = levels
        self._tree = cKDTree(self._grouped(self._ranks, levels))

    def distances(self, table: pd.DataFrame, most: float = 1.0) -> np.ndarray:
        """Return the distance of each row to its nearest real row, or most where it is more: ``(rows,)``.

        Up to 1 only rows of the same levels matter, which a tree finds fast; beyond, all are compared.
        """
        return self._nearest(*self._place(table), most, 0)

    def own_distances(self, most: float = 1.0) -> np.ndarray:
        """Return the distance of each real row to the nearest other one, like `distances`."""
        return self._nearest(self._ranks, self._levels, most, 1)

    def _nearest(self, ranks: np.ndarray, levels: np.ndarray, most: float, others: int) -> np.ndarray:
        if most > 1:
            index = NearestNeighbors(algorithm="brute").fit(self._one_hot(self._ranks, self._levels))
            found = index.kneighbors(self._one_hot(ranks, levels), others + 1)[0]
        else:
            points = self._grouped(ranks, levels)
            found = self._tree.query(points, others + 1, distance_upper_bound=np.nextafter(most, 2))[0]
        return np.minimum(found.reshape(len(ranks), -1)[:, -1], most)

    def _place(self, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
        placed = [scale.place(table[scale.column.name]) for scale in self.scales]
        ranks, levels = (np.stack(part, axis=1) for part in zip(*placed, strict=True))
        return ranks, levels

    def _grouped(self, ranks: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Return points in which rows of different levels are more than 1 apart."""
        numbers = self._groups.get_indexer(pd.MultiIndex.from_arrays(list(levels.T)))
        return np.c_[ranks, 2.0 * numbers]

    def _one_hot(self, ranks: np.ndarray, levels: np.ndarray) -> sparse.csr_matrix:
        """Return points that lie as far apart as rows do."""
        known = [pd.Index(np.unique(column)) for column in self._levels.T]
        blocks = []
        for index, column in zip(known, levels.T, strict=True):
            at = index.get_indexer(column)
            rows = np.flatnonzero(at >= 0)
            ones = np.full(len(rows), np.sqrt(0.5))
            blocks.append(sparse.csr_matrix((ones, (rows, at[rows])), (len(column), len(index))))
        return sparse.hstack([sparse.csr_matrix(ranks), *blocks], format="csr")


def keep_apart(parts: FittedParts, real: pd.DataFrame, min_distance: float) -> FittedParts:
    """Return fitted parts with the rule that no row is nearer to a real one than real rows mostly are.

    Rows that are nearer are drawn again under the same conditions. The real table is read here and nowhere
    stored.

    Parameters
    ----------
    parts : FittedParts
        The fitted model.
    real : pandas.DataFrame
        The training table, or another one of its kind.
    min_distance : float
        Share of the real rows without a double that may be nearer to another real row than any drawn row
        is to a real one, between 0 and 1; see `RealRows` for the distance.

    Raises
    ------
    ValueError
        If ``min_distance`` is not between 0 and 1, or the real table has fewer than 2 rows.
    ConditionError
        If the real table lacks a column, or more than half of its rows have a double.
    """
    if isinstance(min_distance, bool) or not isinstance(min_distance, float) or not 0 < min_distance < 1:
        raise ValueError(f"min_distance must be a share between 0 and 1, but is {min_distance!r}.")
    if not isinstance(real, pd.DataFrame) or len(real) < 2:
        raise ValueError("real must be the training table as a DataFrame, of 2 rows or more.")
    columns = [c for c in parts.schema.columns if c.modelled and c.kind not in (*REPLACED, "constant")]
    absent = [column.name for column in columns if column.name not in real.columns]
    if absent:
        raise ConditionError(
            f"real has no column {absent[0]!r}. Give the table that the model was fitted to."
        )
    if not columns:
        return parts
    rows, most = RealRows(real, columns), 1.0
    between = rows.own_distances()
    doubles = between == 0
    if doubles.mean() > MOST_DOUBLES:
        raise ConditionError(
            f"{doubles.mean():.0%} of the real rows have a double, so hardly any other row can be drawn. "
            "Leave real out: such rows point to nobody."
        )
    bound = float(np.quantile(between[~doubles], min_distance))
    if bound >= 1:
        most = np.inf
        bound = float(np.quantile(rows.own_distances(most)[~doubles], min_distance))

    def holds(table: pd.DataFrame) -> np.ndarray:
        return rows.distances(table, most) >= bound

    rule = Predicate(holds, f"min_distance={min_distance}", advice="Lower min_distance.")
    return replace(parts, relations=(*parts.relations, rule))


def _known(values: pd.Series, column: Column) -> pd.Index | np.ndarray:
    given = pd.Series(_comparable(values, column)).dropna()
    if column.kind in LEVELLED:
        return pd.Index(given.unique(), dtype=object)
    return np.sort(given.to_numpy(dtype=np.float64))


def _comparable(values: pd.Series, column: Column) -> np.ndarray:
    """Return levels as objects, numbers and moments as float64, shape ``(rows,)``, missing ones as such."""
    if column.kind in LEVELLED:
        present = values if column.null is None else values.where(values != column.null)
        return present.to_numpy(dtype=object)
    tidy = clean_column(values, column)
    numbers = tidy.to_numpy().astype(np.int64 if tidy.dtype.kind == "M" else np.float64).astype(np.float64)
    return np.where(tidy.isna(), np.nan, numbers)
