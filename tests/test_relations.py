"""Rules between columns: kept by any drawn values, exact inverses, found where planted, refused if broken."""

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgen.encoding.numeric import count_decimals, grid_step
from tabgen.errors import SchemaError
from tabgen.relations import (
    Determined,
    OneHot,
    Ordered,
    Proportional,
    Relation,
    Total,
    find_relations,
    relate,
    relations_from_json,
    relations_to_json,
    unrelate,
)
from tabgen.relations.ordered import refuse_circles

ROWS = 400
DAY = 86_400

# values on each grid, by their place on it
NUMBERS = {
    "whole": lambda k: np.asarray(k, dtype=float),
    "fives": lambda k: 5.0 * k,
    "shifted fives": lambda k: 5.0 * k + 2,
    "quarters": lambda k: k + 0.25,
    "cents": lambda k: np.round(0.01 * k, 2),
    "tenths": lambda k: np.round(0.1 * k - 3, 1),
    "continuous": lambda k: k / 7 + 0.001 * np.sin(k),
}
MOMENTS = {
    "date s": lambda k: (DAY * k).astype("datetime64[s]"),
    "second s": lambda k: (20_000 * k + 17).astype("datetime64[s]"),
    "minute us": lambda k: (300 * 60 * 10**6 * k).astype("datetime64[us]"),
    "micro us": lambda k: (DAY * 10**5 * k + 3).astype("datetime64[us]"),
    "date ns": lambda k: (DAY * 10**9 * k).astype("datetime64[ns]"),
    "nano ns": lambda k: (DAY * 10**8 * k + 1).astype("datetime64[ns]"),
}
STEPS = {"whole": 1, "fives": 5, "shifted fives": 5, "quarters": 1, "cents": 0.01, "tenths": 0.1}


def gaps(values, places):
    column = pd.Series(values)
    return column.mask(column.index.isin(list(places)))


def in_order(frame, strict, *names):
    for low, high in pairwise(names):
        both = frame[low].notna() & frame[high].notna()
        a, b = frame.loc[both, low], frame.loc[both, high]
        if not ((a < b) if strict else (a <= b)).all():
            return False
    return True


def check_column(drawn, real, flavour):
    """Check that values stay within the bounds and on the grid of a column."""
    assert drawn.dtype == real.dtype
    drawn = drawn.dropna()
    assert drawn.between(real.min(), real.max()).all()
    if flavour in STEPS:
        step = STEPS[flavour]
        start = NUMBERS[flavour](np.array(0))
        places = np.round((drawn - start) / step)
        np.testing.assert_array_equal(NUMBERS[flavour](places.to_numpy()), drawn)
    elif flavour.startswith("date"):
        assert (drawn == drawn.dt.normalize()).all()
    elif flavour == "minute us":
        assert (drawn == drawn.dt.floor("min")).all()


@st.composite
def tables(draw, kinds, columns):
    """Return columns that keep the order, others of the same values in any order, flavours, strictness."""
    names = list("abc"[:columns])
    flavours = [draw(st.sampled_from(sorted(kinds))) for _ in names]
    strict = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, spread = draw(st.integers(2, 40)), draw(st.sampled_from([4, 30, 500]))
    real = pd.DataFrame(
        {x: kinds[f](rng.integers(0, spread, n)) for x, f in zip(names, flavours, strict=True)}
    )
    if draw(st.booleans()):
        for name in names:
            real[name] = gaps(real[name], np.flatnonzero(rng.random(n) < 0.3))
    keep = [in_order(real.iloc[[k]], strict, *names) for k in range(n)]
    kept = real[keep].reset_index(drop=True)
    picks = []
    for name, flavour in zip(names, flavours, strict=True):
        # all places on the grid within the bounds of the column
        grid = pd.Series(kinds[flavour](np.arange(spread)))
        grid = grid[grid.between(kept[name].min(), kept[name].max())]
        if grid.empty:
            return None
        values = kept[name].dropna().unique()
        if kinds is NUMBERS and flavour in STEPS and len(values) > 1:  # few rows may show a coarser grid
            values.sort()
            places = (grid - values[0]) / grid_step(values, count_decimals(values))
            grid = grid[np.isclose(places, places.round())]
        drawn = grid.sample(100, replace=True, random_state=int(rng.integers(10**6)))
        picks.append(gaps(drawn.to_numpy(), np.flatnonzero(rng.random(100) < 0.1)).rename(name))
    return kept, pd.concat(picks, axis=1), flavours, strict


