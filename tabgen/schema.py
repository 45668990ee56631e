"""What is known of a table: `Column` and `Schema`, frozen facts that go to JSON and come back."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, cast, get_args

import numpy as np
import pandas as pd

from tabgen.errors import SchemaError
from tabgen.jsonvalues import dtype_from_json, scalar_from_json, scalar_to_json
from tabgen.looks import NULLS, NumberLook, parse_dates, parse_numbers

Kind = Literal[
    "numeric",
    "categorical",
    "ordinal",
    "boolean",
    "datetime",
    "duration",
    "text",
    "identifier",
    "constant",
]
LEVELLED = ("categorical", "ordinal", "boolean")
REPLACED = ("identifier", "text")
MEASURES = {"numeric": "is no number", "datetime": "is no moment", "duration": "is no duration"}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : Hashable
        The column's label.
    kind : str
        What it measures; one of numeric, categorical, ordinal, boolean, datetime, duration, text,
        identifier, constant.
    dtype : dict
        The pandas dtype, see `tabgen.jsonvalues.dtype_to_json`.
    missing : float
        Share of missing values.
    levels : tuple
        The values of a categorical, ordinal, boolean or constant column, in order.
    number : NumberLook or None
        How numbers are written, when they are text.
    date_format : str or None
        How dates are written, when they are text (``strftime``).
    null : str or None
        The text that stands for a missing value; None for a real missing value.
    null_shares : tuple of (str or None, float)
        Where missing values are written in several ways: each spelling, None for a real missing value, and
        its share of them.
    nothing : str
        Which object stands for a missing value in an object column: ``"None"``, ``"nan"``, ``"NaT"`` or
        ``"<NA>"``.
    holds : str or None
        Python type of the values of an object column: ``"date"``, ``"Decimal"``, ...
    unique : bool
        Whether no value occurs twice.
    sensitivity : str
        ``"none"``, ``"identifier"`` or ``"personal"``.
    reason : str
        Why the column was taken for this kind.
    """

    name: Hashable
    kind: Kind
    dtype: dict[str, Any]
    missing: float = 0.0
    levels: tuple[Any, ...] = ()
    number: NumberLook | None = None
    date_format: str | None = None
    null: str | None = None
    null_shares: tuple[tuple[str | None, float], ...] = ()
    nothing: str = "None"
    holds: str | None = None
    unique: bool = False
    sensitivity: str = "none"
    reason: str = ""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            kinds = ", ".join(get_args(Kind))
            raise SchemaError(f"Column {self.name!r} has the kind {self.kind!r}, which is none of {kinds}.")

    @property
    def modelled(self) -> bool:
        """Whether a generator has anything to learn: values that vary, or which are missing."""
        if self.kind == "constant":
            return bool(self.levels) and self.missing > 0
        if self.kind in LEVELLED and self.missing == 1:
            return False
        return self.kind not in REPLACED or self.missing > 0


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order.

    Attributes
    ----------
    columns : tuple of Column
        One fact sheet a column.
    header : tuple of Hashable
        Names of the levels of the column labels, where they have names or more than one level.

    Examples
    --------
    >>> from tabgen.jsonvalues import dtype_to_json
    >>> age = Column("age", "numeric", dtype_to_json(np.dtype("int64")))
    >>> schema = Schema((age,))
    >>> Schema.from_json(schema.to_json()) == schema
    True
    """

    columns: tuple[Column, ...]
    header: tuple[Hashable, ...] = ()

    @property
    def names(self) -> list[Hashable]:
        """Labels of the columns."""
        return [column.name for column in self.columns]

    @property
    def labels(self) -> pd.Index:
        """Labels of the columns as the column index of a frame."""
        if len(self.header) > 1:
            return pd.MultiIndex.from_tuples(cast(Any, self.names), names=self.header)
        return pd.Index(self.names, tupleize_cols=False, name=self.header[0] if self.header else None)

    def to_json(self) -> str:
        """Return the schema as JSON text."""
        columns = []
        for column in self.columns:
            record = {f.name: getattr(column, f.name) for f in fields(column)}
            record["name"] = scalar_to_json(column.name)
            record["levels"] = [scalar_to_json(level) for level in column.levels]
            record["number"] = None if column.number is None else asdict(column.number)
            columns.append(record)
        facts = {"columns": columns, "header": [scalar_to_json(name) for name in self.header]}
        return json.dumps(facts, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """Read a schema back from JSON text.

        Raises
        ------
        SchemaError
            If the text is not a schema.
        """
        try:
            columns, facts = [], json.loads(text)
            for record in facts["columns"]:
                record["name"] = scalar_from_json(record["name"])
                record["levels"] = tuple(scalar_from_json(level) for level in record["levels"])
                record["null_shares"] = tuple(tuple(pair) for pair in record.get("null_shares", ()))
                record["number"] = record["number"] and NumberLook(**record["number"])
                columns.append(Column(**record))
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            raise SchemaError(f"This is not a tabgen schema ({error}).") from error
        return cls(tuple(columns), tuple(scalar_from_json(name) for name in facts.get("header", ())))

    def check(self, frame: pd.DataFrame) -> list[str]:
        """Say all that is wrong with a frame, as one sentence a fault.

        Rows are counted from 0, whatever the index of the frame.

        Parameters
        ----------
        frame : pandas.DataFrame
            A table that should be of this schema; it is not modified.

        Returns
        -------
        list of str
            Empty if the frame fits.

        Examples
        --------
        >>> from tabgen.jsonvalues import dtype_to_json
        >>> size = Column("size", "ordinal", dtype_to_json(np.dtype(object)), levels=("S", "M"))
        >>> frame = pd.DataFrame({"size": ["S", "XL"], "age": [3, 4]}, dtype=object)
        >>> for fault in Schema((size,)).check(frame):
        ...     print(fault)
        Column 'age' is not in the schema. Drop it from the table, or infer the schema anew.
        Column 'size' holds 'XL' at row 1, which is not one of its 2 levels (1 such value). Correct it.
        """
        known = set(self.names)
        places: dict[Hashable, int] = {}
        faults, extra = [], []
        for place, name in enumerate(frame.columns):
            if name in places:
                faults.append(f"Two columns are named {name!r}. Rename one of them.")
            elif name not in known:
                extra.append(name)
            places.setdefault(name, place)
        there = [name for name in self.names if name in places]
        for name in self.names:
            if name not in places:
                faults.append(f"Column {name!r} is absent. Add it to the table, or infer the schema anew.")
        for name in extra:
            faults.append(
                f"Column {name!r} is not in the schema. Drop it from the table, or infer the schema anew."
            )
        order = sorted(there, key=places.__getitem__)
        if order != there:
            faults.append(f"The columns come in the order {order}. Put them in that of the schema, {there}.")
        for column in self.columns:
            if column.name in places:
                faults += _column_faults(frame.iloc[:, places[column.name]], column)
        return faults


def _column_faults(values: pd.Series, column: Column) -> list[str]:
    """Say all that is wrong with the values of one column."""
    dtype = dtype_from_json(column.dtype, column.levels)
    faults = []
    if values.dtype != dtype:
        faults.append(
            f"Column {column.name!r} has dtype {_dtype_words(values.dtype)}, where the schema has "
            f"{_dtype_words(dtype)}. Convert it with astype."
        )
    absent = values.isna().to_numpy(dtype=bool)
    objects = values.to_numpy(dtype=object)
    parsed = column.number is not None or column.date_format is not None
    spellings = (spelling for spelling, _ in column.null_shares)
    nulls = {column.null, *spellings, *(NULLS if parsed else ())} - {None}
    if nulls:
        absent = absent | np.array([isinstance(v, str) and v in nulls for v in objects], dtype=bool)
    if column.missing == 0 and absent.any():
        faults.append(
            f"Column {column.name!r} has no value at row {absent.argmax()} "
            f"({_such(absent, 'missing value')}), where the schema has none. Fill it in, or drop the row."
        )
    rows = np.flatnonzero(~absent)
    categories = isinstance(dtype, pd.CategoricalDtype) and isinstance(values.dtype, pd.CategoricalDtype)
    levelled = (column.kind in LEVELLED or column.kind == "constant") and not categories
    if levelled or column.unique:
        codes, distinct = _factorize(objects[rows])
        if levelled:
            known = set(column.levels)
            strange = np.array([value not in known for value in distinct], dtype=bool)[codes]
            what = (
                f"is not one of its {len(column.levels)} levels"
                if known
                else "is no level, as there are none"
            )
            faults += _value_faults(column, objects, rows, strange, what)
        if column.unique:
            repeated = pd.Series(codes).duplicated().to_numpy()
            faults += _value_faults(column, objects, rows, repeated, "occurs before, where no value may")
    if parsed:
        text = np.array([isinstance(value, str) for value in objects[rows]], dtype=bool)
        texts = pd.Series(objects[rows][text], dtype="str")
        unread = ~text
        if column.date_format is not None:
            unread[text] = parse_dates(texts, column.date_format).isna()
            what = f"is not a date written {column.date_format}"
        elif column.number is not None:
            unread[text] = np.isnan(parse_numbers(texts, column.number))
            what = "is not a number written as the schema says"
        faults += _value_faults(column, objects, rows, unread, what)
    elif column.kind in MEASURES and values.dtype == dtype:
        faults += _value_faults(column, objects, rows, misfits(values, column)[rows], MEASURES[column.kind])
    return faults


def misfits(values: pd.Series, column: Column) -> np.ndarray:
    """Return which values are no numbers, moments or durations, where the kind of their column says so.

    Parameters
    ----------
    values : pandas.Series
        Values that are not written as the column's `number` or `date_format` says.
    column : Column
        A numeric, datetime or duration column.

    Returns
    -------
    numpy.ndarray
        Boolean, one a value; False for missing ones.
    """
    there, dtype = values.notna().to_numpy(dtype=bool), values.dtype
    kind = "M" if isinstance(dtype, pd.PeriodDtype) else dtype.kind
    if kind in {"numeric": "biuf", "datetime": "M", "duration": "m"}[column.kind]:
        return np.zeros(len(values), dtype=bool)
    if column.kind == "numeric":
        read = pd.to_numeric(values.astype(object), errors="coerce")
    elif column.kind == "datetime" and column.holds is not None:
        read = pd.to_datetime(values.astype(object), errors="coerce")
    else:
        return there
    return there & read.isna().to_numpy(dtype=bool)


def _value_faults(
    column: Column, objects: np.ndarray, rows: np.ndarray, wrong: np.ndarray, what: str
) -> list[str]:
    """Name the first wrong value, if there is one."""
    if not wrong.any():
        return []
    row = rows[wrong.argmax()]
    return [
        f"Column {column.name!r} holds {objects[row]!r} at row {row}, which {what} "
        f"({_such(wrong, 'such value')}). Correct it."
    ]


def _such(wrong: np.ndarray, what: str) -> str:
    return f"{wrong.sum()} {what}{'s' if wrong.sum() > 1 else ''}"


def _factorize(objects: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return codes and different values; a value without hash stands as its type and spelling."""
    try:
        return pd.factorize(objects, use_na_sentinel=False)
    except TypeError:
        safe = np.empty(len(objects), dtype=object)
        for row, value in enumerate(objects):
            try:
                hash(value)
                safe[row] = value
            except TypeError:
                safe[row] = (type(value), repr(value))
        return pd.factorize(safe, use_na_sentinel=False)


def _dtype_words(dtype: Any) -> str:
    """Return a dtype in words, with what makes one category dtype differ from another."""
    if not isinstance(dtype, pd.CategoricalDtype):
        return str(dtype)
    shown = ", ".join(repr(category) for category in dtype.categories[:5])
    more = ", ..." if len(dtype.categories) > 5 else ""
    return f"{'ordered ' if dtype.ordered else ''}category [{shown}{more}]"
