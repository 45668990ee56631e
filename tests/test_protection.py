"""Rare levels, extremes, leaves, words and entries of rules are gone, and what was done is told."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tabgen import TabularGAN
from tabgen.cleaning import clean, restore
from tabgen.encoding import Support, fit_encoder
from tabgen.encoding.leaves import supported_leaves
from tabgen.encoding.numeric import fit_numeric
from tabgen.errors import SchemaError, TableError
from tabgen.identifiers import draw_identifiers, fit_identifiers
from tabgen.inference import infer_schema
from tabgen.protection import FEWEST_ROWS, Protection, protect
from tabgen.protection.plan import log_from_json, log_to_json, protection_from_json, protection_to_json
from tabgen.relations import Combination, Determined, Increments, Ordered, Unique, learn_relations

STRICT = Protection(extremes=True, categories=True)


def protected(frame, protection="auto", rules=()):
    schema = infer_schema(frame)
    tidy = clean(frame, schema)
    return protect(tidy, schema, learn_relations(rules, tidy), protection, 0)


def back(safe, frame):
    """Return the protected table as people see it."""
    fresh = fit_identifiers(frame, safe.schema, safe.fewest)
    drawn = draw_identifiers(fresh, len(frame), safe.schema, np.random.default_rng(0))
    return restore(safe.related, safe.schema, drawn)


def towns(**rare):
    """Return a text column of two frequent levels and some rare ones."""
    return [*["Rome"] * 70, *["Oslo"] * 60, *(town for town, rows in rare.items() for _ in range(rows))]


def test_a_rare_level_is_taken_over_by_frequent_ones_and_the_column_keeps_its_look():
    frame = pd.DataFrame({"town": towns(Zwolle=4, Bern=5)})
    safe = protected(frame)
    table = back(safe, frame)
    assert safe.schema.columns[0].levels == ("Bern", "Oslo", "Rome")
    assert table.dtypes.equals(frame.dtypes)
    assert table["town"].notna().all()
    kept = frame["town"] != "Zwolle"
    assert (table["town"][kept] == frame["town"][kept]).all()
    assert [(change.values, change.rows) for change in safe.log.changes] == [(1, 4)]


def test_the_same_seed_chooses_the_same_rows():
    frame = pd.DataFrame({"town": towns(**{f"town {k}": 3 for k in range(20)})})
    schema = infer_schema(frame)
    tidy = clean(frame, schema)
    one, again, other = (protect(tidy, schema, (), "auto", seed).related for seed in (0, 0, 1))
    assert one.equals(again)
    assert not one.equals(other)


def test_a_rare_ordered_level_becomes_its_neighbour():
    sizes = pd.Categorical(["S"] * 60 + ["M"] * 50 + ["XL"] * 3, ["S", "M", "L", "XL"], ordered=True)
    frame = pd.DataFrame({"size": sizes})
    assert back(protected(frame), frame)["size"].tolist()[-3:] == ["M"] * 3


def test_a_category_dtype_stays_unless_its_names_shall_go():
    frame = pd.DataFrame({"town": pd.Categorical(towns(Zwolle=2), ["Oslo", "Rome", "Zwolle", "Paris"])})
    kept, gone = (back(protected(frame, one), frame)["town"] for one in ("auto", "strict"))
    assert kept.dtype == frame["town"].dtype
    assert list(gone.cat.categories) == ["Oslo", "Rome", "Paris"]  # of no row, so of nobody
    assert "Zwolle" not in {*kept, *gone}


def test_the_two_levels_of_a_boolean_are_no_secret():
    frame = pd.DataFrame({"ill": [True] * 2 + [False] * 118, "smokes": ["yes"] * 2 + ["no"] * 118})
    safe = protected(frame)
    assert back(safe, frame).equals(frame)
    assert safe.log.changes == ()


def test_texts_that_hardly_repeat_are_made_up():
    frame = pd.DataFrame({"code": [f"K{k // 2:03d}" for k in range(150)]})
    safe = protected(frame)
    (column,) = safe.schema.columns
    assert (column.kind, column.levels) == ("text", ())
    table = back(safe, frame)
    assert table["code"].str.fullmatch(r"K\d{3}").all()
    assert safe.log.changes[0].values == 75


def test_categories_that_hardly_repeat_are_shuffled_or_withdrawn():
    frame = pd.DataFrame({"code": pd.Categorical([f"K{k // 2:03d}" for k in range(150)])})
    shuffled = back(protected(frame), frame)["code"]
    assert sorted(shuffled) == sorted(frame["code"])
    assert (shuffled == frame["code"]).mean() < 0.1
    assert back(protected(frame, "strict"), frame)["code"].isna().all()


def test_large_whole_numbers_that_hardly_repeat_are_made_up():
    levels = 2**60 + 1_000 * np.arange(60)
    frame = pd.DataFrame({"account": np.repeat(levels, 2)})
    safe = protected(frame)
    assert safe.schema.columns[0].kind == "identifier"
    assert not set(back(safe, frame)["account"]) & set(levels)


def test_a_constant_of_few_rows_and_numbers_of_few_rows_become_missing():
    frame = pd.DataFrame(
        {
            "once": ["Zwolle"] + [None] * 119,
            "height": [1.81, 1.75, 1.92, *[np.nan] * 117],
            "left": [pd.Timestamp("2021-05-06"), *[pd.NaT] * 119],
            "age": np.arange(120.0),
        }
    )
    safe = protected(frame, "strict")
    table = back(safe, frame)
    assert table[["once", "height", "left"]].isna().all(axis=None)
    assert table.dtypes.equals(frame.dtypes)
    assert "Zwolle" not in safe.schema.to_json()


def test_a_rare_spelling_of_a_missing_value_is_forgotten():
    frame = pd.DataFrame({"pay": ["zwolle", "zwolle", *(f"{k}.50" for k in range(120))]})
    safe = protected(frame)
    assert (infer_schema(frame).columns[0].null, safe.schema.columns[0].null) == ("zwolle", "")
    customary = frame.replace("zwolle", "n/a")
    assert protected(customary).schema.columns[0].null == "n/a"


@pytest.mark.parametrize("dtype", ["float64", "int64", "datetime64[us]", "timedelta64[s]"])
def test_the_extremes_are_shared_and_nobodys_own(dtype):
    numbers = np.r_[np.random.default_rng(0).choice(10**7, 400, replace=False) - 10**6, 10**9, 10**10]
    frame = pd.DataFrame({"x": numbers.astype("int64").astype(dtype)})
    for rows in (5, 20):
        safe = protected(frame, Protection(rows=rows, extremes=True))
        values = back(safe, frame)["x"]
        assert values.dtype == frame["x"].dtype
        for end in (values.min(), values.max()):
            assert (values == end).sum() == rows
            assert end not in set(frame["x"])
        inner = values.between(values.min(), values.max(), inclusive="neither")
        assert (values[inner] == frame["x"][inner]).all()


def test_by_default_extremes_stay():
    frame = pd.DataFrame({"x": [*range(200), 10**9]})
    safe = protected(frame)
    assert safe.related["x"].max() == 10**9
    assert "extremes kept" in safe.log.facts()["protection"]


def test_a_column_may_have_a_protection_of_its_own():
    numbers = np.random.default_rng(0).permutation(131)
    frame = pd.DataFrame({"town": towns(Zwolle=1), "pay": numbers, "age": numbers})
    plan = Protection(extremes=True, columns={"town": None, "age": Protection(rows=9)})
    safe = protected(frame, plan)
    assert "Zwolle" in safe.schema.columns[0].levels
    assert safe.related["pay"].max() < 130
    assert safe.related["age"].max() == 130
    assert safe.support["age"] == Support(9, ends=True)
    facts = safe.log.facts()
    assert facts["protection: town"] == "none"
    assert facts["protection: age"].startswith("nothing of fewer than 9 rows")


def test_rows_take_over_what_belongs_together():
    street = np.arange(600) % 40
    frame = pd.DataFrame({"street": [f"street {s}" for s in street], "town": [f"T{s // 10}" for s in street]})
    frame.loc[len(frame)] = ["rare street", "T2"]
    safe = protected(frame, "auto", [Determined("street", "town")])
    table = back(safe, frame)
    assert table["town"].iloc[-1] == "T2"
    assert int(table["street"].iloc[-1].split()[1]) // 10 == 2
    (rule,) = safe.relations
    assert len(rule.keys) == len(safe.schema.columns[0].levels) == 40


def test_rules_keep_no_entry_of_few_rows():
    keys = np.repeat(np.arange(40), 10).astype(float)
    keys[:2] = 77.0
    models = pd.Series(np.where(keys % 2, "a", "b"))
    colours = pd.Series(np.where(keys % 2, "red", "blue"))
    colours[3] = "blue" if models[3] == "a" else "red"  # a combination of one row
    frame = pd.DataFrame({"zip": keys, "area": keys * 1e6, "model": models, "colour": colours})
    safe = protected(frame, "auto", [Determined("zip", "area"), Combination(("model", "colour"))])
    determined, combination = safe.relations
    assert 77.0 not in determined.keys
    assert 77e6 not in determined.values
    assert len(combination.known) == 2
    assert min(combination.weights) >= 5
    assert sum(combination.weights) == len(frame)
    assert safe.log.changes[-1].rows > 0
    assert "zip decides area" in {change.where for change in safe.log.changes}


def test_a_rule_of_a_withdrawn_column_goes_with_it():
    frame = pd.DataFrame({"code": [f"K{k // 2:03d}" for k in range(400)]})
    frame["area"] = ["N" if k // 2 < 100 else "S" for k in range(400)]
    safe = protected(frame, "auto", [Determined("code", "area")])
    assert safe.relations == ()
    assert safe.log.changes[-1].where == "code decides area"


def test_bounds_of_rules_are_those_of_the_coded_columns():
    low = np.arange(200.0)
    frame = pd.DataFrame({"low": low, "high": low + 1, "step": 3 * low + 7, "key": low * 2})
    rules = [Ordered("low", "high"), Increments("step"), Unique(("key",))]
    safe = protected(frame, "strict", rules)
    ordered, increments, unique = safe.relations
    columns = safe.related
    ends = [end(columns[name]) for name in ("low", "high") for end in (min, max)]
    assert list(ordered.bounds) == ends
    assert ends[0] > 0
    assert increments.start == 1.0
    assert unique.least == columns["key"].min() > 0


@given(
    st.lists(st.integers(-50, 400), min_size=30, max_size=400),
    st.integers(2, 8),
    st.booleans(),
    st.sampled_from([1.0, 0.01, np.pi]),
)
def test_every_leaf_has_its_rows_and_no_knot_is_one_persons_value(numbers, rows, ends, scale):
    values = np.array(numbers) * scale
    codec = fit_numeric(values, support=Support(rows, ends))
    in_leaf = np.bincount(codec.encode(values), minlength=codec.leaves)
    inner = in_leaf[1:-1] if ends else in_leaf
    assert (inner >= rows).all() or codec.leaves == 1
    decoded = codec.decode(codec.encode(values), np.random.default_rng(0))
    assert values.min() <= decoded.min()
    assert decoded.max() <= values.max()
    if ends:
        assert {codec.knots[0, 0], codec.knots[-1, -1]} == {values.min(), values.max()}


def test_knots_are_no_values_where_there_is_room():
    rng = np.random.default_rng(0)
    values = rng.choice(10**8, 3_000, replace=False).astype(float)
    stored = fit_numeric(values).knots
    hidden = fit_numeric(values, support=Support(5, ends=False)).knots
    assert np.isin(stored, values).mean() > 0.1
    assert np.isin(hidden[:, 1:-1], values).sum() == 0
    assert np.isin(hidden, values).sum() <= 2  # neighbours too near to go anywhere


def test_support_of_one_row_changes_nothing():
    values = np.random.default_rng(0).poisson(3, 500).astype(float)
    assert np.array_equal(fit_numeric(values).knots, fit_numeric(values, support=Support(1)).knots)
    group = np.arange(4)
    assert supported_leaves(group, np.array([9, 9, 9, 9]), Support(5)) is group


def test_where_all_leaves_have_too_few_rows_they_are_one():
    assert supported_leaves(np.arange(3), np.ones(3, dtype=int), Support(5, ends=False)).tolist() == [0] * 3


def test_the_default_leaves_small_tables_alone():
    frame = pd.DataFrame({"town": ["Rome"] * (FEWEST_ROWS - 2) + ["Zwolle"]})
    safe = protected(frame)
    assert safe.schema == infer_schema(frame)
    assert safe.log.facts() == {"protection": "none"}


def test_none_changes_nothing_that_is_learned():
    frame = pd.DataFrame({"town": towns(Zwolle=1), "pay": [5, *range(129), 10**9]})
    safe, schema = protected(frame, None), infer_schema(frame)
    assert safe.related.equals(clean(frame, schema))
    assert fit_encoder(safe.related, safe.support).layout == fit_encoder(clean(frame, schema)).layout


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"rows": 1}, "rows must be a whole number from 2 on, but is 1."),
        ({"rows": True}, "rows must be a whole number from 2 on, but is True."),
        ({"extremes": "yes"}, "extremes must be True or False, but is 'yes'."),
        ({"categories": 1}, "categories must be True or False, but is 1."),
        ({"columns": {"a": "off"}}, "columns must give 'a' None or a Protection without columns, but gives"),
        ({"columns": {"a": Protection(columns={"b": None})}}, "columns must give 'a' None or a Protection"),
    ],
)
def test_a_wrong_protection_is_refused(facts, message):
    with pytest.raises(ValueError, match=message):
        Protection(**facts)


def test_what_cannot_be_protected_is_refused():
    frame = pd.DataFrame({"town": ["Rome", "Oslo"] * 4})
    with pytest.raises(
        TableError, match=r"The table has 8 rows, but values that 5 rows must share need 10 rows"
    ):
        protected(frame, Protection())
    with pytest.raises(SchemaError, match=r"protection names column 'city', which is not in the table"):
        protected(frame, Protection(columns={"city": None}))
    with pytest.raises(
        ValueError, match='protection must be "auto", "strict", None or a Protection, but is 5'
    ):
        TabularGAN(protection=5).fit(frame)


def test_protection_and_log_go_to_json_and_back():
    plan = replace(STRICT, columns={("a", 1): None, "b": Protection(rows=3)})
    frame = pd.DataFrame({"town": towns(Zwolle=1), "b": range(131), ("a", 1): range(131)})
    log = protected(frame, plan).log
    assert log_from_json(json.loads(json.dumps(log_to_json(log)))) == log
    for one in (plan, "auto", None):
        assert protection_from_json(json.loads(json.dumps(protection_to_json(one)))) == one


def test_keys_and_texts_are_told_by_what_several_rows_share():
    rng = np.random.default_rng(0)
    keys = rng.choice(np.arange(123_456, 987_654), 200, replace=False)
    notes = [
        f"{'saw' if k % 2 else 'met'} Dr. {chr(65 + k % 26)}{'xyz'[k % 3] * (k % 9)} at {k}"
        for k in range(200)
    ]
    frame = pd.DataFrame({"key_id": keys, "note": notes})
    schema = infer_schema(frame)
    plain, safe = fit_identifiers(frame, schema), fit_identifiers(frame, schema, {"key_id": 20, "note": 20})
    assert (plain["key_id"].low, plain["key_id"].high) == (keys.min(), keys.max())
    assert (safe["key_id"].low, safe["key_id"].high) == (120_000, 989_999)
    words = {word for slot in safe["note"].words.values() for word in slot} - {""}
    assert all(sum(word in note for note in notes) >= 20 for word in words)


def test_texts_of_no_common_shape_are_told_by_how_they_begin():
    texts = [f"Seen by {'a ' * k}{'b, ' * (k % 7)}end." for k in range(60)]
    frame = pd.DataFrame({"note": texts})
    safe = fit_identifiers(frame, infer_schema(frame), {"note": 5})["note"]
    begun = [shape.replace("\x1f", "") for shape in safe.templates]
    assert all(sum(shape.startswith(one) for shape in map(_shape, texts)) >= 5 for one in begun)
    assert "Aa a " in "".join(begun)


def test_few_texts_are_told_by_nothing():
    frame = pd.DataFrame({"mail": ["ann@x.org", "zoe.q@y.com", *[None] * 98]})
    generator = fit_identifiers(frame, infer_schema(frame), {"mail": 5})["mail"]
    assert list(generator.templates) == ["a"]
    drawn = generator.draw(5, np.random.default_rng(0))
    assert len(set(drawn)) == 5


def _shape(text):
    return re.sub(r"[a-z]+", "a", re.sub(r"[A-Z][a-z]+", "Aa", text))


@pytest.fixture(scope="module")
def rare_town():
    """Return a table with a town of one row, and a model of it."""
    frame = pd.DataFrame({"town": towns(Zwolle=1), "n": [k % 7 for k in range(131)]})
    return frame, TabularGAN(epochs=1, random_state=0).fit(frame)


def test_rare_values_stay_out_by_default(rare_town):
    frame, gan = rare_town
    assert "Zwolle" not in gan.schema_.columns[0].levels
    assert "protected: town" in gan.summary()
    assert "Zwolle" in TabularGAN(protection=None, epochs=1).fit(frame).schema_.columns[0].levels


def test_a_row_with_a_level_that_was_taken_out_is_completed_and_keeps_it(rare_town):
    _, gan = rare_town
    holed = pd.DataFrame({"town": ["Zwolle", "Rome"], "n": [None, None]})
    filled = gan.complete(holed, seed=0)
    assert filled["town"].tolist() == ["Zwolle", "Rome"]
    assert filled["n"].between(0, 6).all()


def test_a_row_with_a_level_that_was_taken_out_is_scored_as_the_rarest_one(rare_town):
    frame, gan = rare_town
    told = gan.log_prob(pd.DataFrame({"town": ["Zwolle", "Oslo", "Rome"], "n": [3, 3, 3]}))
    assert told[0] == pytest.approx(told[1], abs=0.01)  # but for the noise of the latent
    assert gan.predict(pd.DataFrame({"town": ["Zwolle"]}), "n").notna().all()
    bare = TabularGAN(protection=None, epochs=1, random_state=0).fit(frame)
    with pytest.raises(SchemaError, match="'Ulm' at row 0, which is not one of its 3 levels"):
        bare.log_prob(pd.DataFrame({"town": ["Ulm"], "n": [3]}))
