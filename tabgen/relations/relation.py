"""What a rule between columns must be able to do, and the tidy columns that rules read and write."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from tabgen.errors import SchemaError
from tabgen.spelling import did_you_mean


@runtime_checkable
class Relation(Protocol):
    """What a rule between columns must be able to do; write a class like this for a rule of your own.

    Examples
    --------
    >>> class Doubled:
    ...     columns = ("b",)
    ...     def learn(self, tidy):
    ...         return self
    ...     def forward(self, tidy):
    ...         return tidy.drop(columns="b")
    ...     def inverse(self, tidy):
    ...         return tidy.assign(b=2 * tidy["a"])
    ...     def describe(self):
    ...         return "b = 2 a"
    >>> isinstance(Doubled(), Relation)
    True
    """

    @property
    def columns(self) -> tuple[Hashable, ...]:
        """Labels of the columns that the rule is about."""

    def learn(self, tidy: pd.DataFrame) -> Relation:
        """Return the rule with what it must know of the training table; refuse a table that breaks it."""

    def forward(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return the frame that a model learns."""

    def inverse(self, tidy: pd.DataFrame) -> pd.DataFrame:
        """Return a drawn frame to one that keeps the rule in every row."""

    def describe(self) -> str:
        """Return the rule as a line of text."""


def need(tidy: pd.DataFrame, rule: Relation, dtype: str = "fMO") -> None:
    """Refuse a rule about a column that is not learned, or not a number where it must be."""
    for name in rule.columns:
        if name not in tidy.columns:
            hint = did_you_mean(name, tidy.columns, "Remove it.").strip()
            raise SchemaError(
                f"The relation {rule.describe()!r} is about column {name!r}, which is not in the table or "
                f"not learned (constant, a key or free text). {hint}"
            )
        if tidy[name].dtype.kind not in dtype:
            raise SchemaError(
                f"The relation {rule.describe()!r} needs numbers in column {name!r}. Remove it."
            )


def refuse(wrong: np.ndarray, rule: Relation) -> None:
    """Refuse a table in which a rule does not hold in the rows that are marked."""
    if wrong.any():
        raise SchemaError(
            f"The relation {rule.describe()!r} does not hold in {int(wrong.sum()):,} rows of the table, "
            f"first in row {int(wrong.argmax())}. Remove it, or mend the rows."
        )


def as_numbers(column: pd.Series) -> np.ndarray:
    """Return a tidy column as float64: level numbers, ticks or the numbers themselves."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        codes = column.cat.codes.to_numpy().astype(np.float64)
        return np.where(codes < 0, np.nan, codes)
    numbers = column.to_numpy()
    return np.where(column.isna(), np.nan, numbers.astype(np.int64)) if numbers.dtype.kind == "M" else numbers


def with_columns(tidy: pd.DataFrame, columns: dict[Hashable, Any], unit: str | None = None) -> pd.DataFrame:
    """Return a frame with columns of new values, in the dtypes of the old ones where there are any."""
    names = [*tidy.columns, *(name for name in columns if name not in tidy.columns)]
    new = []
    for name in names:
        if name not in columns:
            new.append(tidy[name])
            continue
        values = columns[name]
        dtype = tidy[name].dtype if name in tidy.columns else None
        if dtype is not None and values.dtype == dtype:
            pass  # as it shall be
        elif isinstance(dtype, pd.CategoricalDtype) and isinstance(values, np.ndarray):
            values = pd.Categorical.from_codes(
                np.where(np.isnan(values), -1, values).astype(int), dtype=dtype
            )
        elif dtype is not None and dtype.kind == "M":
            own = np.datetime_data(dtype)[0]
            absent = tidy[name].isna().to_numpy() if values.dtype.kind == "i" else np.isnan(values)
            ticks = np.where(absent, 0, values).astype(np.int64)
            values = ticks.astype(f"datetime64[{unit or own}]").astype(dtype)
            values[absent] = np.datetime64("NaT")
        new.append(pd.Series(values, index=tidy.index))
    frame = pd.concat(new, axis=1)
    frame.columns = pd.Index(names, tupleize_cols=False)
    return frame


def without_columns(tidy: pd.DataFrame, names: Sequence[Hashable]) -> pd.DataFrame:
    """Return a frame without some of its columns."""
    return tidy.loc[:, [name not in names for name in tidy.columns]]
