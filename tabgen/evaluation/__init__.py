"""A real and a synthetic table to a `Scorecard`: how alike they are, beside what chance allows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tabgen.cleaning import clean
from tabgen.errors import TableError
from tabgen.evaluation.fidelity import column_scores, pair_scores
from tabgen.inference import infer_schema
from tabgen.profiling import check_frame, profile
from tabgen.schema import REPLACED, Schema

__all__ = ["Comparison", "Scorecard", "compare", "evaluate"]


@dataclass(frozen=True)
class Comparison:
    """Two tables in tidy form under one schema.

    Attributes
    ----------
    schema : Schema
        What the columns of both tables are.
    real, synthetic : pandas.DataFrame
        The modelled columns, as `tabgen.cleaning.clean` returns them.
    """

    schema: Schema
    real: pd.DataFrame
    synthetic: pd.DataFrame


@dataclass(frozen=True)
class Scorecard:
    """How alike two tables are; every distance runs from 0 (equal) to 1.

    Attributes
    ----------
    columns : pandas.DataFrame
        One row a column: ``column``, ``kind``, ``distance`` (Kolmogorov-Smirnov for what is ordered,
        total variation for levels), ``floor`` (the same between two halves of the real table) and
        the missing shares ``missing_real`` and ``missing_synthetic``.
    pairs : pandas.DataFrame
        One row a pair of columns: ``first``, ``second``, ``distance`` (total variation over common
        cells), ``floor``.
    """

    columns: pd.DataFrame
    pairs: pd.DataFrame

    @property
    def shape(self) -> float:
        """Mean distance of the columns."""
        return float(self.columns["distance"].mean())

    @property
    def trend(self) -> float:
        """Mean distance of the pairs of columns; not a number for a single column."""
        return float(self.pairs["distance"].mean())


def compare(real: pd.DataFrame, synthetic: pd.DataFrame) -> Comparison:
    """Bring two tables into tidy form under one schema, inferred from both.

    Raises
    ------
    TableError
        If the tables do not have the same columns.
    """
    check_frame(real)
    check_frame(synthetic)
    odd = list(set(real.columns) ^ set(synthetic.columns))
    if odd:
        where = "real" if odd[0] in real else "synthetic"
        raise TableError(f"Only the {where} table has a column {odd[0]!r}. Compare tables of one kind.")
    synthetic = synthetic[list(real.columns)]
    # whether values are unique is a fact of the real table: both tables may hold the same keys
    replaced = {c.name: c for c in infer_schema(profile([real])).columns if c.kind in REPLACED}
    both = infer_schema(profile([real, synthetic])).columns
    schema = Schema(tuple(replaced.get(column.name, column) for column in both))
    return Comparison(schema, clean(real, schema), clean(synthetic, schema))


def evaluate(real: pd.DataFrame, synthetic: pd.DataFrame, *, seed: int = 0) -> Scorecard:
    """Score a synthetic table against the real one.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tables with the same columns, of any number of rows.
    seed : int
        Seed of the two random halves of the real table that tell the noise floor.

    Returns
    -------
    Scorecard

    Raises
    ------
    TableError
        If the tables do not have the same columns.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> real = pd.DataFrame({"x": rng.normal(size=500), "y": rng.integers(0, 3, 500)})
    >>> evaluate(real, real).shape
    0.0
    >>> shifted = real.assign(x=real["x"] + 1)
    >>> evaluate(real, shifted).shape > 0.1
    True
    """
    return score(compare(real, synthetic), seed)


def score(tables: Comparison, seed: int = 0) -> Scorecard:
    """Score two tables that are tidy already."""
    order = np.random.default_rng(seed).permutation(len(tables.real))
    halves = tables.real.iloc[order[::2]], tables.real.iloc[order[1::2]]
    kinds = {column.name: column.kind for column in tables.schema.columns}
    columns = column_scores(tables.real, tables.synthetic)
    columns.insert(1, "kind", columns["column"].map(kinds))
    columns.insert(3, "floor", column_scores(*halves)["distance"])
    pairs = pair_scores(tables.real, tables.synthetic)
    pairs["floor"] = pair_scores(*halves)["distance"]
    return Scorecard(columns, pairs)
