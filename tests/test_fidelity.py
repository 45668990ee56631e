"""Distances of columns and of pairs are those that are known."""

import numpy as np
import pandas as pd
import pytest

from tabgen import TableError
from tabgen.evaluation import evaluate


def _levels(**shares):
    return pd.Series([level for level, n in shares.items() for _ in range(n)])


NUMBERS = pd.Series(np.arange(100.0))
DISTANCES = {
    "equal": (NUMBERS, NUMBERS, 0.0),
    "shuffled": (NUMBERS, NUMBERS.sample(frac=1, random_state=0), 0.0),
    "shifted by half": (NUMBERS, NUMBERS + 50, 0.5),
    "apart": (NUMBERS, NUMBERS + 1_000, 1.0),
    "other shares": (_levels(a=50, b=50), _levels(a=80, b=20), 0.3),
    "new level": (_levels(a=50, b=50), _levels(a=50, b=25, c=25), 0.25),
    "missing": (NUMBERS, NUMBERS.mask(NUMBERS % 4 == 0), 0.25),
    "missing levels": (_levels(a=50, b=50), _levels(a=50, b=50).mask(np.arange(100) % 2 == 0), 0.5),
    "days later": (
        pd.Series(pd.date_range("2024-01-01", periods=100)),
        pd.Series(pd.date_range("2024-01-21", periods=100)),
        0.2,
    ),
}


@pytest.mark.parametrize(("real", "synthetic", "distance"), DISTANCES.values(), ids=DISTANCES)
def test_a_known_distance_is_found(real, synthetic, distance):
    columns = evaluate(real.to_frame("x"), synthetic.to_frame("x")).columns
    assert columns["distance"].tolist() == [pytest.approx(distance, abs=1e-9)]


def test_missing_shares_are_told():
    columns = evaluate(NUMBERS.to_frame("x"), NUMBERS.mask(NUMBERS % 4 == 0).to_frame("x")).columns
    assert columns[["missing_real", "missing_synthetic"]].to_numpy().tolist() == [[0.0, 0.25]]


def test_a_lost_relation_shows_in_the_pair_only():
    real = pd.DataFrame({"x": ["a", "b"] * 50, "y": ["p", "q"] * 50})
    card = evaluate(real, real.assign(y=["p", "p", "q", "q"] * 25))
    assert card.shape == 0
    assert card.trend == pytest.approx(0.5)
    assert card.pairs[["first", "second"]].to_numpy().tolist() == [["x", "y"]]


def test_the_floor_is_what_chance_allows():
    rng = np.random.default_rng(0)
    tables = [pd.DataFrame({"x": rng.normal(size=2_000), "y": rng.integers(0, 5, 2_000)}) for _ in range(2)]
    card = evaluate(*tables)
    assert 0 < card.columns["floor"].max() < 0.1
    assert card.pairs["distance"].item() < 2 * card.pairs["floor"].item()


@pytest.mark.parametrize("rows", [(100, 0), (1, 100), (100, 1)], ids=["none", "one real", "one synthetic"])
def test_any_number_of_rows_can_be_compared(rows):
    table = pd.DataFrame({"x": NUMBERS, "y": _levels(a=50, b=50)})
    card = evaluate(table.head(rows[0]), table.tail(rows[1]))
    assert card.columns["column"].tolist() == ["x", "y"]
    assert len(card.pairs) == 1


def test_the_order_of_columns_does_not_matter(people):
    assert evaluate(people, people[people.columns[::-1]]).shape == 0


@pytest.mark.parametrize(("names", "where"), [(["x", "z"], "real"), (["x", "y", "z", "q"], "synthetic")])
def test_other_columns_are_refused(names, where):
    table = pd.DataFrame(dict.fromkeys("xyz", NUMBERS))
    other = pd.DataFrame(dict.fromkeys(names, NUMBERS))
    with pytest.raises(TableError, match=f"Only the {where} table has a column '[yq]'"):
        evaluate(table, other)
