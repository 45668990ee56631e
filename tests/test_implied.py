"""What is asked of sums, multiples and flags is passed on to the columns that they follow from."""

import numpy as np
import pandas as pd
import pytest

from tabgen import TabularGAN
from tabgen.conditions import read_conditions
from tabgen.errors import ConditionError
from tabgen.implied import implied_conditions, implied_values, lacking
from tabgen.inference import infer_schema
from tabgen.relations import OneHot, Proportional, Total
from tabgen.relations.rows import learn_relations

ROWS = 1_200
FLAGS = ("red", "green", "blue")
NOTHING = float("nan")


@pytest.fixture(scope="module")
def bills():
    rng = np.random.default_rng(0)
    colour, net, tax, kilos = (rng.integers(0, k, ROWS) for k in (3, 300, 500, 200))
    flags = {flag: (colour == k).astype(float) for k, flag in enumerate(FLAGS)}
    sums = {"net": net * 1.5, "tax": tax * 1.0, "gross": net * 1.5 + tax}
    return pd.DataFrame({**flags, **sums, "kilos": kilos / 10, "grams": kilos * 100.0})


@pytest.fixture(scope="module")
def rules(bills):
    own = (Proportional("kilos", "grams"), Total(("net", "tax"), "gross"), OneHot(FLAGS))
    return learn_relations(own, bills)


@pytest.fixture(scope="module")
def gan(bills, rules):
    return TabularGAN(model="vae", epochs=3, relations=rules, random_state=0).fit(bills)


@pytest.mark.parametrize(
    "where",
    [
        "gross == 600",
        "gross > 850.5",
        "gross between 500 and 501 and net > 300",
        "grams == 5000",
        "grams > 19000 and kilos != 19.5",
        "red == 1",
        "green == 0 and blue == 0",
        "blue == 0",
    ],
)
def test_exact_sums_multiples_and_flags_are_met(gan, where):
    rows = gan.sample(60, where=where, seed=0)
    expression = where.replace("between 500 and 501", ">= 500 and gross <= 501")
    assert len(rows.query(expression)) == 60
    assert (rows["net"] + rows["tax"] == rows["gross"]).all()
    assert np.isclose(rows["kilos"] * 1000, rows["grams"]).all()
    assert (rows[list(FLAGS)].sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    "known",
    [
        {"gross": [600.0, 333.5, 61.0]},
        {"gross": [600.0, 333.5, 61.0], "net": [300.0, 1.5, 60.0]},
        {"grams": [700.0, 3300.0, 19_900.0]},
        {"green": [1.0, 0.0, 1.0]},
    ],
)
def test_what_is_known_of_the_whole_is_kept_with_the_rule(gan, known):
    given = pd.DataFrame(known)
    for rows in (gan.sample(where=given, seed=1), gan.complete(given, seed=2)):
        pd.testing.assert_frame_equal(rows[list(known)], given)
        assert (rows["net"] + rows["tax"] == rows["gross"]).all()
        assert np.isclose(rows["kilos"] * 1000, rows["grams"]).all()
        assert (rows[list(FLAGS)].sum(axis=1) == 1).all()


def test_conditions_by_rules_are_as_tight_as_the_rules(bills, rules):
    schema = infer_schema(bills)
    asked = read_conditions("grams >= 4950 and kilos < 6 and green == 0", schema)
    found = implied_conditions(asked, rules, schema)
    low, high = found["kilos"].intervals[0]
    assert low == pytest.approx(4.95, abs=1e-3)
    assert high < 6
    assert found["red"].levels == (True, False, True)
    assert "green" not in found
    assert found["grams"] is asked["grams"]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("grams > 5000 and kilos < 3", "No value of column 'kilos' can be < 3 and grams > 5000"),
        ("red == 1 and green == 1", "No value of column 'red' can be red == 1 and green == 1"),
    ],
)
def test_what_rules_forbid_is_refused(gan, where, message):
    with pytest.raises(ConditionError, match=message):
        gan.sample(5, where=where)


def test_values_follow_where_only_one_thing_is_open(rules):
    known = pd.DataFrame(
        {
            "red": [NOTHING, 0, NOTHING], "green": [1.0, 0, NOTHING], "blue": [NOTHING] * 3,
            "net": [NOTHING, 3, NOTHING], "tax": [2.0, NOTHING, NOTHING], "gross": [8.0, 9, 10],
            "kilos": [NOTHING, 1, NOTHING], "grams": [500.0, 1000, NOTHING],
        }
    )  # fmt: skip
    found = implied_values(known, rules)
    assert found["net"].tolist()[:2] == [6, 3]
    assert found["tax"].tolist()[:2] == [2, 6]
    assert found["kilos"].tolist()[:2] == [0.5, 1]
    assert found.loc[0, list(FLAGS)].tolist() == [0, 1, 0]
    assert found.loc[1, "blue"] != found.loc[1, "blue"]  # zeros alone do not tell which flag is set
    assert found.loc[2].drop("gross").isna().all()


def test_sums_lack_what_brings_them_to_the_nearest_bound(bills):
    condition = read_conditions("gross > 10 and gross != 20", infer_schema(bills))["gross"]
    sums = pd.Series([3.0, 10.0, 15.0, 20.0, NOTHING])
    np.testing.assert_allclose(lacking(sums, condition, 1)[:3], [7.1, 0.1, 0])
    assert abs(lacking(sums, condition, 1)[3]) == pytest.approx(0.1)
    missing = read_conditions({"gross": [10.0]}, infer_schema(bills))["gross"]
    assert np.isnan(lacking(sums, missing, 1)[4])
