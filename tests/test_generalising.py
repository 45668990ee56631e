"""Coarser values keep dtype and look; dates of one subject move alike; rare combinations are blanked."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from tabgen import PlanError
from tabgen.substitution import SecretKey, generalise, shift, suppress_rare

KEY = SecretKey(bytes(range(32)))


@pytest.mark.parametrize("dtype", ["int8", "float32", "Int64", "int64[pyarrow]", "category"])
def test_numbers_keep_their_dtype(dtype):
    values = pd.Series([3, 17, 98, 3], [5, 6, 7, 8], dtype, name="age")
    if dtype == "category":
        with pytest.raises(PlanError, match="Column 'age' holds no numbers but is of kind categorical"):
            generalise(values, high=90)
        return
    coarse = generalise(values, low=5, high=90, nearest=10)
    assert coarse.dtype == values.dtype
    assert coarse.index.equals(values.index)
    assert coarse.tolist() == [0, 20, 90, 0]


def test_bins_become_their_lower_ends():
    values = pd.Series([-5.0, 0, 9.5, 10, 25, 99, np.nan])
    expected = pd.Series([0, 0, 0, 10, 20, 20, np.nan])
    pd.testing.assert_series_equal(generalise(values, edges=(0, 10, 20)), expected)


def test_numbers_and_dates_as_text_keep_their_look():
    money = pd.Series(["$1,234.50", "$99.10", "n/a", "$12,000.00"])
    assert generalise(money, nearest=100).tolist() == ["$1,200.00", "$100.00", "n/a", "$12,000.00"]
    assert generalise(money, high=5_000).tolist() == ["$1,234.50", "$99.10", "n/a", "$5,000.00"]
    days = pd.Series(["31/12/2024", "", "15/02/2023"])
    assert generalise(days, period="month").tolist() == ["01/12/2024", "", "01/02/2023"]
    assert generalise(pd.Series(["31/12/2024"] * 3), period="year").tolist() == ["01/01/2024"] * 3
    assert generalise(pd.Series(["7", "7"]), nearest=5).tolist() == ["5", "5"]


def test_large_numbers_that_stay_are_not_rounded():
    values = pd.Series([2**62 + 1, 2**62 + 3, 5])
    assert generalise(values, low=10).tolist() == [2**62 + 1, 2**62 + 3, 10]


@pytest.mark.parametrize("period", ["year", "quarter", "month", "week", "day", "hour"])
def test_moments_become_the_start_of_their_period(period):
    for values in (
        pd.Series(pd.to_datetime(["2024-05-16 17:45", None, "2023-01-01 00:30"])),
        pd.Series(pd.to_datetime(["2024-05-16 17:45", None])).dt.tz_localize("Europe/Rome"),
    ):
        coarse = generalise(values, period=period)
        assert coarse.dtype == values.dtype
        assert coarse.isna().tolist() == values.isna().tolist()
        assert (coarse.dropna() <= values.dropna()).all()
    starts = {
        "year": "01-01",
        "quarter": "04-01",
        "month": "05-01",
        "week": "05-13",
        "day": "05-16",
        "hour": "05-16",
    }
    hour = " 17:00" if period == "hour" else ""
    assert generalise(pd.Series(pd.to_datetime(["2024-05-16 17:45"])), period=period)[0] == pd.Timestamp(
        f"2024-{starts.get(period, '05-16')}{hour}"
    )


@pytest.mark.parametrize(
    ("values", "arguments", "message"),
    [
        (["a", "b"], {"high": 3}, "Column 'x' holds no numbers but is of kind categorical"),
        ([1, 2], {"period": "year"}, "Column 'x' holds no dates but is of kind numeric"),
        ([True, False], {"low": 0}, "holds no numbers but is of kind boolean"),
        ([1, 2], {"first": 1}, "Column 'x' holds 1, which is not text"),
        (pd.Categorical(["a"]), {"first": 1}, "Column 'x' is a category"),
    ],
)
def test_what_cannot_be_made_coarser_is_named(values, arguments, message):
    with pytest.raises(PlanError, match=message):
        generalise(pd.Series(values, name="x"), **arguments)


def test_empty_columns_pass():
    nothing = pd.Series([None, None], dtype=object)
    for fresh in (generalise(nothing, high=1), generalise(nothing, first=1), shift(nothing, 3, KEY)):
        pd.testing.assert_series_equal(fresh, nothing)


@pytest.mark.parametrize(
    "make",
    [
        lambda dates: dates,
        lambda dates: dates.dt.tz_localize("Europe/Rome"),
        lambda dates: dates.dt.strftime("%d.%m.%Y"),
        lambda dates: dates.dt.date,
        lambda dates: dates.astype("datetime64[s]"),
        lambda dates: dates.astype("timestamp[us][pyarrow]"),
    ],
)
def test_dates_of_one_subject_move_alike_and_never_stay(make):
    dates = pd.Series(pd.date_range("2024-01-01", periods=40, freq="7D"))
    owners = pd.Series([number % 8 for number in range(40)])
    values = make(dates)
    moved = shift(values, 20, KEY, owners)
    assert moved.dtype == values.dtype
    formats = {"format": "%d.%m.%Y"} if isinstance(values[0], str) else {}
    days = (pd.to_datetime(moved, **formats) - pd.to_datetime(values, **formats)).dt.round("D").dt.days
    assert days.groupby(owners).nunique().eq(1).all()
    assert days.groupby(owners).first().nunique() > 4
    assert days.abs().between(1, 20).all()
    again = shift(values, 20, KEY, owners.astype(float).astype(object))
    pd.testing.assert_series_equal(again, moved)
    assert not shift(values, 20, SecretKey(bytes(range(1, 33))), owners).equals(moved)


def test_every_offset_occurs_but_none_is_nothing():
    dates = pd.Series([dt.date(2024, 6, 1)] * 2_000)
    moved = shift(dates, 3, KEY, pd.Series(range(2_000)))
    days = [(day - dt.date(2024, 6, 1)).days for day in moved]
    assert sorted(set(days)) == [-3, -2, -1, 1, 2, 3]
    assert np.bincount(np.array(days) + 3)[[0, 1, 2, 4, 5, 6]].min() > 250


def test_dates_without_subject_move_alike_and_bounds_are_kept():
    dates = pd.Series(pd.to_datetime(["2024-01-01", "2024-02-01"]))
    assert (shift(dates, 9, KEY) - dates).nunique() == 1
    with pytest.raises(PlanError, match="Column 'day' holds no dates"):
        shift(pd.Series(["x", "y"], name="day"), 3, KEY)
    edge = pd.Series([pd.Timestamp.max.as_unit("ns"), pd.Timestamp.min.as_unit("ns")], name="day")
    with pytest.raises(PlanError, match="Column 'day': a moved date is out of bounds"):
        shift(edge, 3, KEY)


def test_rare_combinations_lose_their_values():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"sex": rng.choice(["f", "m"], 200), "city": rng.integers(0, 40, 200).astype(str), "x": 1}
    )
    fresh = suppress_rare(frame, ["sex", "city"], 4)
    sizes = fresh.groupby(["sex", "city"], dropna=False).size()
    assert sizes.min() >= 4
    assert 0 < fresh["sex"].isna().sum() < 200
    assert (fresh["sex"].isna() == fresh["city"].isna()).all()
    assert fresh["x"].equals(frame["x"])
    kept = fresh["sex"].notna()
    pd.testing.assert_frame_equal(fresh[kept], frame[kept])


def test_few_rows_without_values_take_others_with_them():
    frame = pd.DataFrame({"city": ["a"] * 9 + ["b"] * 5 + ["c"]})
    assert suppress_rare(frame, ["city"], 3)["city"].isna().sum() == 6
    assert suppress_rare(frame.head(14), ["city"], 3)["city"].notna().all()
    assert suppress_rare(frame.head(0), ["city"], 3).empty


def test_a_column_that_cannot_be_missing_is_named():
    with pytest.raises(
        PlanError, match="Column 'age' of dtype int64 cannot hold missing values, which 3 rows"
    ):
        suppress_rare(pd.DataFrame({"age": [1, 1, 1, 2, 3, 4]}), ["age"], 3)


def test_decimals_are_numbers():
    values = pd.Series([Decimal("1.25"), Decimal("9.75"), None], dtype=object)
    assert generalise(values, nearest=0.5).tolist() == [Decimal("1.0"), Decimal("10.0"), None]
