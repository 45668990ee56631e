"""Schemas, dtypes and scalars to JSON text and back."""

import datetime as dt
import json
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tabgen.errors import SchemaError
from tabgen.inference import infer_schema
from tabgen.jsonvalues import dtype_from_json, dtype_to_json, scalar_from_json, scalar_to_json
from tabgen.schema import Column, NumberLook, Schema

PANDAS_2 = pd.__version__.startswith("2.")
NAMED = [
    *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)),
    *(f"{sign}Int{bits}" for sign in ("", "U") for bits in (8, 16, 32, 64)),
    *("float16", "float32", "float64", "Float32", "Float64", "bool", "boolean", "object", "complex128"),
    *(f"{kind}64[{unit}]" for kind in ("datetime", "timedelta") for unit in ("s", "ms", "us", "ns")),
    *(f"datetime64[{unit}, {zone}]" for unit in ("s", "ns") for zone in ("UTC", "Asia/Kolkata", "UTC+05:30")),
    *(f"period[{freq}]" for freq in ("D", "M", "Q-NOV", "Y-DEC", "W-SUN", "h", "2M")),
    *("Sparse[int64, 0]", "Sparse[float64, nan]"),
]
ARROW = [
    pa.int8(), pa.uint64(), pa.float32(), pa.bool_(), pa.string(), pa.large_string(), pa.binary(),
    pa.date32(), pa.date64(), pa.time64("us"), pa.duration("ms"), pa.decimal128(12, 3), pa.null(),
    pa.timestamp("ns"), pa.timestamp("ms", "America/New_York"), pa.dictionary(pa.int8(), pa.string()),
]  # fmt: skip
DTYPES = [
    *map(pd.api.types.pandas_dtype, NAMED),
    *map(pd.ArrowDtype, ARROW),
    *map(pd.StringDtype, ["python", "pyarrow"] + ["pyarrow_numpy"] * PANDAS_2),
    *(pd.StringDtype(storage, np.nan) for storage in ("python", "pyarrow") if not PANDAS_2),
    *(
        pd.IntervalDtype(inner, closed)
        for inner in ("int64", "datetime64[us]")
        for closed in ("left", "both")
    ),
]


@pytest.mark.parametrize("dtype", DTYPES, ids=repr)
def test_dtype_survives_json(dtype):
    back = dtype_from_json(json.loads(json.dumps(dtype_to_json(dtype))))
    assert back == dtype
    assert repr(back) == repr(dtype)


CATEGORIES = {
    "str": pd.Index(["b", "a", "ß"]),
    "object": pd.Index(["b", "a"], dtype=object),
    "mixed": pd.Index([1, "a", 2.5], dtype=object),
    "tuple": pd.Index([(1, "a"), (2, "b")], tupleize_cols=False),
    "int8": pd.Index([3, 1], dtype="int8"),
    "Int64": pd.Index([3, 1], dtype="Int64"),
    "float": pd.Index([0.1, np.inf]),
    "bool": pd.Index([True, False]),
    "datetime": pd.DatetimeIndex(["2024-02-29", "1969-07-20 20:17:40"]),
    "zoned": pd.DatetimeIndex(["2024-11-03 05:30", "2024-11-03 06:30"], tz="UTC").tz_convert("US/Eastern"),
    "timedelta": pd.TimedeltaIndex(["2D", "-1ns"]),
    "period": pd.PeriodIndex(["2024Q1", "2023Q4"], freq="Q"),
    "interval": pd.interval_range(0, 3),
    "interval of moments": pd.interval_range(pd.Timestamp("2024-01-01"), periods=2, closed="left"),
    "date": pd.Index([dt.date(2024, 1, 2), dt.date(2024, 1, 1)], dtype=object),
}


@pytest.mark.parametrize("ordered", [False, True], ids=["unordered", "ordered"])
@pytest.mark.parametrize("categories", CATEGORIES.values(), ids=CATEGORIES)
def test_category_dtype_survives_json(categories, ordered):
    dtype = pd.CategoricalDtype(categories, ordered=ordered)
    levels = tuple(scalar_from_json(json.loads(json.dumps(scalar_to_json(level)))) for level in categories)
    back = dtype_from_json(json.loads(json.dumps(dtype_to_json(dtype))), levels)
    assert back.ordered is ordered
    pd.testing.assert_index_equal(back.categories, categories, exact=True)


SCALARS = [
    None, True, 0, -(2**70), 1.5, float("inf"), "", "żółw \x1f\n",
    (1, ("a", None)),
    dt.date(1, 1, 1), dt.time(23, 59, 59, 999_999), dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC),
    Decimal("1.50"), Decimal("-1E+30"),
    pd.Timestamp("2024-01-01").as_unit("s"), pd.Timestamp("2024-01-01 00:00:00.123456789"),
    pd.Timestamp("2024-11-03 06:30", tz="UTC").tz_convert("America/New_York"),
    pd.Timestamp("2024-01-01", tz="+05:30"),
    pd.Timedelta(-1, "ns"), pd.Timedelta(400, "D").as_unit("s"),
    pd.Period("2024-01-01", "W-SUN"), pd.Period("2024Q3", "Q-NOV"), pd.Period("2024-01", "2M"),
    pd.Interval(0.5, 1.5, "neither"),
    pd.Interval(pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-02"), "both"),
]  # fmt: skip


