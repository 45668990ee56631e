"""Column profiles: what one pass counts, and that chunks merge into the whole."""

import datetime as dt
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgen import profiling
from tabgen.errors import TableError
from tabgen.profiling import profile, profile_column

ARROW_DECIMAL = pd.ArrowDtype(pa.decimal128(5, 2))
# dtype, the values that a column may hold
POOLS = {
    "int": ("int64", [3, -1, 0, 2**60]),
    "uint8": ("uint8", [0, 255, 7]),
    "float": ("float64", [0.1, -0.0, 1e300, None]),
    "Int8": ("Int8", [1, -128, None]),
    "Float32": ("Float32", [0.1, 2.5, None]),
    "boolean": ("boolean", [True, False, None]),
    "str": ("str", ["a", "", "ß", None]),
    "string": (pd.StringDtype("python"), ["a", "b", None]),
    "object": (object, ["a", 1, 2.5, (1, 2), dt.date(2024, 1, 1), None, np.nan, pd.NaT]),
    "dates": (object, [dt.date(2024, 1, 1), dt.date(1, 1, 1), None]),
    "datetimes": (object, [dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2), None]),
    "decimals": (object, [Decimal("1.50"), Decimal("-3"), None]),
    "datetime": ("datetime64[s]", ["2024-01-01", "1969-12-31", None]),
    "zoned": ("datetime64[us, Asia/Tokyo]", ["2024-01-01", "2023-01-01", None]),
    "timedelta": ("timedelta64[ms]", [1, -5, None]),
    "period": ("period[M]", ["2024-01", "2023-12", None]),
    "category": (pd.CategoricalDtype(["c", "b", "a"], ordered=True), ["a", "b", None]),
    "interval": (pd.IntervalDtype("float64", "right"), [pd.Interval(0.0, 1.0), pd.Interval(1.0, 2.0), None]),
    "decimal128": (ARROW_DECIMAL, [Decimal("1.50"), Decimal("2.25"), None]),
    "arrow time": (pd.ArrowDtype(pa.timestamp("us", "UTC")), [pd.Timestamp("2024-01-01", tz="UTC"), None]),
}


def facts(profile):
    counts = [(type(value), value, int(n)) for value, n in profile.counts.items()]
    return profile.name, profile.dtype, profile.rows, profile.missing, profile.complete, counts


@pytest.mark.parametrize(("dtype", "pool"), POOLS.values(), ids=POOLS)
@settings(max_examples=15, deadline=None, derandomize=True)
@given(data=st.data())
def test_merged_profiles_are_that_of_the_whole(dtype, pool, data):
    picks = data.draw(st.lists(st.integers(0, len(pool) - 1), max_size=12))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(picks)), max_size=2)))
    column = pd.Series([pool[pick] for pick in picks], dtype=object, name=("a", 1)).astype(dtype)
    whole = profile_column(column)
    first, *others = (column.iloc[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True))
    merged = profile_column(first)
    for part in others:
        merged = merged.merge(profile_column(part))
    assert facts(merged) == facts(whole)
    assert whole.present == column.notna().sum() == whole.counts.sum()
    assert whole.values == list(dict.fromkeys(column.dropna()))


