"""Frames to tidy frames: what a generator gets to see, and what is refused."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tabgen.cleaning import clean, clean_column, level_numbers, restore
from tabgen.errors import SchemaError
from tabgen.inference import infer_schema
from tabgen.jsonvalues import dtype_to_json
from tabgen.profiling import profile
from tabgen.schema import Column, Schema


def schema_of(frame):
    return infer_schema(profile([frame]))


def cleaned(values, dtype=None):
    frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})
    return clean(frame, schema_of(frame))["x"]


DAYS = ["2024-02-29", "1969-12-31", "NaT"]
NUMBERS = {
    "int": ([3, -1], "int8", [3, -1]),
    "nullable int": ([3, 0, None], "UInt16", [3, 0, np.nan]),
    "few digits": ([0.1, 2.5], "float32", [0.1, 2.5]),
    "fewer digits": ([0.1, 2, None], "float16", [0.1, 2, np.nan]),
    "nullable few digits": ([0.1, 2, None], "Float32", [0.1, 2, np.nan]),
    "arrow": ([0.1, 2, None], "float[pyarrow]", [0.1, 2, np.nan]),
    "decimal128": ([Decimal("0.10"), Decimal(2), None], pd.ArrowDtype(pa.decimal128(5, 2)), [0.1, 2, np.nan]),
    "Decimal": ([Decimal("0.10"), Decimal(2), None], object, [0.1, 2, np.nan]),
    "money": (["$1,200.50", "n/a", "$2.00"], "str", [1200.5, np.nan, 2]),
    "seconds": (pd.to_timedelta([3, -1, None], unit="s"), "timedelta64[s]", [3, -1, np.nan]),
    "nanoseconds": (pd.to_timedelta([3, -1, None], unit="ns"), "timedelta64[ns]", [3, -1, np.nan]),
    "arrow milliseconds": (pd.to_timedelta([3, 1], unit="s"), "duration[ms][pyarrow]", [3000, 1000]),
}


@pytest.mark.parametrize(("values", "dtype", "numbers"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_and_durations_become_floats(values, dtype, numbers):
    tidy = cleaned(values, dtype)
    assert tidy.dtype == np.float64
    np.testing.assert_array_equal(tidy, numbers)


MOMENTS = {
    "seconds": (DAYS, "datetime64[s]", "datetime64[s]"),
    "nanoseconds": (DAYS, "datetime64[ns]", "datetime64[ns]"),
    "zoned": (pd.to_datetime(DAYS).tz_localize("Asia/Tokyo"), "datetime64[ms, Asia/Tokyo]", "datetime64[ms]"),
    "text": (["29.02.2024", "31.12.1969", ""], "str", "datetime64[s]"),
    "dates": ([dt.date(2024, 2, 29), dt.date(1969, 12, 31), None], object, "datetime64[us]"),
    "datetimes": ([dt.datetime(2024, 2, 29), dt.datetime(1969, 12, 31), None], object, "datetime64[us]"),
    "date32": (pd.to_datetime(DAYS), "date32[pyarrow]", "datetime64[s]"),
    "arrow": (pd.to_datetime(DAYS), "timestamp[ms][pyarrow]", "datetime64[ms]"),
    "arrow zoned": (
        pd.to_datetime(DAYS).tz_localize("Asia/Tokyo"),
        pd.ArrowDtype(pa.timestamp("us", "Asia/Tokyo")), "datetime64[us]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("values", "dtype", "tidy_dtype"), MOMENTS.values(), ids=MOMENTS)
def test_moments_become_naive_local_time(values, dtype, tidy_dtype):
    tidy = cleaned(values, dtype)
    assert tidy.dtype == tidy_dtype
    assert tidy.astype("datetime64[us]").tolist() == pd.to_datetime(DAYS).tolist()


def test_periods_become_their_start():
    tidy = cleaned(pd.PeriodIndex(["2024Q1", None, "2023Q4"], freq="Q"))
    assert tidy.dt.date.tolist() == [dt.date(2024, 1, 1), pd.NaT, dt.date(2023, 10, 1)]


LEVELS = {
    "text": (["b", "a", None, "b"], "str", [1, 0, -1, 1]),
    "blank": (["b", "a", "", "b"], "str", [1, 0, -1, 1]),
    "yes and no": (["yes", "no", None, "yes"], object, [1, 0, -1, 1]),
    "bool": ([True, False], bool, [1, 0]),
    "boolean": ([True, False, None], "boolean", [1, 0, -1]),
    "objects": ([1, 2.5, "a", (1, 2), None], object, [1, 0, 2, 3, -1]),
    "one and True": ([1, True, "a", 1.0], object, [0, 0, 1, 0]),
    "numpy objects": ([np.int64(2), np.int64(1), None], object, [1, 0, -1]),
    "category": (pd.Categorical(["b", None], ["c", "b"]), None, [1, -1]),
    "category of tuples": (
        pd.Categorical([(2, "b"), (1, "a")], pd.Index([(1, "a"), (2, "b")], tupleize_cols=False)),
        None, [1, 0],
    ),
    "interval": (pd.interval_range(0, 2), None, [0, 1]),
}  # fmt: skip


@pytest.mark.parametrize(("values", "dtype", "numbers"), LEVELS.values(), ids=LEVELS)
def test_levels_become_their_numbers(values, dtype, numbers):
    tidy = cleaned(values, dtype)
    assert tidy.cat.codes.tolist() == numbers
    assert tidy.cat.categories.tolist() == list(range(len(tidy.cat.categories)))
    assert not tidy.cat.ordered


def test_ordered_levels_stay_ordered_and_unused_ones_stay():
    tidy = cleaned(pd.Categorical(["m", "s", None], ["xl", "m", "s"], ordered=True))
    assert tidy.dtype == pd.CategoricalDtype([0, 1, 2], ordered=True)
    assert tidy.cat.codes.tolist() == [1, 2, -1]


def test_of_keys_and_constants_only_the_gaps_are_seen():
    count = pd.Series([f"K{number}" for number in range(29)])
    frame = pd.DataFrame(
        {
            "key": count,
            "gappy key": count.where(count != "K3"),
            "blank key": count.where(count != "K3", ""),
            "one": 1.5,
            "gappy one": [None, *[1.5] * 28],
            "none": None,
        }
    )  # fmt: skip
    tidy = clean(frame, schema_of(frame))
    assert list(tidy) == ["gappy key", "blank key", "gappy one"]
    assert tidy.isna().sum().tolist() == [1, 1, 1]
    assert all(column.cat.categories.tolist() == [0] for _, column in tidy.items())


def test_order_is_the_schema_s_and_further_columns_are_left_out():
    frame = pd.DataFrame({"a": [1.5, 2], 0: ["x", "y"], ("b", 1): [True, False]}, index=[7, 7])
    schema = schema_of(frame)
    tidy = clean(frame.assign(more=1)[[("b", 1), "more", 0, "a"]], schema)
    assert list(tidy) == ["a", 0, ("b", 1)]
    assert tidy.index.tolist() == [0, 1]


def test_other_spellings_of_missing_are_missing_as_well():
    frame = pd.DataFrame({"x": ["1.5", "NA", "NA", "?", "2.5"]})
    assert cleaned(frame["x"]).isna().tolist() == [False, True, True, True, False]
    back = restore(clean(frame, schema_of(frame)), schema_of(frame))
    assert back["x"].tolist() == ["1.5", "NA", "NA", "?", "2.5"]


def test_absent_column_is_named():
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
    message = r"^Column 'b' is not in the table\. Its columns: \['a'\]\.$"
    with pytest.raises(SchemaError, match=message):
        clean(frame[["a"]], schema_of(frame))


@pytest.mark.parametrize(
    ("known", "new", "shown"),
    [
        (["a", "b"], ["a", None, "c"], "'c' at row 2"),
        (["a", "b", ""], ["a", "", "c"], "'c' at row 2"),
        (pd.Categorical(["a", "b"]), pd.Categorical(["a", None, "c"]), "'c' at row 2"),
        ([1, "a"], ["a", None, 2], "2 at row 2"),
    ],
    ids=["text", "blank", "category", "objects"],
)
def test_unknown_level_is_named_with_its_row(known, new, shown):
    schema = schema_of(pd.DataFrame({"x": known}))
    message = f"^Column 'x' holds {shown}, which is not one of its 2 levels. Fit on a table that has it, or "
    with pytest.raises(SchemaError, match=message):
        clean(pd.DataFrame({"x": new}), schema)


def test_a_column_may_be_cleaned_alone():
    column = Column("x", "categorical", dtype_to_json(pd.StringDtype()), levels=("b", "a"), null="-")
    values = pd.Series(["a", "-", "b"], index=[5, 6, 7])
    assert clean_column(values, column).cat.codes.tolist() == [1, -1, 0]
    assert level_numbers(pd.Series(["a", None]), column).tolist() == [1, -1]


AUTUMN = pd.date_range("2024-11-03 04:30", periods=4, freq="h", tz="UTC").tz_convert("America/New_York")


def test_an_hour_shown_twice_is_taken_as_its_first():
    frame = pd.DataFrame({"x": AUTUMN})
    back = restore(clean(frame, schema_of(frame)), schema_of(frame))
    assert back["x"].tolist() == [AUTUMN[0], AUTUMN[1], AUTUMN[1], AUTUMN[3]]


def test_an_hour_that_is_skipped_moves_on():
    frame = pd.DataFrame({"x": AUTUMN})
    tidy = pd.DataFrame({"x": pd.to_datetime(["2024-03-10 02:30", None, "2024-03-10 01:59"])})
    back = restore(tidy, schema_of(frame))
    assert back["x"].dtype == AUTUMN.dtype
    assert back["x"].iloc[0] == pd.Timestamp("2024-03-10 03:00", tz="America/New_York")
    assert back["x"].isna().tolist() == [False, True, False]


def test_numbers_beyond_a_dtype_are_clipped_to_it():
    frame = pd.DataFrame({"x": pd.array([1, 2], dtype="UInt8")})
    back = restore(pd.DataFrame({"x": [-3.0, 1.6, np.nan, 300.0]}), schema_of(frame))
    assert back["x"].tolist() == [0, 2, pd.NA, 255]
    assert back["x"].dtype == "UInt8"


@pytest.mark.parametrize("null", [None, "n/a"])
def test_fresh_values_take_the_place_of_keys(null):
    key = Column("key", "identifier", dtype_to_json(pd.Series(["a"]).dtype), missing=0.5, null=null)
    text = Column("text", "text", dtype_to_json(np.dtype(object)))
    tidy = pd.DataFrame({"key": pd.Categorical.from_codes([0, -1, 0], [0])}, index=[4, 5, 6])
    fresh = {name: np.array([f"{name}{row}" for row in range(3)], dtype=object) for name in ("key", "text")}
    back = restore(tidy, Schema((text, key)), fresh)
    assert back["text"].tolist() == ["text0", "text1", "text2"]
    assert back["key"].fillna("gap").tolist() == ["key0", null or "gap", "key2"]
    assert back.dtypes.tolist() == [object, pd.Series(["a"]).dtype]
    assert fresh["key"].tolist() == ["key0", "key1", "key2"]


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NaT, pd.NA], ids=str)
def test_the_object_that_stands_for_a_missing_value_stays(nothing):
    frame = pd.DataFrame({"x": pd.Series(["a", "b", nothing, "a"] * 10, dtype=object)})
    schema = Schema.from_json(infer_schema(frame).to_json())
    back = restore(clean(frame, schema), schema)["x"]
    assert all(value is nothing for value in back[back.isna()])
    dates = frame.replace({"a": dt.date(2024, 1, 1), "b": dt.date(2025, 3, 1)}).astype(object)
    dates.loc[dates["x"].isna(), "x"] = nothing
    schema = infer_schema(dates)
    back = restore(clean(dates, schema), schema)["x"]
    assert all(value is nothing for value in back[back.isna()])


def test_several_spellings_of_missing_stay_as_frequent_as_they_are():
    texts = ["1.5", "2", "3.25", "", "n/a", "", ""] * 40
    frame = pd.DataFrame(
        {"x": texts, "d": ["2024-01-31", "2023-05-01", "", "?", "2020-02-02", "?", "?"] * 40}
    )
    schema = Schema.from_json(infer_schema(frame).to_json())
    assert dict(schema.columns[0].null_shares) == {"": 0.75, "n/a": 0.25}
    back = restore(clean(frame, schema), schema)
    for name, spellings in (("x", ["", "n/a"]), ("d", ["", "?"])):
        assert abs(back[name].value_counts() - frame[name].value_counts()).max() <= 2
        assert back[name].isin(spellings).equals(frame[name].isin(spellings))


def test_a_text_and_a_real_missing_value_stay_apart():
    frame = pd.DataFrame({"x": pd.Series(["1.5", "2", None, "n/a"] * 40, dtype="str")})
    schema = infer_schema(frame)
    back = restore(clean(frame, schema), schema)["x"]
    assert abs(back.isna().sum() - 40) <= 1
    assert abs((back == "n/a").sum() - 40) <= 1


@pytest.mark.parametrize(
    "labels",
    [
        pd.MultiIndex.from_tuples([("a", 1), ("a", 2)], names=["letter", None]),
        pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
        pd.Index(["x", "y"], name="what"),
        pd.Index([dt.date(2024, 1, 1), 7]),
    ],
    ids=["multi", "tuples", "named", "mixed"],
)
def test_the_column_index_comes_back(labels):
    frame = pd.DataFrame(np.arange(40.0).reshape(20, 2) % 7, columns=labels)
    schema = Schema.from_json(infer_schema(frame).to_json())
    pd.testing.assert_index_equal(restore(clean(frame, schema), schema).columns, labels, exact=True)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64"])
def test_repeated_whole_numbers_beyond_the_floats_stay_exact(dtype):
    big = [2**53 + 1, 2**62 + 3, 2**60 + 7]
    frame = pd.DataFrame({"account": pd.Series(big * 20, dtype=dtype)})
    schema = Schema.from_json(infer_schema(frame).to_json())
    assert schema.columns[0].kind == "categorical"
    pd.testing.assert_frame_equal(restore(clean(frame, schema), schema), frame)