@pytest.mark.parametrize("value", SCALARS, ids=repr)
def test_scalar_survives_json(value):
    back = scalar_from_json(json.loads(json.dumps(scalar_to_json(value))))
    assert back == value
    assert (type(back), repr(back), getattr(back, "unit", "")) == (
        type(value), repr(value), getattr(value, "unit", ""),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "plain"),
    [(np.int8(3), 3), (np.float32(0.5), 0.5), (np.bool_(True), True), (np.str_("a"), "a")],
    ids=["int8", "float32", "bool", "str"],
)
def test_numpy_scalars_become_plain(value, plain):
    assert scalar_to_json(value) == plain
    assert type(scalar_to_json(value)) is type(plain)


@pytest.mark.parametrize("value", [b"a", 1j, [1], pd.NA, np.datetime64("2024-01-01")], ids=repr)
def test_unsupported_scalar_is_named(value):
    with pytest.raises(SchemaError) as error:
        scalar_to_json(value)
    assert str(error.value) == (
        f"Value {value!r} of type {type(value).__name__} cannot be stored. Convert it to text."
    )


NAMES = [
    "a",
    "",
    "é",
    1,
    True,
    2.5,
    None,
    ("a", 1),
    (("a",), None),
    dt.date(2024, 1, 1),
    pd.Period("2024", "Y"),
]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_schema_survives_json(name):
    schema = Schema(
        (
            Column(
                name, "ordinal", dtype_to_json(pd.CategoricalDtype([2, 1], ordered=True)),
                missing=0.1 + 0.2, levels=(2, 1), reason="Größe",
            ),
            Column(
                "other", "numeric", dtype_to_json(pd.StringDtype()),
                number=NumberLook("\u00a0", ",", 0, 2, suffix=" €"), date_format="%Y",
                null="n/a", holds="Decimal", unique=True, sensitivity="personal",
            ),
        )
    )  # fmt: skip
    back = Schema.from_json(schema.to_json())
    assert back == schema
    assert [type(label) for label in back.names] == [type(name), str]
    assert "Größe" in schema.to_json()


GOOD = json.loads(Schema((Column("a", "numeric", {"name": "int64"}),)).to_json())["columns"][0]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "3", "{}", '{"columns": 1}', '{"columns": [1]}', '{"columns": [{"name": "a"}]}',
        json.dumps({"columns": [GOOD | {"colour": "red"}]}),
        json.dumps({"columns": [GOOD | {"number": {"marks": 3}}]}),
        json.dumps({"columns": [GOOD | {"levels": [{"date": "yesterday"}]}]}),
        json.dumps({"columns": [GOOD | {"levels": [{"Decimal": "many"}]}]}),
        json.dumps({"columns": [GOOD | {"kind": "numerical"}]}),
    ],
    ids=[
        "nothing", "list", "number", "no columns", "one column", "no record", "few facts", "fact too many",
        "look", "date", "decimal", "kind",
    ],
)  # fmt: skip
def test_text_that_is_no_schema_is_refused(text):
    with pytest.raises(SchemaError, match=r"^This is not a tabgen schema \(.+\)\.$"):
        Schema.from_json(text)


@pytest.mark.parametrize(
    ("kind", "levels", "missing", "modelled"),
    [
        ("numeric", (), 0.0, True),
        ("categorical", ("a", "b"), 0.0, True),
        ("categorical", ("a", "b"), 1.0, False),
        ("constant", ("a",), 0.0, False),
        ("constant", ("a",), 0.5, True),
        ("constant", (), 1.0, False),
        ("identifier", (), 0.0, False),
        ("identifier", (), 0.5, True),
        ("text", (), 0.0, False),
        ("text", (), 0.5, True),
    ],
)
def test_a_column_is_modelled_if_something_varies(kind, levels, missing, modelled):
    column = Column("a", kind, {"name": "object"}, missing=missing, levels=levels)
    assert column.modelled is modelled


GRADES = pd.CategoricalDtype(["a", "b", "c"])
FITTING = pd.DataFrame(
    {
        "key": [1, 2, 3],
        "size": pd.Series(["S", "M", "?"], dtype=object),
        "price": pd.Series(["1,50", "2,00", "1,00"], dtype=object),
        "day": pd.Series(["2024-01-31", "2024-02-01", "2024-02-02"], dtype=object),
        "grade": pd.Series(["a", "b", "c"], dtype=GRADES),
        "unit": pd.Series(["kg", "kg", None], dtype=object),
    }
)
CHECKED = Schema(
    (
        Column("key", "identifier", {"name": "int64"}, unique=True),
        Column("size", "ordinal", {"name": "object"}, missing=0.3, levels=("S", "M"), null="?"),
        Column("price", "numeric", {"name": "object"}, number=NumberLook("", ",", 2, 2)),
        Column("day", "datetime", {"name": "object"}, date_format="%Y-%m-%d"),
        Column("grade", "categorical", dtype_to_json(GRADES), levels=("a", "b", "c")),
        Column("unit", "constant", {"name": "object"}, missing=0.3, levels=("kg",)),
    )
)


