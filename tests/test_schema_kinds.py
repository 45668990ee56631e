"""A schema whose kinds are not those of the table is refused in a sentence."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tabgen import TabularGAN
from tabgen.cleaning import clean
from tabgen.errors import SchemaError
from tabgen.inference import infer_schema
from tabgen.jsonvalues import dtype_to_json
from tabgen.schema import Column, Schema


@pytest.mark.parametrize(
    ("kind", "values", "fault"),
    [
        ("numeric", ["1", None, "Rome", "Oslo"], "holds 'Rome' at row 2, which is no number"),
        ("datetime", [1.5, 2.0, 2.0], "holds 1.5 at row 0, which is no moment"),
        ("datetime", ["2024-01-31", "2024-02-01", "x"], "holds '2024-01-31' at row 0, "),
        ("duration", [None, "1 day", "x"], "holds '1 day' at row 1, which is no duration"),
        ("categorical", [None, 2.5, 3.5], "holds 2.5 at row 1, "),
    ],
)
def test_a_kind_that_the_values_are_not_of_is_refused(kind, values, fault):
    frame = pd.DataFrame({"x": values})
    (column,) = infer_schema(frame).columns
    schema = Schema(
        (replace(column, kind=kind, levels=(), number=None, date_format=None, null=None, missing=0.1),)
    )
    (said,) = schema.check(frame)
    assert f"Column 'x' {fault}" in said
    with pytest.raises(SchemaError, match=f"Column 'x' {fault}.*(but|has no levels)"):
        clean(frame, schema)


def test_a_kind_that_is_none_is_refused():
    with pytest.raises(
        SchemaError, match=r"'x' has the kind 'number', which is none of numeric, categorical"
    ):
        Column("x", "number", dtype_to_json(np.dtype(float)))


@pytest.mark.parametrize("dtype", ["date32[pyarrow]", "duration[ms][pyarrow]", "decimal128(5, 2)[pyarrow]"])
def test_arrow_values_are_of_their_kind(dtype):
    kind = {"da": "datetime", "du": "duration", "de": "numeric"}[dtype[:2]]
    values = [dt.date(2024, 1, k + 1) for k in range(3)] if kind == "datetime" else [1, 2, 3]
    arrow = pd.ArrowDtype(pa.decimal128(5, 2)) if kind == "numeric" else dtype
    frame = pd.DataFrame({"x": pd.Series(values, dtype=arrow)})
    assert Schema((Column("x", kind, dtype_to_json(frame["x"].dtype)),)).check(frame) == []


def test_a_fit_takes_no_mapping_for_a_schema():
    with pytest.raises(SchemaError, match=r"^schema is a dict\. Pass a Schema, as from infer_schema"):
        TabularGAN(epochs=1).fit(pd.DataFrame({"x": [1.5, 2.5]}), schema={"x": "numeric"})
