"""Conditions hold in every row and move the others by the model's law; gaps are filled, columns predicted."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

from tabgen import TabularGAN
from tabgen.errors import ConditionError, SchemaError, TableError
from tabgen.evaluation import evaluate
from tabgen.relations import Determined, Total

ROWS = 2_500
CITIES = ["Rome", "Paris", "Oslo", "Bern", "Graz"]


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, ROWS)
    city = rng.choice(CITIES, ROWS, p=[0.4, 0.3, 0.2, 0.096, 0.004])
    active = rng.random(ROWS) < np.where(age > 50, 0.8, 0.2)
    income = np.round(rng.lognormal(8 + age / 100 + (city == "Rome"), 0.3), 2)
    income[rng.random(ROWS) < 0.1] = np.nan
    net = rng.integers(100, 1_000, ROWS)
    tax = np.where(city == "Rome", 22, 19) * net // 100
    since = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, ROWS), "D")
    country = pd.Series(city).map(dict(zip(CITIES, ["IT", "FR", "NO", "CH", "AT"], strict=True)))
    return pd.DataFrame(
        {
            "id": np.arange(ROWS) + 10_000, "age": age, "city": city, "country": country, "active": active,
            "income": income, "net": net, "tax": tax, "gross": net + tax, "since": since,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def gan(people):
    return TabularGAN(epochs=6, random_state=0).fit(people)


def test_the_rules_are_there_to_be_kept(gan):
    assert {Total, Determined} <= {type(rule) for rule in gan.relations_}


def random_condition(people, rng):
    """Return conditions on one to three columns that some row holds, and what they mean in pandas."""
    row, where, means = people.iloc[rng.integers(len(people))], {}, []
    for name in rng.choice(people.columns[1:], rng.integers(1, 4), replace=False):
        value, kind = row[name], rng.integers(3)
        if pd.isna(value):
            where[name] = None
            means.append((name, lambda s: s.isna()))
        elif kind and name in ("age", "income", "net", "gross", "since"):
            wide = people[name].std() * (0.3 if kind == 1 else 3)
            interval = pd.Interval(value - wide, value, closed="right") if kind == 1 else pd.Interval(
                value, value + wide, closed="left"
            )  # fmt: skip
            where[name] = interval
            means.append((name, lambda s, i=interval: s.map(lambda v: v in i if pd.notna(v) else False)))
        elif kind == 1:
            where[name] = [value, people[name].mode()[0]]
            means.append((name, lambda s, v=where[name]: s.isin(v)))
        else:
            where[name] = value
            means.append((name, lambda s, v=value: s == v))
    return where, means


@pytest.mark.parametrize("seed", range(14))
def test_conditions_hold_in_every_row(people, gan, seed):
    where, means = random_condition(people, np.random.default_rng(seed))
    rows = gan.sample(60, where=where, seed=seed)
    assert len(rows) == 60
    assert rows.dtypes.equals(people.dtypes)
    for name, holds in means:
        assert holds(rows[name]).all(), (name, where)
    assert (rows["net"] + rows["tax"] == rows["gross"]).all()
    assert rows["id"].is_unique


def test_text_and_mapping_say_the_same(gan):
    text = gan.sample(50, where="30 <= age <= 40 and city in ('Rome', 'Oslo') and income is not null", seed=3)
    assert text["age"].between(30, 40).all()
    assert set(text["city"]) <= {"Rome", "Oslo"}
    assert text["income"].notna().all()
    mapping = {"age": pd.Interval(30, 40, closed="both"), "city": ["Rome", "Oslo"]}
    text = gan.sample(50, where="30 <= age <= 40 and city in ('Rome', 'Oslo')", seed=3)
    pd.testing.assert_frame_equal(gan.sample(50, where=mapping, seed=3), text)


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("city == 'Graz'", lambda f: f["city"] == "Graz"),
        ("city != 'Rome' and age != 40", lambda f: (f["city"] != "Rome") & (f["age"] != 40)),
        ("age not in (30, 31, 32) and age < 35", lambda f: ~f["age"].isin([30, 31, 32]) & (f["age"] < 35)),
        ("income is null and age > 80", lambda f: f["income"].isna() & (f["age"] > 80)),
        ("income > 12345.67", lambda f: f["income"] > 12345.67),
        ("'2021-03-01' < since <= '2021-03-09'", lambda f: f["since"].between("2021-03-02", "2021-03-09")),
        ("active == true", lambda f: f["active"]),
        ("country == 'NO'", lambda f: f["city"] == "Oslo"),
        ("gross > 900", lambda f: f["net"] + f["tax"] > 900),
    ],
)  # fmt: skip
def test_lines_of_text_hold(gan, where, holds):
    rows = gan.sample(80, where=where, seed=0)
    assert len(rows) == 80
    assert holds(rows).all()


def test_a_condition_on_a_late_column_moves_the_early_ones(people, gan):
    free = gan.sample(20_000, seed=0)  # those that hold a condition by chance have the same law
    for where in ("active == True", "active == False", "income > 9000", "age > 60 and tax < 60"):
        drawn, rejected = gan.sample(2_000, where=where, seed=1), free.query(where)
        assert drawn["age"].mean() == pytest.approx(rejected["age"].mean(), abs=2)
        shares = [frame["city"].value_counts(normalize=True) for frame in (drawn, rejected)]
        assert (shares[0] - shares[1]).abs().max() < 0.06


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"agee": 3}, "Did you mean 'age'?"),
        ("zzz == 3", "Column 'zzz' is not in the table. Its columns:"),
        ({"city": "Pariss"}, "no value 'Pariss' in the training table. Near ones: Paris"),
        ({"age": 17}, "has nothing that is == 17 in the training table. Near values: 18."),
        ("age > 20 and age < 10", "No value of column 'age' can be > 20 and < 10"),
        ("since > '2031-01-01'", "Its moments lie from 2020-01-01"),
        ("city > 'Oslo'", "has no order"),
        ("age == 'old'", "Column 'age' holds numbers, but 'old' is none"),
        ("since == 'soon'", "Column 'since' holds moments, but 'soon' is none"),
        ({"id": 5}, "Column 'id' is not learned (identifier: fresh values)"),
        ({"age": None}, "Column 'age' is never missing in the training table"),
        (
            "city == 'Rome' and country == 'NO'",
            "A rule ties it to what else was asked: country decides city.",
        ),
        ("gross > 1000000", "do not hold what was asked, most often of column 'gross'"),
        (pd.DataFrame({"agee": [3]}), "Column 'agee' is not in the table. Did you mean 'age'"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(gan, where, says):
    with pytest.raises(ConditionError) as error:
        gan.sample(None if isinstance(where, pd.DataFrame) else 5, where=where, seed=0)
    assert says in str(error.value)


def test_no_rows_asked_are_no_rows(people, gan):
    assert gan.sample(0, where="age > 40").dtypes.equals(people.dtypes)
    assert gan.complete(people[:0]).shape == (0, people.shape[1])


def test_a_table_of_conditions_asks_row_by_row(gan):
    asked = pd.DataFrame({"city": ["Rome", None, "Oslo"] * 20, "age": [30, 40, np.nan] * 20})
    rows = gan.sample(where=asked, seed=0)
    told = asked.notna()
    assert (rows["city"] == asked["city"])[told["city"]].all()
    assert (rows["age"] == asked["age"])[told["age"]].all()
    assert rows["country"].isna().sum() == 0
    with pytest.raises(ValueError, match="there are 60 rows of conditions"):
        gan.sample(5, where=asked)
    with pytest.raises(ValueError, match="rebalance cannot go with a table of conditions"):
        gan.sample(where=asked, rebalance="city")


def test_levels_are_balanced_as_asked(people, gan):
    assert gan.sample(100, rebalance="city", seed=0)["city"].value_counts().tolist() == [20] * 5
    rows = gan.sample(200, rebalance={"active": {True: 0.25, False: 0.75}}, where="age > 60", seed=0)
    assert rows["active"].sum() == 50
    assert (rows["age"] > 60).all()
    assert set(gan.sample(144, rebalance="age", seed=0)["age"].value_counts()) == {2}
    more = gan.augment(people, "city", 500, seed=0)
    assert more[:ROWS].equals(people)
    assert more["city"][ROWS:].value_counts().index[0] == "Graz"
    assert len(more) == ROWS + 500
    for shares, says in [
        ({"city": {"Rome": 0.5}}, "add up to 0.5"),
        ({"city": {"Roma": 1.0}}, "no value 'Roma'"),
        ("income", "has too many values to treat each"),
        ("agee", "is not in the table"),
    ]:
        with pytest.raises(ConditionError, match=says):
            gan.sample(10, rebalance=shares)


@pytest.mark.parametrize("point", [False, True])
def test_gaps_are_filled_and_all_else_is_kept(people, gan, point):
    rng = np.random.default_rng(0)
    rows = 40 if point else 200  # a point needs many draws of each row
    holes = (
        people[:rows]
        .set_axis(range(50, 50 + rows))
        .astype({"age": float, "net": float, "tax": float, "gross": float})
    )
    holes = holes.mask(pd.DataFrame(rng.random(holes.shape) < 0.3, holes.index, holes.columns))
    holes = holes.drop(columns="since")
    filled = gan.complete(holes, point=point, seed=0)
    assert filled.index.equals(holes.index)
    assert filled.dtypes.equals(people.dtypes)
    assert filled.drop(columns="id").notna().all().all()
    for name in holes:
        kept = holes[name].notna()
        assert (filled[name] == holes[name])[kept].all(), name


def test_several_draws_differ_and_one_is_repeatable(people, gan):
    holes = people[:100].assign(age=np.nan)
    first, second = gan.impute(holes, draws=2, seed=0)
    assert (first["age"] != second["age"]).mean() > 0.5
    pd.testing.assert_frame_equal(gan.impute(holes, draws=2, seed=0)[1], second)
    with pytest.raises(ValueError, match="draws must be a whole number from 1 on, but is 0"):
        gan.impute(holes, draws=0)
    for ask in (lambda: gan.complete(holes, seed=-1), lambda: gan.augment(people, "city", 5, seed=-1)):
        with pytest.raises(ValueError, match="seed must be None or a whole number"):
            ask()


def test_real_rows_are_likelier_than_shuffled_ones(people, gan):
    shuffled = people.assign(active=people["active"].sample(frac=1, random_state=0).to_numpy())
    assert gan.log_prob(people).mean() > gan.log_prob(shuffled).mean() + 0.1


def test_columns_are_predicted_from_the_others(people, gan):
    chances = gan.predict_proba(people[:400], "active")
    assert list(chances) == [False, True]
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    told = (chances[True] > 0.5).to_numpy() == people["active"][:400]
    assert told.mean() > 0.75
    assert (gan.predict(people[:400], "active") == people["active"][:400]).mean() == told.mean()
    ages = gan.predict(people[:400], "age")
    assert np.corrcoef(ages, people["age"][:400])[0, 1] > 0.4
    for column, says in [
        ("gross", "follows from other columns"),
        ("since", "predict takes levels"),
        ("x", "not in"),
    ]:
        with pytest.raises(ConditionError, match=says):
            gan.predict(people[:4], column)
    with pytest.raises(ConditionError, match="too many values"):
        gan.predict_proba(people[:4], "income")
    with pytest.raises(ConditionError, match="Column 'age' is missing in row 1"):
        gan.predict(people[:3].assign(age=[30.0, np.nan, 40.0]), "active")


def test_moments_do_not_heap_up_at_a_bound_within_a_year(people, gan):
    asked = pd.Interval(pd.Timestamp("2021-01-25"), pd.Timestamp("2021-08-10"), closed="both")
    drawn = gan.sample(400, where={"since": asked}, seed=0)["since"]
    assert drawn.between(asked.left, asked.right).all()
    assert drawn.isin([asked.left, asked.right]).mean() < 0.03  # each of 198 days is as likely
    real = people["since"][people["since"].between(asked.left, asked.right)]
    assert ks_2samp(drawn.astype("int64"), real.astype("int64")).statistic < 0.1


def test_what_is_asked_in_another_form_is_refused_in_a_sentence(people, gan):
    for where in (["city", "Rome"], lambda rows: rows["city"] == "Rome"):
        with pytest.raises(ConditionError, match=r"^where is a (list|function)\. Write a line such as"):
            gan.sample(5, where=where)
    with pytest.raises(ConditionError, match=r"'city' is asked for one of no values. Give at least one"):
        gan.sample(5, where={"city": []})
    for shares in (["city"], {"city": ["Rome", "Oslo"]}):
        with pytest.raises(ConditionError, match=r" a list\. (Name one column|Map each level)"):
            gan.sample(5, rebalance=shares)
    with pytest.raises(ConditionError, match=r"'ctiy' is not in the table. Did you mean 'city'"):
        gan.augment(people, "ctiy", 5)
    with pytest.raises(ConditionError, match=r"^Column 'city' is not in the table to add to, which has"):
        gan.augment(people.drop(columns="city"), "city", 5)
    with pytest.raises(SchemaError, match=r"^Column 'age' holds 'old' at row 1, which is no number, but"):
        gan.sample(where=pd.DataFrame({"age": [None, "old"]}))


@pytest.mark.parametrize("table", ["people.csv", {"city": ["Rome"]}, None])
def test_what_is_no_frame_is_refused_in_a_sentence(gan, table):
    asks = [gan.complete, gan.log_prob, lambda t: gan.predict(t, "city"), lambda t: gan.augment(t, "city", 5)]
    for ask in [*asks, lambda t: evaluate(t, t)]:
        with pytest.raises(TableError, match=r"^The table is a \w+, where a DataFrame is needed"):
            ask(table)