def test_a_frame_that_fits_has_no_faults():
    assert CHECKED.check(FITTING) == []
    assert CHECKED.check(FITTING.set_axis([5, 5, 5])) == []
    assert CHECKED.check(FITTING.iloc[:0]) == []


def _object(*values):
    cells = pd.Series([None] * len(values), dtype=object)
    for row, value in enumerate(values):
        cells[row] = value
    return cells


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        (
            {"key": [1, 2, 1]},
            [
                "Column 'key' holds 1 at row 2, which occurs before, where no value may (1 such "
                "value). Correct it.",
            ],
        ),
        (
            {"key": [1, 1, 1.0]},
            [
                "Column 'key' has dtype float64, where the schema has int64. Convert it with astype.",
                "Column 'key' holds 1.0 at row 1, which occurs before, where no value may (2 "
                "such values). Correct it.",
            ],
        ),
        (
            {"key": _object(1, [2], [2])},
            [
                "Column 'key' has dtype object, where the schema has int64. Convert it with astype.",
                "Column 'key' holds [2] at row 2, which occurs before, where no value may (1 "
                "such value). Correct it.",
            ],
        ),
        (
            {"size": _object("L", "S", "XL")},
            [
                "Column 'size' holds 'L' at row 0, which is not one of its 2 levels (2 such "
                "values). Correct it.",
            ],
        ),
        (
            {"size": _object("S", {"a": 1}, "?")},
            [
                "Column 'size' holds {'a': 1} at row 1, which is not one of its 2 levels (1 such "
                "value). Correct it.",
            ],
        ),
        (
            {"price": _object("1,50", None, None)},
            [
                "Column 'price' has no value at row 1 (2 missing values), where the schema has "
                "none. Fill it in, or drop the row.",
            ],
        ),
        (
            {"price": _object("1,50", "free", 3.0)},
            [
                "Column 'price' holds 'free' at row 1, which is not a number written as the "
                "schema says (2 such values). Correct it.",
            ],
        ),
        (
            {"day": _object("2024-02-30", "2024-02-01", "2024-02-02")},
            [
                "Column 'day' holds '2024-02-30' at row 0, which is not a date written %Y-%m-%d "
                "(1 such value). Correct it.",
            ],
        ),
        (
            {"grade": pd.Categorical(["a", "b", "d"], ordered=True)},
            [
                "Column 'grade' has dtype ordered category ['a', 'b', 'd'], where the schema has "
                "category ['a', 'b', 'c']. Convert it with astype.",
            ],
        ),
        (
            {"grade": pd.Categorical(["a"] * 3, categories=list("abcdef"))},
            [
                "Column 'grade' has dtype category ['a', 'b', 'c', 'd', 'e', ...], where the "
                "schema has category ['a', 'b', 'c']. Convert it with astype.",
            ],
        ),
        (
            {"unit": _object("kg", "g", None)},
            [
                "Column 'unit' holds 'g' at row 1, which is not one of its 1 levels (1 such "
                "value). Correct it.",
            ],
        ),
        (
            {"new": 1, 7: 2},
            [
                "Column 'new' is not in the schema. Drop it from the table, or infer the schema anew.",
                "Column 7 is not in the schema. Drop it from the table, or infer the schema anew.",
            ],
        ),
    ],
)
def test_faults_are_named(changes, faults):
    assert CHECKED.check(_changed(FITTING.copy(), changes)) == faults


def _changed(frame, changes):
    for name, values in changes.items():
        frame[name] = values
    return frame


def test_columns_that_are_absent_doubled_or_out_of_order():
    frame = FITTING[["price", "size", "size", "day", "grade", "unit"]]
    assert CHECKED.check(frame) == [
        "Two columns are named 'size'. Rename one of them.",
        "Column 'key' is absent. Add it to the table, or infer the schema anew.",
        "The columns come in the order ['price', 'size', 'day', 'grade', 'unit']. Put them in that of the "
        "schema, ['size', 'price', 'day', 'grade', 'unit'].",
    ]


def test_all_faults_come_at_once():
    frame = pd.DataFrame({"size": [1, 2], "price": _object("?", None), "more": 0})
    faults = CHECKED.check(frame)
    assert len(faults) == 4 + 1 + 2 + 1
    assert len(CHECKED.check(pd.DataFrame())) == 6


def test_every_spelling_of_a_missing_value_passes_the_check():
    frame = pd.DataFrame({"x": ["1.5", "2", "n/a", "unknown", "2.25", "n/a"] * 9})
    schema = infer_schema(frame)
    assert schema.check(frame) == []
    (fault,) = schema.check(pd.DataFrame({"x": ["1.5", "unknown", "other"]}, dtype=frame["x"].dtype))
    assert "'other' at row 2" in fault