def check_order(table):
    if table is None:
        return
    real, drawn, flavours, strict = table
    names = list(real)
    pairs = list(pairwise(names))
    if not real.notna().all(axis=1).any():
        return  # no row shows that all columns together leave room for one another
    rules = [Ordered(a, b, strict).learn(real) for a, b in pairs]
    before = drawn.copy()
    made = unrelate(drawn, rules)
    pd.testing.assert_frame_equal(drawn, before)
    pd.testing.assert_frame_equal(unrelate(relate(real, rules), rules), real)
    pd.testing.assert_frame_equal(made.isna(), drawn.isna())
    for name, flavour in zip(names, flavours, strict=True):
        check_column(made[name], real[name], flavour)
    assert in_order(made, strict, *names)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(table=tables(NUMBERS, 2))
def test_any_drawn_numbers_come_in_order(table):
    check_order(table)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(table=tables(MOMENTS, 2))
def test_any_drawn_moments_come_in_order(table):
    check_order(table)


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("flavour", ["whole", "cents", "continuous", "date s", "nano ns"])
def test_chains_come_in_order(flavour, strict):
    kind = {**NUMBERS, **MOMENTS}[flavour]
    rng = np.random.default_rng(0)
    places = np.sort(rng.permuted(np.tile(np.arange(60), (200, 1)), axis=1)[:, :3], axis=1)
    real = pd.DataFrame({name: kind(places[:, k]) for k, name in enumerate("abc")})
    drawn = real.apply(lambda column: column.sample(frac=1, random_state=len(column.name)).to_numpy())
    drawn["a"], drawn["c"] = drawn["a"].to_numpy()[::-1], drawn["c"].to_numpy()[rng.permutation(200)]
    check_order((real, drawn, [flavour] * 3, strict))


@settings(max_examples=50, deadline=None, derandomize=True)
@given(table=tables(NUMBERS, 3))
def test_any_chain_of_numbers_comes_in_order(table):
    check_order(table)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(table=tables(MOMENTS, 4))
def test_any_chain_of_moments_comes_in_order(table):
    check_order(table)


def test_a_circle_of_orders_is_refused():
    rules = [Ordered("a", "b"), Ordered("b", "c"), Ordered("c", "a")]
    with pytest.raises(SchemaError, match=r"The orders . <= . <= . <= . go round in a circle\. Remove one"):
        refuse_circles(rules)


def test_swapped_values_of_one_grid_are_sorted():
    real = pd.DataFrame({"a": [0.1, 0.2, 0.9], "b": [0.3, 0.8, 1.0]})
    made = Ordered("a", "b").learn(real).inverse(pd.DataFrame({"a": [0.7], "b": [0.4]}))
    assert made.to_numpy().tolist() == [[0.4, 0.7]]


def levels(codes, n=None):
    codes = np.asarray(codes).astype(int)
    return pd.Series(pd.Categorical.from_codes(codes, range(n or codes.max() + 1)))


def planted(seed=0, rows=ROWS):
    """Return a table that keeps a rule of every kind, and those rules."""
    rng = np.random.default_rng(seed)
    city, hot = rng.integers(0, 20, rows), rng.integers(0, 3, rows)
    net, tax = rng.integers(1_000, 90_000, rows) / 100, rng.integers(100, 9_000, rows) / 100
    start = rng.integers(0, 3_000, rows)
    weight = rng.integers(1_000, 9_000, rows) / 1.0
    table = pd.DataFrame(
        {
            "city": levels(city, 20),
            "region": levels(city % 4, 4),
            "net": net,
            ("tax", 1): tax,
            "gross": np.round(net + tax, 2),
            "weight": weight,
            7: np.round(weight * 2.2, 1),
            **{("hot", k): (hot == k) * 1.0 for k in range(3)},
            "start": (start * DAY).astype("datetime64[s]"),
            "end": ((start + rng.integers(1, 900, rows)) * DAY * 10**6 + 5).astype("datetime64[us]"),
        }
    )
    table.columns = pd.Index(list(table.columns), tupleize_cols=False)
    rules = [
        Proportional("weight", 7),
        Total(("net", ("tax", 1)), "gross"),
        OneHot((("hot", 0), ("hot", 1), ("hot", 2))),
        Determined("city", "region"),
        Ordered("start", "end", strict=True),
    ]
    return table, [rule.learn(table) for rule in rules]


