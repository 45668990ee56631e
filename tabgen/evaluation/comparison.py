"""A real, a synthetic and maybe a held-out real table to tidy frames under one schema."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tabgen.cleaning import clean
from tabgen.errors import TableError
from tabgen.inference import infer_schema
from tabgen.profiling import check_frame, profile
from tabgen.schema import REPLACED, Schema


@dataclass(frozen=True)
class Comparison:
    """Two or three tables in tidy form under one schema.

    Attributes
    ----------
    schema : Schema
        What the columns of the tables are.
    real, synthetic : pandas.DataFrame
        The modelled columns, as `tabgen.cleaning.clean` returns them; identifiers and free text
        are left out, unless some of their values are missing.
    holdout : pandas.DataFrame or None
        Real rows that the synthetic ones were not learned from, in the same form.
    """

    schema: Schema
    real: pd.DataFrame
    synthetic: pd.DataFrame
    holdout: pd.DataFrame | None = None


def compare(real: pd.DataFrame, synthetic: pd.DataFrame, holdout: pd.DataFrame | None = None) -> Comparison:
    """Bring tables into tidy form under one schema, inferred from all of them.

    Parameters
    ----------
    real, synthetic : pandas.DataFrame
        Tables with the same columns, in any order.
    holdout : pandas.DataFrame, optional
        Real rows that the synthetic ones were not learned from.

    Returns
    -------
    Comparison

    Raises
    ------
    TableError
        If the tables do not have the same columns, or none of them has a row.

    Examples
    --------
    >>> real = pd.DataFrame({"size": ["S", "M", "S"], "price": [1.5, 2.0, 1.5]})
    >>> compare(real, real.iloc[::-1]).real["size"].tolist()
    [1, 0, 1]
    """
    others = {"synthetic": synthetic} if holdout is None else {"synthetic": synthetic, "held-out": holdout}
    check_frame(real)
    for which, table in others.items():
        check_frame(table)
        odd = list(set(real.columns) ^ set(table.columns))
        if odd:
            where = "real" if odd[0] in real else which
            raise TableError(
                f"Only the {where} table has a column {odd[0]!r}. Compare tables of one kind."
                if len(others) == 1
                else f"The real and the {which} table differ: only the {where} one has a column {odd[0]!r}. "
                "Compare tables of one kind."
            )
    # two tables may count durations in ticks of their own
    ticks = {name: dtype for name, dtype in real.dtypes.items() if dtype.kind == "m"}
    tables = [real]
    for table in others.values():
        own_ticks = {name: dtype for name, dtype in ticks.items() if table[name].dtype.kind == "m"}
        tables.append(table[list(real.columns)].astype(own_ticks))
    both = infer_schema(profile(tables)).columns
    # whether values are unique is a fact of the real table: both tables may hold the same keys
    own = infer_schema(profile([real])).columns if len(real) else both
    replaced = {column.name: column for column in own if column.kind in REPLACED}
    schema = Schema(tuple(replaced.get(column.name, column) for column in both))
    return Comparison(schema, *(clean(table, schema) for table in tables))
