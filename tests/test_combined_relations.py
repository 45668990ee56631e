"""Known combinations, rows that never repeat, rules of one's own: kept by any drawn rows, or refused."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tabgen import SchemaError, TabularGAN, drawing, infer_relations
from tabgen.relations import (
    Combination,
    Determined,
    Increments,
    Ordered,
    Predicate,
    Total,
    Unique,
    find_relations,
    learn_relations,
    relations_from_json,
    relations_to_json,
)
from tabgen.relations.predicate import draw_until

DAY = 86_400


def levels(codes, n):
    return pd.Series(pd.Categorical.from_codes(np.asarray(codes).astype(int), range(n)))


def shuffled(table, rows=None, seed=0):
    """Return a table of the same values, each column drawn by itself."""
    rng = np.random.default_rng(seed)
    picks = [rng.integers(0, len(table), rows or len(table)) for _ in table]
    return pd.DataFrame(
        {name: table[name].iloc[p].reset_index(drop=True) for name, p in zip(table, picks, strict=True)}
    )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 60))
def test_any_drawn_rows_become_known_combinations(seed, width, rows):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({f"c{k}": levels(rng.integers(-1, 4, rows), 5) for k in range(width)})
    table["number"] = np.where(rng.random(rows) < 0.2, np.nan, rng.integers(0, 4, rows) / 4)
    rule = Combination(tuple(table)).learn(table)
    assert rule.support == rows
    assert rule.inverse(table) is table
    drawn = shuffled(table, 200, seed)
    drawn["number"] = drawn["number"] * 2  # also values that the column never had
    before = drawn.copy()
    made = rule.inverse(drawn)
    pd.testing.assert_frame_equal(drawn, before)
    assert (made.dtypes == table.dtypes).all()
    known = set(table.astype(object).where(table.notna(), None).itertuples(index=False, name=None))
    assert set(made.astype(object).where(made.notna(), None).itertuples(index=False, name=None)) <= known
    pd.testing.assert_series_equal(made["c0"], drawn["c0"])  # the first column stays


def test_what_replaces_a_strange_value_is_as_frequent_as_it_was():
    table = pd.DataFrame(
        {"a": levels([0] * 80 + [1] * 20, 2), "b": levels([0] * 60 + [1] * 20 + [2] * 20, 3)}
    )
    drawn = pd.DataFrame({"a": levels([0] * 1_000, 2), "b": levels([2] * 1_000, 3)})
    made = Combination(("a", "b")).learn(table).inverse(drawn)
    assert (made["b"] == 0).mean() == pytest.approx(0.75, abs=0.01)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    st.integers(0, 10**6),
    st.sampled_from(["date", "number", "price", "continuous", "moment"]),
    st.integers(1, 200),
)
def test_any_drawn_rows_become_different(seed, kind, rows):
    rng = np.random.default_rng(seed)
    values = {
        "date": (rng.integers(0, 30, 60) * DAY).astype("datetime64[s]"),
        "number": 5.0 * rng.integers(0, 30, 60),
        "price": np.round(rng.integers(0, 30, 60) + 0.99, 2),
        "continuous": rng.choice(rng.normal(size=20), 60),
        "moment": rng.integers(2**60, 2**60 + 500, 60).astype("datetime64[ns]"),
    }[kind]
    table = pd.DataFrame({"who": levels(rng.integers(0, 6, 60), 8), "value": values})
    table = table.drop_duplicates().reset_index(drop=True)
    rule = Unique(("who", "value"), "value").learn(table)
    assert rule.inverse(table) is table
    drawn = shuffled(table, rows, seed)
    drawn.loc[rng.random(rows) < 0.1, "value"] = np.nan if drawn["value"].dtype.kind == "f" else pd.NaT
    before = drawn.copy()
    made = rule.inverse(drawn)
    pd.testing.assert_frame_equal(drawn, before)
    present = made[made["value"].notna()]
    assert not present.duplicated().any()
    assert (made.dtypes == drawn.dtypes).all()
    pd.testing.assert_series_equal(made["who"], drawn["who"])
    pd.testing.assert_series_equal(made["value"].isna(), drawn["value"].isna())
    if kind in ("number", "price"):
        whole = present["value"] - table["value"].min()
        np.testing.assert_allclose(whole, whole.round(), atol=1e-9)
    if kind == "date":
        assert (present["value"] == present["value"].dt.normalize()).all()
    once = ~drawn.duplicated(keep=False) & drawn["value"].notna()
    if kind != "continuous" and rows < 40:  # rows that were like no other stay as they are
        assert (made["value"][once] == drawn["value"][once]).all()


def test_levels_move_and_full_groups_send_rows_to_others():
    table = pd.DataFrame(
        {"student": levels(np.repeat(range(20), 6), 20), "course": levels([*range(6)] * 20, 8)}
    )
    rule = Unique(("student", "course"), "course").learn(table)
    drawn = pd.DataFrame({"student": levels([0] * 100 + [*range(20)], 20), "course": levels([1] * 120, 8)})
    made = rule.inverse(drawn)
    assert not made.duplicated().any()
    with pytest.raises(
        SchemaError, match=r"'student \+ course never twice' leaves room for 160 rows, but 300 were drawn"
    ):
        rule.inverse(shuffled(table, 300))


@pytest.mark.parametrize(("step", "start"), [(5, 0), (50, 20), (0.25, 0), (0.05, 0.99), (1000, -3000)])
def test_steps_are_found_and_kept(step, start):
    rng = np.random.default_rng(0)
    values = np.round(start + step * rng.integers(0, 40, 400), 2)
    table = pd.DataFrame({"x": np.where(rng.random(400) < 0.1, np.nan, values), "y": rng.normal(size=400)})
    (rule,) = find_relations(table)
    assert rule.describe().startswith(f"x in steps of {step}")
    assert rule.describe().endswith("from 0.99") == (start == 0.99)
    assert rule.support == table["x"].notna().sum()
    assert rule.inverse(table) is table
    made = rule.inverse(pd.DataFrame({"x": [values[0] + 0.3 * step, np.nan]}))
    np.testing.assert_array_equal(made["x"], [values[0], np.nan])
    with pytest.raises(SchemaError, match="does not hold"):
        Increments("x", step * 7).learn(table)


def test_last_digits_are_no_steps_and_continuous_numbers_have_none():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"whole": rng.integers(0, 99, 400) / 1.0, "cents": rng.gamma(2, 9, 400).round(2)})
    assert find_relations(table) == ()
    with pytest.raises(SchemaError, match=r"'z in steps of its own' finds no step in the column\. Remove it"):
        Increments("z").learn(pd.DataFrame({"z": rng.normal(size=50)}))


def shop(rows=3_000, seed=0):
    """Return a table with known combinations and a pair of columns that never repeats."""
    rng = np.random.default_rng(seed)
    model = rng.integers(0, 12, rows)
    colour = (model + rng.integers(0, 3, rows)) % 8
    customer, day = np.divmod(rng.choice(60 * 120, rows, replace=False), 120)
    return pd.DataFrame(
        {
            "model": levels(model, 12),
            "colour": levels(colour, 8),
            "customer": levels(customer, 60),
            "day": (day * DAY).astype("datetime64[s]"),
            "amount": rng.gamma(2, 20, rows).round(2),
        }
    )


@pytest.mark.parametrize("seed", range(3))
def test_planted_rules_are_found(seed):
    found = find_relations(shop(seed=seed))
    assert {rule.describe() for rule in found} == {
        "known combinations of model, colour", "customer + day never twice",
    }  # fmt: skip
    assert {rule.support for rule in found} == {3_000}


@pytest.mark.parametrize("seed", range(3))
def test_a_single_repetition_or_rare_combination_is_no_rule(seed):
    table = shop(seed=seed)
    table.loc[0, ["customer", "day"]] = table.loc[1, ["customer", "day"]]
    first, second = table["model"].cat.codes[0], table["colour"].cat.codes[0]
    table.loc[0, "colour"] = (second + 4) % 8 if (second - first) % 8 < 4 else (second + 3) % 8
    assert find_relations(table) == ()


def test_rules_survive_json():
    table = shop().assign(paid=5.0 * np.arange(3_000) % 650)
    rules = find_relations(table)
    assert {type(rule) for rule in rules} == {Combination, Unique, Increments}
    assert relations_from_json(json.loads(json.dumps(relations_to_json(rules)))) == rules


def test_rules_are_kept_in_every_sampled_row(tmp_path):
    table = shop(1_000).astype({"model": int, "colour": int, "customer": int})
    gan = TabularGAN(epochs=1, random_state=0).fit(table)
    gan.save(tmp_path / "shop.tabgen")
    fake = TabularGAN.load(tmp_path / "shop.tabgen").sample(4_000, seed=0)
    assert fake.dtypes.equals(table.dtypes)
    pairs = set(table[["model", "colour"]].itertuples(index=False, name=None))
    assert set(fake[["model", "colour"]].itertuples(index=False, name=None)) <= pairs
    assert not fake.duplicated(["customer", "day"]).any()
    assert gan.sample(0).dtypes.equals(table.dtypes)
    text = gan.summary()
    assert "known combinations of model, colour" in text
    assert "customer + day never twice" in text
    assert "weights" in text


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ([Unique(("model", "colour"))], r"'model \+ colour never twice' does not hold in [\d,]+ rows"),
        ([Unique(("customer", "day"), "amount")], r"is to move column 'amount', which is not one of its own"),
        ([Combination(("model", "day"))], r"needs numbers in column 'day'"),
        ([Combination(("model",), known=((0.0,), (1.0,)))], r"'known combinations of model' does not hold"),
        ([Ordered("low", "high"), Ordered("high", "low")], r"go round in a circle"),
        (
            [Combination(("model", "colour")), Combination(("customer", "colour"))],
            r"is broken by keeping the other ones\. Remove it, or one that shares a column",
        ),
    ],
)
def test_rules_that_cannot_be_kept_are_refused(rules, message):
    table = shop().assign(low=1.0, high=1.0)
    with pytest.raises(SchemaError, match=message):
        learn_relations(rules, table)


def test_found_rules_can_be_chosen_from_and_added_to():
    rng = np.random.default_rng(1)
    table = shop(500).astype({"model": int, "colour": int, "customer": int})
    table["tax"] = rng.integers(1, 50, 500)
    table["gross"] = table["tax"] + table["amount"].round()
    table["amount"] = table["amount"].round()
    found = infer_relations(table)
    assert "amount + tax = gross" in {rule.describe() for rule in found}
    own = [rule for rule in found if not isinstance(rule, Total)]
    gan = TabularGAN(epochs=1, relations=[*own, Ordered("tax", "gross")]).fit(table)
    assert gan.relations_[-1].describe() == "tax <= gross"
    fake = gan.sample(300)
    assert (fake["tax"] <= fake["gross"]).all()


@pytest.fixture(scope="module")
def sums():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 100, 600)
    return pd.DataFrame({"key": np.arange(600), "a": a, "b": rng.integers(0, 100 - a, 600)})


def test_rows_that_break_it_are_drawn_again(sums):
    rule = Predicate(lambda frame: frame["a"] + frame["b"] < 100, "a + b < 100")
    gan = TabularGAN(epochs=1, relations=[rule], random_state=0).fit(sums)
    fake = gan.sample(3_000, seed=1)
    assert len(fake) == 3_000
    assert len(gan.sample(0)) == 0
    assert (fake["a"] + fake["b"] < 100).all()
    assert fake["key"].is_unique
    pd.testing.assert_frame_equal(gan.sample(3_000, seed=1), fake)
    assert "a + b < 100" in gan.summary()
    with pytest.raises(SchemaError, match=r"is of class Predicate, which a model file cannot hold"):
        gan.save("nowhere.tabgen")


def test_a_training_table_that_breaks_it_is_refused(sums):
    rule = Predicate(lambda frame: frame["a"] < 50, "a < 50")
    with pytest.raises(SchemaError, match=r"'a < 50' does not hold in \d+ rows of the table"):
        TabularGAN(epochs=1, relations=[rule]).fit(sums)


def test_one_that_cannot_be_met_is_told(sums):
    answers = iter([np.ones(600, dtype=bool)])
    rule = Predicate(lambda frame: next(answers, np.zeros(len(frame), dtype=bool)), "luck")
    gan = TabularGAN(epochs=1, relations=[rule]).fit(sums)
    with pytest.raises(SchemaError, match=r"'luck' held in 0\.0% of the rows .* 50 of 50 rows are still"):
        gan.sample(50)


def test_a_rule_that_few_rows_keep_still_gets_its_rows():
    rng = np.random.default_rng(0)
    rule = Predicate(lambda frame: frame["x"] < 0.03, "x < 0.03")
    rows = draw_until(
        500, lambda n: pd.DataFrame({"x": rng.random(n)}), lambda tidy: tidy, lambda tidy: tidy, [rule]
    )
    assert len(rows) == 500
    assert (rows["x"] < 0.03).all()


def test_a_function_must_answer_for_each_row(sums):
    with pytest.raises(SchemaError, match=r"'all' returned answers of shape \(\) for 600 rows\. Let it"):
        Predicate(lambda frame: True, "all").check(sums)
    with pytest.raises(
        SchemaError, match=r"'is' fails \(KeyError: 'none'\)\. It gets a table of the columns \["
    ):
        Predicate(lambda frame: frame["none"] > 0, "is").check(sums)


def test_a_missing_answer_is_no():
    rule = Predicate(lambda frame: frame["x"] > 0)
    frame = pd.DataFrame({"x": pd.array([1, None, -1], dtype="Int64")})
    assert rule.holds(frame).tolist() == [True, False, False]


def test_rules_of_all_kinds_live_together():
    rng = np.random.default_rng(0)
    table = shop(2_000)
    table["region"] = levels(table["customer"].cat.codes % 5, 5)
    table["later"] = table["day"] + pd.to_timedelta(rng.integers(0, 40, 2_000), unit="D")
    rules = learn_relations(
        [Determined("customer", "region"), Combination(("model", "colour")), Unique(("customer", "amount"))],
        table.drop_duplicates(["customer", "amount"]),
    )
    assert len(rules) == 3
    found = find_relations(table)
    assert {"customer decides region", "day <= later"} <= {rule.describe() for rule in found}


def test_several_draws_of_a_row_may_be_alike_where_rows_must_not(monkeypatch):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"shop": np.arange(300) % 20, "day": np.arange(300) // 20})
    table["sold"] = (rng.random(300) < 0.3 + 0.02 * table["shop"]).map({True: "yes", False: "no"})
    gan = TabularGAN(model="vae", epochs=1, relations=[Unique(("shop", "day"))], random_state=0).fit(table)
    rounds = []
    draw = drawing._draw_codes
    monkeypatch.setattr(drawing, "_draw_codes", lambda *given: rounds.append(1) or draw(*given))
    filled = gan.impute(table.head(30).assign(sold=None), draws=5, seed=0)
    assert len(rounds) == 1  # no copy had to be drawn again to differ from the others
    for one in filled:
        pd.testing.assert_frame_equal(one[["shop", "day"]], table.head(30)[["shop", "day"]])
        assert one["sold"].notna().all()