def test_profile_counts_each_column_over_all_chunks():
    frame = pd.DataFrame({"a": ["x", None, "x", "y"], 7: [1.5, np.nan, np.nan, 1.5]}, index=[3, 3, 1, 0])
    text, number = profile([frame[:1], frame[1:]])
    assert (text.name, text.rows, text.missing, text.counts.to_dict()) == ("a", 4, 1, {"x": 2, "y": 1})
    assert (number.name, number.rows, number.missing, number.counts.to_dict()) == (7, 4, 2, {1.5: 2})
    assert (text.present, text.distinct, text.values) == (3, 2, ["x", "y"])


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"bad": [1, [2], None]}),
        pd.DataFrame({"bad": [None, {2}]}),
        pd.DataFrame({"bad": [{"a": 2}, {"a": 2}]}),
        pd.DataFrame({"bad": [(1, [2]), (1, [2])]}),
        pd.DataFrame({"bad": [np.array([2]), "x"]}),
        pd.DataFrame({"bad": pd.array([[2], [3]], dtype=pd.ArrowDtype(pa.list_(pa.int8())))}),
    ],
    ids=["list", "set", "dict", "tuple", "array", "arrow"],
)
def test_values_that_cannot_be_told_apart_are_refused(frame):
    message = r"^Column 'bad' holds a \w+ \(.*2.*\)\. Convert it to text or numbers, or drop the column\.$"
    with pytest.raises(TableError, match=message):
        profile([frame])


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1.0, -np.inf, np.inf]),
        pd.Series([np.nan, np.inf], dtype="float16"),
        pd.Series([None, np.inf], dtype="Float64"),
        pd.Series([None, np.inf], dtype="double[pyarrow]"),
        pd.Series([Decimal(1), Decimal("-Infinity")]),
        pd.Series(["a", float("inf")]),
    ],
    ids=["float64", "float16", "Float64", "arrow", "Decimal", "objects"],
)
def test_infinite_number_is_named_with_its_row(values):
    message = r"^Column 'x' holds an infinite number at row 1\. Replace it by a number or a missing value\.$"
    with pytest.raises(TableError, match=message):
        profile([pd.DataFrame({"x": values})])


ONE, TWO = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1], "b": [2]})
UNUSABLE = {
    "no chunks": ([], "The table has no rows. Give at least one row to learn from."),
    "no rows": ([ONE[:0], ONE[:0]], "The table has no rows. Give at least one row to learn from."),
    "no columns": ([ONE[[]]], "The table has no columns. Give at least one column to learn from."),
    "two of a name": ([TWO.set_axis(["b", "b"], axis=1)], "Two columns are named 'b'. Rename one of them."),
    "more columns": (
        [ONE, TWO],
        "A chunk has the columns ['a', 'b'] where the first had ['a']. All chunks need the same columns.",
    ),
    "other order": (
        [TWO, TWO[["b", "a"]]],
        "A chunk has the columns ['b', 'a'] where the first had ['a', 'b']. All chunks need the same",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_table_that_cannot_be_profiled_is_refused(chunks, message):
    with pytest.raises(TableError, match="^" + re.escape(message)):
        profile(chunks)


def test_empty_chunks_change_nothing():
    frame = pd.DataFrame({"a": [1, 2, 2]})
    parts = profile([frame[:0], frame, frame[:0]])
    assert facts(parts[0]) == facts(profile_column(frame["a"]))


@pytest.mark.parametrize("values", [range(100), map(str, range(100)), [(n, "x") for n in range(100)]])
def test_beyond_the_limit_the_sample_does_not_depend_on_chunks(monkeypatch, values):
    monkeypatch.setattr(profiling, "MAX_DISTINCT", 10)
    values = np.random.default_rng(0).permutation(np.array([*values, None], dtype=object).repeat(3))
    column = pd.Series(list(values), dtype=object, name="a")
    whole = profile_column(column)
    assert (whole.rows, whole.missing, whole.distinct, whole.complete) == (303, 3, 10, False)
    assert set(whole.counts) == {3}
    for size in (1, 7, 150):
        (merged,) = profile(column.iloc[i : i + size].to_frame() for i in range(0, len(column), size))
        assert facts(merged) == facts(whole)


def test_at_the_limit_all_is_kept(monkeypatch):
    monkeypatch.setattr(profiling, "MAX_DISTINCT", 10)
    whole = profile_column(pd.Series(range(10)))
    assert (whole.distinct, whole.complete) == (10, True)
    assert whole.merge(whole).complete
    more = whole.merge(profile_column(pd.Series([10])))
    assert (more.distinct, more.complete) == (10, False)
    assert not more.merge(whole).complete