@pytest.mark.parametrize("seed", range(4))
def test_planted_rules_are_found_and_inverted(seed):
    table, rules = planted(seed)
    before = table.copy()
    found = find_relations(table)
    assert {rule.describe() for rule in rules} <= {rule.describe() for rule in found}
    assert set(rules) <= set(found)
    learned = relate(table, found)
    assert not {"gross", 7, ("hot", 1), ("hot", 2)} & set(learned.columns)
    back = unrelate(learned, found)
    assert set(back.columns) == set(table.columns)
    for name in table.columns:
        pd.testing.assert_series_equal(back[name], table[name], check_names=False)
    pd.testing.assert_frame_equal(table, before)


def test_nothing_is_found_in_few_rows():
    assert find_relations(planted(rows=99)[0]) == ()


@pytest.mark.parametrize("scale", [1, 1e-12])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_found_in_independent_columns(seed, scale):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            **{f"normal {k}": scale * rng.normal(0, 1, ROWS) for k in range(4)},
            "count": rng.poisson(4, ROWS) / 1.0,
            "apart": 1_000.0 + rng.integers(0, 50, ROWS),
            **{f"flag {k}": levels(rng.integers(0, 2, ROWS)) for k in range(3)},
            "level": levels(rng.integers(0, 30, ROWS)),
            "other": gaps((rng.integers(0, 4, ROWS)) / 1.0, range(0, ROWS, 9)),
            **{f"day {k}": (rng.integers(0, 999, ROWS) * DAY).astype("datetime64[s]") for k in range(2)},
        }
    )
    assert find_relations(table) == ()


def test_a_chain_with_gaps_in_the_middle_keeps_its_ends_in_order():
    rng = np.random.default_rng(0)
    steps = rng.integers(0, 40, (ROWS, 3)).cumsum(axis=1) * 1.0
    table = pd.DataFrame(steps, columns=list("abc"))
    assert {rule.columns for rule in find_relations(table)} == {("a", "b"), ("b", "c")}
    table["b"] = gaps(table["b"], range(0, ROWS, 3))
    assert {rule.columns for rule in find_relations(table)} == {("a", "b"), ("b", "c"), ("a", "c")}


def test_equal_moments_are_put_in_one_order():
    days = (np.random.default_rng(0).integers(0, 999, ROWS) * DAY).astype("datetime64[s]")
    (rule,) = find_relations(pd.DataFrame({"a": days, "b": days}))
    assert rule.columns == ("a", "b")


def test_determined_reads_categories_numbers_and_missing_values():
    table = pd.DataFrame(
        {
            "city": levels([0, 1, 2, 0, -1], 4),
            "tax": [5.0, 7.5, np.nan, 5.0, 1.0],
            "area": levels([1, 0, -1, 1, 0], 3),
        }
    )
    rules = [Determined("city", "tax").learn(table), Determined("city", "area").learn(table)]
    drawn = pd.DataFrame({"city": levels([0, 3, 2, 1, -1], 4), "tax": [0.0] * 5, "area": levels([2] * 5, 3)})
    before = drawn.copy()
    made = unrelate(drawn, rules)
    np.testing.assert_array_equal(made["tax"], [5, 0, np.nan, 7.5, 1])
    assert made["area"].cat.codes.tolist() == [1, 2, -1, 0, 0]
    assert made["area"].dtype == table["area"].dtype
    pd.testing.assert_frame_equal(drawn, before)
    backward = Determined("tax", "city").learn(table)
    assert backward.inverse(pd.DataFrame({"tax": [7.5, 9.0], "city": levels([0, 3], 4)}))[
        "city"
    ].tolist() == [1, 3]


def test_total_is_rounded_and_missing_where_a_part_is():
    table = pd.DataFrame({"a": [0.1, 1.0, np.nan], "b": [0.2, np.nan, 3.0], "c": [0.3, np.nan, np.nan]})
    rule = Total(("a", "b"), "c").learn(table)
    assert (rule.support, rule.decimals) == (1, 1)
    pd.testing.assert_frame_equal(rule.inverse(rule.forward(table)), table)


