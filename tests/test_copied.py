"""Numbers that are often exactly another one: found where that is no accident, copied exactly."""

import numpy as np
import pandas as pd
import pytest

from tabgen import TabularGAN, infer_relations
from tabgen.errors import SchemaError
from tabgen.relations import Copied, learn_relations, relate, relations_from_json, relations_to_json, unrelate

ROWS = 4_000


@pytest.fixture(scope="module")
def bills():
    """Return a chain of bills, some as high as the month before, and payments, many in full or none."""
    rng = np.random.default_rng(0)
    first = np.round(rng.lognormal(9, 1, ROWS))
    second = np.where(rng.random(ROWS) < 0.05, first, np.round(first * rng.lognormal(0, 0.3, ROWS)))
    part = np.round(second * rng.beta(1, 8, ROWS))
    paid = np.where(rng.random(ROWS) < 0.25, 0, np.where(rng.random(ROWS) < 0.2, second, part))
    return pd.DataFrame({"first": first, "second": second, "paid": paid})


def found(frame):
    return [rule for rule in infer_relations(frame) if isinstance(rule, Copied)]


def test_copies_are_found_dependent_ones_first(bills):
    rules = found(bills)
    assert [rule.describe() for rule in rules] == ["paid is often second", "second is often first"]
    equal = (bills["paid"] == bills["second"]) & (bills["paid"] > 0)
    assert rules[0].support == pytest.approx(equal.sum(), rel=0.02)


def test_numbers_that_are_only_close_are_no_copies():
    rng = np.random.default_rng(0)
    length = np.round(rng.normal(5.7, 1.1, ROWS), 2)
    width = np.round(length + rng.normal(0, 0.03, ROWS), 2)  # equal in one row of eight
    assert (length == width).mean() > 0.1
    assert not found(pd.DataFrame({"length": length, "width": width}))


def test_equal_spikes_are_no_copies():
    rng = np.random.default_rng(0)
    one, two = (np.where(rng.random(ROWS) < 0.5, 0, rng.normal(size=ROWS).round(3)) for _ in range(2))
    assert not found(pd.DataFrame({"one": one, "two": two}))


def test_there_and_back_along_a_chain(bills):
    rules = learn_relations([Copied("second", "paid"), Copied("first", "second")], bills)
    related = relate(bills, rules)
    assert list(related) == ["first", "second", "paid", rules[0].flag, rules[1].flag]
    pd.testing.assert_frame_equal(unrelate(related, rules), bills)
    drawn = related.assign(first=related["first"] + 0.5)  # a new source: its copies follow
    made = unrelate(drawn, rules)
    copied = related[rules[1].flag].cat.codes == 1
    assert (made.loc[copied, "second"] == made.loc[copied, "first"]).all()
    again = related[rules[0].flag].cat.codes == 1
    assert (made.loc[again, "paid"] == made.loc[again, "second"]).all()


def test_each_column_has_one_source_and_there_are_no_circles():
    rng = np.random.default_rng(0)
    base = rng.normal(size=ROWS).round(6)
    others = [np.where(rng.random(ROWS) < 0.5, base, rng.normal(size=ROWS).round(6)) for _ in range(3)]
    frame = pd.DataFrame(np.stack([base, *others], axis=1), columns=list("abcd"))
    rules = found(frame)
    assert len(rules) == len({rule.column for rule in rules}) == 3
    learned = learn_relations(rules, frame)
    pd.testing.assert_frame_equal(unrelate(relate(frame, learned), learned), frame)


def test_json_brings_them_back(bills):
    rules = found(bills)
    assert relations_from_json(relations_to_json(rules)) == tuple(rules)


def test_words_are_refused():
    frame = pd.DataFrame({"a": pd.Categorical(["x", "y"] * 5), "b": np.arange(10.0)})
    with pytest.raises(SchemaError, match="'b is often a' needs numbers in column 'a'"):
        learn_relations([Copied("a", "b")], frame)


def test_a_fit_copies_as_often_as_the_table_does(bills, tmp_path):
    gan = TabularGAN(model="vae", epochs=4, random_state=0).fit(bills)
    gan.save(tmp_path / "bills.tabgen")
    fake = TabularGAN.load(tmp_path / "bills.tabgen").sample(ROWS, seed=0)
    for of, column in (("second", "paid"), ("first", "second")):
        real, own = (((f[of] == f[column]) & (f[column] > 0)).mean() for f in (bills, fake))
        assert own == pytest.approx(real, abs=0.02)
    assert list(fake) == list(bills)
