"""Frames of every dtype through clean and restore, exactly; and random codes to values a frame could hold."""

import datetime as dt
import os
import uuid
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgen import TabularGAN
from tabgen.cleaning import clean, clean_column, restore
from tabgen.encoding import fit_encoder
from tabgen.identifiers import draw_identifiers, fit_identifiers
from tabgen.inference import infer_schema
from tabgen.profiling import profile
from tabgen.schema import LEVELLED, REPLACED, Schema

ZONE = "America/New_York"
THOROUGH = int(os.environ.get("TABGEN_THOROUGH", "1"))  # times the examples, for a long run by hand


def day(k):
    return dt.date(1950, 1, 1) + dt.timedelta(97 * k)


def moment(k):
    return pd.Timestamp("1950-01-01 13:14:15") + pd.Timedelta(1_234_567 * k, "s")


def local(k):
    """Return half past two, which clocks skip on a day in March, of other days; noon of those in March."""
    date = pd.Timestamp("2020-01-01") + pd.Timedelta(k, "D")
    return (date + pd.Timedelta(12 if date.month == 3 else 2.5, "h")).tz_localize(ZONE)


def arrow(*kind):
    return pd.ArrowDtype(*kind)


# dtype, the k-th value, what stands for a missing one
FLAVOURS = {
    **{f"int{b}": (f"int{b}", lambda k, b=b: k * 2 ** (b // 2) % 2 ** (b - 1) - 100, 0) for b in (8, 16, 32)},
    "int64": ("int64", lambda k: (k - 500) * 10**12, 0),
    "uint8": ("uint8", lambda k: k % 256, 0),
    "uint64": ("uint64", lambda k: k * 10**12, 0),
    "Int8": ("Int8", lambda k: k % 256 - 128, None),
    "UInt32": ("UInt32", lambda k: k * 4_000_000, None),
    "Int64": ("Int64", lambda k: k, None),
    "float16": ("float16", lambda k: k / 8, None),
    "float32": ("float32", lambda k: round(k / 7, 3), None),
    "float64": ("float64", lambda k: k / 7 - 50, None),
    "Float32": ("Float32", lambda k: k / 10, None),
    "Float64": ("Float64", lambda k: 1.5**k if k < 99 else -k, None),
    "whole floats": ("float64", lambda k: float(k), None),
    "bool": ("bool", lambda k: k % 2 == 0, False),
    "boolean": ("boolean", lambda k: k % 2 == 0, None),
    "sparse": ("Sparse[int64, 0]", lambda k: k % 5, 0),
    "datetime s": ("datetime64[s]", moment, None),
    "datetime ns": ("datetime64[ns]", lambda k: moment(k).as_unit("ns") + pd.Timedelta(k, "ns"), None),
    "days": ("datetime64[us]", day, None),
    "zoned": (f"datetime64[us, {ZONE}]", local, None),
    "utc": ("datetime64[ms, UTC]", lambda k: moment(k).tz_localize("UTC"), None),
    "offset": ("datetime64[s, UTC+05:30]", lambda k: moment(k).tz_localize("UTC+05:30"), None),
    "timedelta s": ("timedelta64[s]", lambda k: pd.Timedelta(k - 500, "h"), None),
    "timedelta ns": ("timedelta64[ns]", lambda k: pd.Timedelta(k, "ns"), None),
    "period M": ("period[M]", lambda k: pd.Period(ordinal=k, freq="M"), None),
    "period Q-NOV": ("period[Q-NOV]", lambda k: pd.Period(ordinal=k - 300, freq="Q-NOV"), None),
    "period W-SUN": ("period[W-SUN]", lambda k: pd.Period(ordinal=9 * k, freq="W-SUN"), None),
    "interval": (pd.IntervalDtype("float64", "left"), lambda k: pd.Interval(k % 9, k % 9 + 1, "left"), None),
    "category": (pd.CategoricalDtype(["c", "b", "a", "unused"]), lambda k: "abc"[k % 3], None),
    "ordered": (pd.CategoricalDtype([*range(99, -1, -1)], ordered=True), lambda k: k % 50, None),
    "category of moments": (
        pd.CategoricalDtype([pd.Timestamp(f"2024-01-0{k}", tz=ZONE) for k in range(1, 6)]),
        lambda k: pd.Timestamp("2024", tz=ZONE) + pd.Timedelta(k % 5, "D"), None,
    ),
    "category of intervals": (
        pd.CategoricalDtype(pd.interval_range(0, 5)), lambda k: pd.Interval(k % 4, k % 4 + 1), None,
    ),
    "objects": (object, lambda k: [1, "a", 2.5, (1, "b"), dt.date(2024, 1, 1)][k % 5], None),
    "object text": (object, lambda k: "abc"[k % 3], None),
    "object bools": (object, lambda k: k % 2 == 0, None),
    "object ints": (object, lambda k: k % 7, None),
    "object moments": (object, lambda k: moment(k % 9), None),
    "times": (object, lambda k: dt.time(k % 24, 30), None),
    "dates": (object, day, None),
    "datetimes": (object, lambda k: moment(k).to_pydatetime(), None),
    "Decimals": (object, lambda k: Decimal(k) / 100, None),
    "arrow int16": (arrow(pa.int16()), lambda k: k, None),
    "arrow double": (arrow(pa.float64()), lambda k: k / 7, None),
    "arrow bool": (arrow(pa.bool_()), lambda k: k % 3 == 0, None),
    "arrow text": (arrow(pa.string()), lambda k: "abc"[k % 3], None),
    "arrow dictionary": (arrow(pa.dictionary(pa.int8(), pa.string())), lambda k: "abc"[k % 3], None),
    "arrow timestamp": (arrow(pa.timestamp("ns")), moment, None),
    "arrow zoned": (arrow(pa.timestamp("us", ZONE)), local, None),
    "arrow duration": (arrow(pa.duration("ms")), lambda k: pd.Timedelta(k, "m"), None),
    "arrow date32": (arrow(pa.date32()), day, None),
    "arrow date64": (arrow(pa.date64()), day, None),
    "arrow decimal": (arrow(pa.decimal128(9, 3)), lambda k: Decimal(k) / 8, None),
    "python text": (pd.StringDtype("python"), lambda k: "abc"[k % 3], None),
    "numbers as arrow text": (pd.StringDtype("pyarrow"), lambda k: f"{k / 4:.2f}", None),
    "money": ("str", lambda k: f"${4 * k:,}.50", ""),
    "percent": ("str", lambda k: f"{k / 10}%", "n/a"),
    "decimal comma": ("str", lambda k: f"{k / 8:.3f} €".replace(".", ","), "?"),
    "float text": ("str", lambda k: repr(k / 7 - 1), "NA"),
    "exponents": (object, lambda k: repr(3.0 ** (k % 99 - 50)), "unknown"),
    "iso dates": ("str", lambda k: day(k).isoformat(), None),
    "day first": (object, lambda k: day(k).strftime("%d/%m/%Y"), "never"),
    "moments as text": ("str", lambda k: moment(k).strftime("%Y-%m-%d %H:%M:%S.%f"), ""),
    "yes and no": ("str", lambda k: ["Yes", "No"][k % 2], ""),
    "codes": ("str", lambda k: f"{k % 20:03d}", ""),
    "counted": ("int32", lambda k: k, 0),
    "keys": ("str", lambda k: f"AB-{k:04d}", None),
    "key numbers as text": (object, lambda k: str(k), None),
    "e-mails": ("str", lambda k: f"user{k}@mail.org", ""),
    "UUIDs": ("str", lambda k: str(uuid.UUID(int=k * 10**33)), None),
    "free text": (object, lambda k: f"call number {k}, again", None),
    "constant": ("str", lambda k: "x", None),
    "constant date": (object, lambda k: dt.date(2024, 1, 1), None),
    "constant Decimal": (arrow(pa.decimal128(5, 2)), lambda k: Decimal("1.50"), None),
    "constant zoned": (f"datetime64[s, {ZONE}]", lambda k: pd.Timestamp("2024-07-01", tz=ZONE), None),
    "nothing": (object, lambda k: None, None),
}  # fmt: skip


def column(flavour, picks):
    """Return a column of the k-th values, and of missing ones where k is None."""
    dtype, value, missing = FLAVOURS[flavour]
    return pd.Series([missing if k is None else value(k) for k in picks], dtype=object).astype(dtype)


def frame_of(columns, names):
    frame = pd.concat(columns, axis=1)
    frame.columns = pd.Index(names, tupleize_cols=False)
    return frame


def schema_of(frame):
    """Return the schema after a journey through JSON."""
    return Schema.from_json(infer_schema(profile([frame])).to_json())


def there_and_back(frame):
    """Return the restored frame; keys and free text are given back as they were."""
    before, schema = frame.copy(deep=True), schema_of(frame)
    own = {c.name: frame[c.name].to_numpy(dtype=object) for c in schema.columns if c.kind in REPLACED}
    back = restore(clean(frame, schema), schema, own)
    pd.testing.assert_frame_equal(frame, before)
    return back


@pytest.mark.parametrize(
    "picks", [[3, 0, 1, 500, 3, 999], [3, None, 1, 500, None, 999]], ids=["full", "gaps"]
)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_every_flavour_comes_back_exactly(flavour, picks):
    frame = frame_of([column(flavour, picks)], ["x"])
    frame.index = [5, 5, -1, 0, 2, 3]
    pd.testing.assert_frame_equal(there_and_back(frame), frame.reset_index(drop=True))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_one_row_comes_back_exactly(flavour):
    frame = frame_of([column(flavour, [7])], ["x"])
    pd.testing.assert_frame_equal(there_and_back(frame), frame)


@pytest.mark.parametrize(
    "names",
    [
        [0, 1, 2], ["b", 0, "a"], [True, False, "c"], [("a", 1), ("a", 2), ("b", 1)], [("a", 1), ("b",), "c"],
        [1.5, "", dt.date(2024, 1, 1)], list(pd.date_range("2024", periods=3)), list(pd.interval_range(0, 3)),
    ],
    ids=["ints", "mixed", "bools", "tuples", "ragged tuples", "odd", "dates", "intervals"],
)  # fmt: skip
def test_any_label_may_name_a_column(names):
    columns = [column(flavour, range(30)) for flavour in ("float64", "category", "keys")]
    frame = frame_of(columns, names)
    pd.testing.assert_frame_equal(there_and_back(frame), frame)


def check_admissible(real, fake, column):
    """Check that a column holds only what the real one could hold."""
    assert fake.isna().any() <= real.isna().any()
    if column.null is not None:
        real, fake = real[real != column.null], fake[fake != column.null]
    if column.kind in (*LEVELLED, "constant"):
        assert set(fake.dropna()) <= set(real.dropna())
    elif column.kind in REPLACED:
        assert not column.unique or fake.dropna().is_unique
    else:
        drawn, known = clean_column(fake, column), clean_column(real, column)
        assert drawn.isna().sum() == fake.isna().sum()
        assert drawn.dropna().between(known.min(), known.max()).all()


NAMES = ["a", "b", "", 0, 1.5, ("a", 1), ("b",), pd.Timestamp("2024")]


@st.composite
def frames(draw):
    rows = draw(st.integers(1, 60))
    columns = []
    for flavour in draw(st.lists(st.sampled_from(sorted(FLAVOURS)), min_size=1, max_size=4)):
        first, step = draw(st.integers(0, 300)), draw(st.sampled_from([0, 1, 7]))
        counted = st.just([first + step * row for row in range(rows)])
        picks = draw(counted | st.lists(st.integers(0, 999), min_size=rows, max_size=rows))
        gaps = draw(st.just(()) | st.sets(st.integers(0, rows - 1)))
        columns.append(column(flavour, [None if row in gaps else k for row, k in enumerate(picks)]))
    return frame_of(columns, draw(st.permutations(NAMES))[: len(columns)])


def check_random_codes(real, seed, rows):
    """Decode random codes and check each column."""
    schema, rng = schema_of(real), np.random.default_rng(seed)
    tidy = clean(real, schema)
    encoder, generators = fit_encoder(tidy), fit_identifiers(real, schema)
    encoded = encoder.encode(tidy)
    assert (encoded >= 0).all()
    assert (encoded < encoder.layout.cardinalities).all()

    codes = rng.integers(0, encoder.layout.cardinalities, (rows, len(encoder.layout)), dtype=np.int32)
    fake = restore(encoder.decode(codes, rng), schema, draw_identifiers(generators, rows, schema, rng))
    assert len(fake) == rows
    pd.testing.assert_index_equal(fake.columns, real.columns)
    assert fake.dtypes.tolist() == real.dtypes.tolist()
    for facts in schema.columns:
        check_admissible(real[facts.name], fake[facts.name], facts)


@settings(max_examples=150 * THOROUGH, deadline=None, derandomize=True)
@given(real=frames(), seed=st.integers(0, 2**32 - 1))
def test_any_codes_become_values_that_the_table_could_hold(real, seed):
    pd.testing.assert_frame_equal(there_and_back(real), real)
    check_random_codes(real, seed, rows=200)


@pytest.mark.slow
@settings(max_examples=12 * THOROUGH, deadline=None, derandomize=True)
@given(real=frames(), seed=st.integers(0, 2**32 - 1))
def test_a_short_fit_gives_samples_that_the_table_could_hold(real, seed):
    before = real.copy(deep=True)
    gan = TabularGAN(epochs=1, random_state=seed).fit(real)
    fake = gan.sample(100, seed=seed)
    pd.testing.assert_frame_equal(real, before)
    assert len(fake) == 100
    pd.testing.assert_index_equal(fake.columns, real.columns)
    assert fake.dtypes.tolist() == real.dtypes.tolist()
    for facts in gan.schema_.columns:
        check_admissible(real[facts.name], fake[facts.name], facts)


@pytest.mark.parametrize("gaps", [0, 0.2], ids=["full", "gaps"])
def test_all_flavours_share_a_table_of_more_values_than_codes(gaps):
    rng = np.random.default_rng(0)
    columns = []
    for flavour in FLAVOURS:
        picks = rng.permutation(1_000)[:400].astype(object)
        picks[rng.random(400) < gaps] = None
        columns.append(column(flavour, picks))
    real = frame_of(columns, list(FLAVOURS))
    pd.testing.assert_frame_equal(there_and_back(real), real)
    check_random_codes(real, seed=0, rows=500)