@pytest.mark.parametrize("factor", [2, 0.19, 1 / 3, -1.5, 1e-9])
def test_the_factor_is_found(factor):
    of = np.random.default_rng(0).integers(1, 10_000, ROWS) / 4
    table = pd.DataFrame({"of": gaps(of, [3, of.argmax()]), "result": gaps(of * factor, [3, of.argmax()])})
    rule = Proportional("of", "result").learn(table)
    assert rule.factor == pytest.approx(factor, rel=1e-9)
    np.testing.assert_allclose(rule.inverse(rule.forward(table)), table, rtol=2e-9)
    rounded = table.assign(result=np.round(of * 0.19, 2))[lambda t: t["of"].notna()]
    rule = Proportional("of", "result").learn(rounded)
    assert (rule.factor, rule.decimals) == (0.19, 2)
    pd.testing.assert_frame_equal(rule.inverse(rule.forward(rounded)), rounded)


def test_one_hot_of_numbers_and_categories_is_one_category():
    hot = np.array([0, 2, 1, 1])
    table = pd.DataFrame({"a": levels(hot == 0, 2), "b": (hot == 1) * 1.0, "c": levels(hot == 2, 2)})
    rule = OneHot(("a", "b", "c")).learn(table)
    assert rule.forward(table)["a"].tolist() == hot.tolist()
    pd.testing.assert_frame_equal(rule.inverse(rule.forward(table)), table)
    assert find_relations(pd.concat([table] * 50, ignore_index=True))[0].columns == ("a", "b", "c")


def test_rules_survive_json():
    table, rules = planted()
    text = json.dumps(relations_to_json(rules), allow_nan=False)
    again = relations_from_json(json.loads(text))
    assert again == tuple(rules)
    pd.testing.assert_frame_equal(
        unrelate(relate(table, again), again), unrelate(relate(table, rules), rules)
    )


class Doubled:
    columns = ("b",)

    def learn(self, tidy):
        return self

    def forward(self, tidy):
        return tidy.drop(columns="b")

    def inverse(self, tidy):
        return tidy.assign(b=2 * tidy["a"])

    def describe(self):
        return "b = 2 a"


def test_a_rule_of_ones_own():
    table = pd.DataFrame({"a": [1.0, 2.0], "b": [2.0, 4.0]})
    assert isinstance(Doubled(), Relation)
    pd.testing.assert_frame_equal(unrelate(relate(table, [Doubled()]), [Doubled()]), table)
    with pytest.raises(SchemaError, match=r"'b = 2 a' is of class Doubled, which a model file cannot hold"):
        relations_to_json([Doubled()])


BROKEN = pd.DataFrame(
    {
        "a": [1.0, 5.0, 3.0],
        "b": [2.0, 4.0, 3.0],
        "same": [1.0, 1.0, 1.0],
        "level": levels([0, 1, 0]),
        "day": pd.to_datetime(["2024-01-01"] * 3),
    }
)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (Ordered("a", "b"), r"'a <= b' does not hold in 1 rows of the table, first in row 1\. Remove it"),
        (Ordered("a", "b", strict=True), r"'a < b' does not hold in 2 rows of the table, first in row 1"),
        (Total(("a", "b"), "same"), r"'a \+ b = same' does not hold in 3 rows .* first in row 0"),
        (Proportional("a", "b", 2.0), r"'b = 2 x a' does not hold in 2 rows .* first in row 1"),
        (Proportional("a", "b"), r"'b = constant x a' does not hold"),
        (Determined("same", "a"), r"'same decides a' does not hold in 2 rows .* first in row 1"),
        (OneHot(("same", "level")), r"'one of same, level' does not hold in 1 rows .* first in row 1"),
        (Ordered("a", "name"), r"about column 'name', which is not in the table or not learned"),
        (Total(("a", ("x", 1)), "b"), r"about column \('x', 1\), which is not in the table"),
        (Ordered("a", "dya"), r"'dya', which is not .* free text\)\. Did you mean 'day'\?$"),
        (Total(("a", "level"), "b"), r"needs numbers in column 'level'\. Remove it"),
        (Proportional("day", "a"), r"needs numbers in column 'day'"),
        (Ordered("a", "day"), r"'a <= day' needs two columns of numbers or two of dates\. Remove it"),
        (Ordered("level", "a"), r"'level <= a' needs two columns of numbers or two of dates"),
    ],
)
def test_rules_that_a_table_breaks_are_refused(rule, message):
    with pytest.raises(SchemaError, match=message):
        rule.learn(BROKEN)
