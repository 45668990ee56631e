"""Codecs: values to codes and back, alone and as a whole table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tabgen.encoding import fit_encoder
from tabgen.encoding.categorical import MAX_CODES, OWN_CODES, fit_categorical
from tabgen.encoding.datetime import fit_datetime, split_moments
from tabgen.encoding.leaves import KNOTS
from tabgen.encoding.numeric import count_decimals, fit_numeric, grid_step


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def decoded(codec, values, rng):
    return codec.decode(codec.encode(values), rng)


def test_few_distinct_numbers_come_back_exactly(rng):
    values = rng.choice([-3.5, 0.0, 1e-9, 7.25, 1e15, np.nan], 500)
    np.testing.assert_array_equal(decoded(fit_numeric(values), values, rng), values)


def test_spikes_are_atoms(rng):
    values = np.r_[np.zeros(4_000), np.full(600, 99_999.0), rng.lognormal(3, 2, 6_000).round(2)]
    back = decoded(fit_numeric(values), values, rng)
    assert (back == 0).sum() == 4_000
    assert (back == 99_999).sum() == 600


def test_the_grid_of_a_column_is_kept(rng):
    values = 5.0 * rng.integers(0, 10_000, 5_000) + 3
    codec = fit_numeric(values)
    assert codec.step == 5
    assert set(np.mod(decoded(codec, values, rng), 5)) == {3}


@pytest.mark.parametrize("decimals", [0, 1, 2, 5])
def test_decimals_are_kept(rng, decimals):
    values = np.round(rng.normal(0, 100, 3_000), decimals)
    back = decoded(fit_numeric(values), values, rng)
    np.testing.assert_array_equal(np.round(back, decimals), back)
    assert count_decimals(back) == decimals


def test_heavy_tails_keep_their_far_quantile(rng):
    values = rng.lognormal(0, 2, 50_000)
    back = decoded(fit_numeric(values), values, rng)
    for share in (0.5, 0.99, 0.999):
        assert np.quantile(back, share) == pytest.approx(np.quantile(values, share), rel=0.15)
    assert back.max() <= values.max()
    assert back.min() >= values.min()


def test_round_numbers_stay_as_frequent_as_they_are(rng):
    # ages: whole years but for a few, as in a register; prices: mostly hundreds, sometimes fifties or ones
    ages = np.where(rng.random(3_000) < 0.04, rng.integers(0, 8_000, 3_000) / 100, rng.integers(0, 80, 3_000))
    unit = rng.choice([100, 50, 1], 3_000, p=[0.7, 0.2, 0.1])
    prices = np.round(rng.lognormal(8, 1, 3_000) / unit) * unit
    for values, units in ((ages, (1, 0.5)), (prices, (1_000, 100, 10))):
        back = decoded(fit_numeric(values), values, rng)
        for unit in units:
            assert (back % unit == 0).mean() == pytest.approx((values % unit == 0).mean(), abs=0.06)


def test_a_leaf_never_stores_most_of_its_rows(rng):
    values = rng.normal(size=2_000)
    codec = fit_numeric(values)
    assert codec.knots.shape == (codec.leaves, KNOTS)
    assert np.isin(values, codec.knots).mean() < 0.1


def test_unseen_numbers_go_to_the_nearest_leaf():
    codec = fit_numeric(np.array([0.0, 10.0, 20.0]))
    assert codec.encode(np.array([-5.0, 4.0, 6.0, 99.0])).tolist() == [0, 0, 1, 2]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    arrays(
        np.float64,
        st.integers(1, 200),
        elements=st.floats(-1e15, 1e15, allow_nan=False).map(lambda x: round(x, 3)),
    ),
    st.integers(2, 40),
)
def test_decoded_numbers_stay_in_their_leaf(values, leaves):
    codec = fit_numeric(values, leaves)
    codes = codec.encode(values)
    back = codec.decode(codes, np.random.default_rng(0))
    assert codes.max() < codec.cardinality
    assert ((back >= codec.knots[codes, 0]) & (back <= codec.knots[codes, -1])).all()


def test_many_levels_share_codes_by_frequency(rng):
    levels = rng.zipf(1.3, 40_000) % 20_000
    codec = fit_categorical(levels, 20_000, ordered=False)
    back = decoded(codec, levels, rng)
    assert codec.cardinality <= MAX_CODES
    assert set(back) <= set(levels)
    top = np.bincount(levels).argmax()
    assert (back == top).mean() == pytest.approx((levels == top).mean(), abs=0.002)


def test_levels_that_share_a_code_keep_the_same_company(rng):
    region = rng.integers(0, 4, 30_000)
    city = region * 1_000 + rng.integers(0, 1_000, 30_000)  # 4,000 cities, each in one region
    codec = fit_categorical(city, 4_000, ordered=False, context=region[:, None])
    back = decoded(codec, city, rng)
    assert (back // 1_000 == region).mean() > 0.95


def test_many_ordered_levels_share_codes_with_their_neighbours(rng):
    levels = rng.integers(0, 5_000, 30_000)
    codec = fit_categorical(levels, 5_000, ordered=True)
    assert codec.cardinality <= MAX_CODES
    assert np.abs(decoded(codec, levels, rng) - levels).max() <= 20


def test_unseen_levels_are_never_drawn(rng):
    levels = np.array([1, 3, 3, -1])
    codec = fit_categorical(levels, 5, ordered=True)
    codes = rng.integers(0, codec.cardinality, 1_000)
    assert set(codec.decode(codes, rng)) == {-1, 1, 3}


MOMENTS = {
    "few days": pd.date_range("2024-01-01", periods=40),
    "office days": pd.bdate_range("2010-01-01", periods=3_000),
    "long ago": pd.date_range("1900-03-01", periods=900, freq="41D"),
    "hourly": pd.date_range("2020-02-28 23:00", periods=5_000, freq="h"),
    "nanoseconds": pd.to_datetime([1, 10**18 + 1, 10**18 + 999], unit="ns"),
}


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_moments_come_back(rng, name, unit):
    moments = MOMENTS[name].as_unit(unit).to_numpy()
    moments = np.r_[moments, np.datetime64("NaT", unit)]
    codec = fit_datetime(moments)
    back = decoded(codec, moments, rng)
    assert back.dtype == moments.dtype
    assert np.isnat(back).tolist() == np.isnat(moments).tolist()
    exact = all(
        part.leaves == len(part.knots) and np.ptp(part.knots, axis=1).max() == 0
        for part in codec.parts.values()
    )
    if exact:
        np.testing.assert_array_equal(back, moments)
    else:
        assert back[:-1].min() >= moments[:-1].min()
        assert back[:-1].max() <= moments[:-1].max()


def test_office_days_stay_office_days(rng):
    moments = MOMENTS["office days"].to_numpy()
    back = pd.DatetimeIndex(decoded(fit_datetime(moments), moments, rng))
    assert back.day_of_week.max() <= 4


def test_the_end_of_a_month_is_never_passed(rng):
    moments = pd.date_range("1950-01-31", periods=700, freq="ME").to_numpy()
    codec = fit_datetime(moments)
    codes = np.stack([rng.integers(0, part.cardinality, 5_000) for part in codec.parts.values()], axis=1)
    back = pd.DatetimeIndex(codec.decode(codes, rng))
    assert back.min() >= moments.min()
    assert back.max() <= moments.max()


def test_layout_puts_few_codes_last_and_keeps_parts_together():
    tidy = pd.DataFrame(
        {
            "x": np.arange(300.0) % 8,
            "when": pd.bdate_range("2010-01-01", periods=300).to_numpy(),
            "flag": pd.Categorical([0, 1] * 150),
        }
    )
    layout = fit_encoder(tidy).layout
    assert [(t.column, t.part) for t in layout.tokens] == [
        ("when", "week"), ("when", "weekday"), ("x", "value"), ("flag", "value"),
    ]  # fmt: skip
    assert layout.column_index.tolist() == [0, 0, 1, 2]


def test_missing_is_the_last_code():
    tidy = pd.DataFrame({"x": [1.0, np.nan, 2.0], "y": pd.Categorical([0, 1, None])})
    encoder = fit_encoder(tidy)
    parts = [(token.column, token.part, token.missing) for token in encoder.layout.tokens]
    assert parts == [("y", "value", True), ("x", "missing", False), ("x", "value", True)]
    assert encoder.encode(tidy).tolist() == [[0, 0, 0], [1, 1, 2], [2, 0, 1]]
    assert encoder.layout.gates == (-1, -1, 1)


@pytest.mark.parametrize("seed", range(3))
def test_price_endings_stay_as_frequent_as_they_are(seed):
    rng = np.random.default_rng(seed)
    values = np.floor(rng.lognormal(3, 0.8, 10_000)) + rng.choice(
        [0.99, 0.5, 0.25], 10_000, p=[0.7, 0.2, 0.1]
    )
    codec = fit_numeric(values)
    drawn = codec.decode(codec.encode(values), rng)
    for ending in (0.99, 0.5, 0.25):
        real, fake = (np.isclose(v % 1, ending).mean() for v in (values, drawn))
        assert abs(real - fake) < 0.015
    assert codec.encode(drawn).tolist() == codec.encode(values).tolist()


def test_without_frequent_endings_none_is_learned():
    rng = np.random.default_rng(0)
    assert len(fit_numeric(rng.lognormal(3, 0.8, 10_000).round(2)).endings) == 0
    assert len(fit_numeric(rng.lognormal(3, 0.8, 10_000)).endings) == 0


@pytest.mark.parametrize("rows", [5_000, 30_000])
@pytest.mark.parametrize("sigma", [1.0, 1.5])
def test_the_999th_permille_of_a_lognormal_stays(rows, sigma):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        for values in (rng.lognormal(3, sigma, rows), rng.lognormal(3, sigma, rows).round(2)):
            codec = fit_numeric(values)
            drawn = codec.decode(codec.encode(values), rng)
            for sign in (1, -1):  # a tail to the left as well
                mirrored = fit_numeric(sign * values)
                drawn = sign * mirrored.decode(mirrored.encode(sign * values), rng)
                assert np.quantile(drawn, 0.999) == pytest.approx(np.quantile(values, 0.999), rel=0.15)


def test_an_outlier_stays_as_rare_as_it_is():
    values = np.r_[np.random.default_rng(0).gamma(3, 1, 4_999).round(2), 500.0]
    codec = fit_numeric(values)
    codes = codec.encode(values)
    most = [np.sort(codec.decode(codes, np.random.default_rng(seed)))[-2:] for seed in range(40)]
    assert all(last == 500 for _, last in most)
    assert np.median([before for before, _ in most]) < 250


def test_stratified_decoding_varies_less_than_independent_draws():
    values = np.random.default_rng(0).normal(size=3_000)
    codec = fit_numeric(values, leaves=4)
    codes = codec.encode(values)

    def spread(stratified):
        rngs = map(np.random.default_rng, range(20))
        return np.std([codec.decode(codes, rng, stratified=stratified).mean() for rng in rngs])

    assert spread(True) < spread(False) / 5


def test_extremes_are_not_rounded_away():
    rng = np.random.default_rng(0)
    prices = np.round(rng.lognormal(8, 1, 20_000) / 10) * 10 + 400  # on tens, the extremes apart
    prices[:2] = 326.0, 987_654.0
    codec = fit_numeric(prices)
    codes = codec.encode(prices)
    for seed in range(10):
        again = codec.decode(codes, np.random.default_rng(seed))
        assert (again.min(), again.max()) == (326.0, 987_654.0)


def test_parts_are_those_of_the_calendar(rng):
    moments = pd.DatetimeIndex(rng.integers(-(10**9), 4 * 10**9, 500).astype("datetime64[s]"))
    parts = split_moments(moments.as_unit("ms").to_numpy())
    for name in ("year", "month", "day", "hour", "minute", "second"):
        np.testing.assert_array_equal(parts[name], getattr(moments, name), err_msg=name)
    np.testing.assert_array_equal(parts["weekday"], moments.day_of_week)
    assert (moments.normalize() == pd.to_datetime(parts["date"], unit="D")).all()
    monday = pd.to_datetime(parts["week"] * 7 - 3, unit="D")
    assert (monday == (moments.normalize() - pd.to_timedelta(moments.day_of_week, unit="D"))).all()


def test_months_and_days_follow_years(rng):
    moments = pd.DatetimeIndex(rng.choice(pd.date_range("1950-01-15", "2030-12-31", freq="MS"), 3_000))
    back = pd.DatetimeIndex(decoded(fit_datetime(moments.to_numpy()), moments.to_numpy(), rng))
    assert (back.day == 1).all()
    np.testing.assert_array_equal(np.sort(back.year.unique()), np.sort(moments.year.unique()))
    assert np.abs(back.year - moments.year).max() <= 2
    assert (back.month == moments.month).mean() > 0.98  # but for those that would lie beyond all others


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("many", [MAX_CODES, MAX_CODES + 1, 3 * MAX_CODES])
def test_codes_are_never_more_than_may_be(many, ordered, rng):
    levels = np.r_[np.arange(many), rng.integers(0, many, 5_000)]
    codec = fit_categorical(levels, many, ordered=ordered)
    assert codec.code_of_level.max() < MAX_CODES
    assert (many <= MAX_CODES) == (len(np.unique(codec.code_of_level)) == many)


def test_frequent_levels_share_their_code_with_none(rng):
    many = 2 * MAX_CODES
    levels = np.r_[np.arange(many), np.repeat(np.arange(many - OWN_CODES, many), 20)]
    codes = fit_categorical(levels, many, ordered=False).code_of_level
    own, times = np.unique(codes, return_counts=True)
    assert (times[np.searchsorted(own, codes[-OWN_CODES:])] == 1).all()


def test_levels_that_share_a_code_are_drawn_as_often_as_they_are(rng):
    many = 3 * MAX_CODES
    counts = 1 + np.arange(many) % 8
    codec = fit_categorical(np.repeat(np.arange(many), counts), many, ordered=True)
    code = np.bincount(codec.code_of_level).argmax()  # one that several levels share
    levels = np.flatnonzero(codec.code_of_level == code)
    drawn = np.bincount(codec.decode(np.full(20_000, code), rng), minlength=many)[levels] / 20_000
    np.testing.assert_allclose(drawn, counts[levels] / counts[levels].sum(), atol=0.02)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_parts_of_seconds_are_in_the_unit_of_the_column(unit):
    moments = np.array(["2001-02-03T04:05:06.789012345", "NaT"], dtype=f"datetime64[{unit}]")
    parts = split_moments(moments)
    assert parts["fraction"][0] == int("789012345"[: {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]] or 0)
    assert [parts[name][0] for name in ("hour", "minute", "second")] == [4, 5, 6]
    assert all(np.isnan(values[1]) for values in parts.values())


def test_a_grid_that_floats_cannot_tell_is_none():
    assert grid_step(np.array([0.0, 2.0**52]), 0) == 2.0**52
    assert grid_step(np.array([0.0, 2.0**53]), 0) is None
    assert grid_step(np.array([0.0, 1.0]), None) is None
    assert grid_step(np.array([5.0]), 0) is None
    assert fit_numeric(np.array([2.0**53, 2.0**53 + 4, 2.0**53 + 8] * 40)).units.tolist() == [4.0]
