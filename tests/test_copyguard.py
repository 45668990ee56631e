"""No drawn row is nearer to a real one than real rows are to each other, whatever else is asked."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.neighbors import NearestNeighbors

from tabgen.copyguard import RealRows, keep_apart
from tabgen.errors import ConditionError, SchemaError
from tabgen.inference import infer_schema
from tabgen.schema import REPLACED


def columns_of(schema):
    return [column for column in schema.columns if column.modelled and column.kind not in REPLACED]


@pytest.fixture(scope="module")
def mixed():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 90, 400),
            "pay": pd.Series(rng.lognormal(3, 1, 400)).mask(rng.random(400) < 0.2),
            "town": rng.choice(["Rome", "Oslo", "Bern"], 400),
            "since": np.datetime64("2020-01-01", "s") + rng.integers(0, 10**8, 400) * np.timedelta64(1, "s"),
        }
    )


def plain_distances(table, real):
    """Return distances to the nearest real row, worked out row by row from their definition."""
    nearest = []
    for _, row in table.iterrows():
        squares = np.zeros(len(real))
        for name in real:
            if name == "town":
                squares += real[name].to_numpy() != row[name]
                continue
            known = np.sort(real[name].dropna().to_numpy())

            def rank(value, known=known):
                return (np.sum(known < value) + np.sum(known <= value)) / 2 / len(known)

            for k, value in enumerate(real[name]):
                if pd.isna(value) or pd.isna(row[name]):
                    squares[k] += pd.isna(value) != pd.isna(row[name])
                    squares[k] += (
                        0 if pd.isna(value) and pd.isna(row[name]) else (_gap(value, row[name], rank)) ** 2
                    )
                else:
                    squares[k] += (rank(_plain(value)) - rank(_plain(row[name]))) ** 2
        nearest.append(np.sqrt(squares.min()))
    return np.array(nearest)


def _plain(value):
    return np.datetime64(value, "s") if isinstance(value, pd.Timestamp) else value


def _gap(value, other, rank):
    there = other if pd.isna(value) else value
    return rank(_plain(there)) - 0.5


def test_distances_are_those_of_the_definition(mixed):
    real, table = mixed.iloc[:60], mixed.iloc[60:80]
    rows = RealRows(real, columns_of(infer_schema(mixed)))
    expected = plain_distances(table, real)
    assert rows.distances(table, np.inf) == pytest.approx(expected)
    assert rows.distances(table) == pytest.approx(np.minimum(expected, 1))


def test_the_tree_finds_what_comparing_all_rows_does(mixed):
    rows = RealRows(mixed, columns_of(infer_schema(mixed)))
    assert rows.own_distances() == pytest.approx(np.minimum(rows.own_distances(np.inf), 1))
    assert (rows.distances(mixed) == 0).all()
    assert (rows.own_distances() > 0).all()


def test_unknown_levels_are_far_from_all(mixed):
    rows = RealRows(mixed, columns_of(infer_schema(mixed)))
    strange = mixed.head(3).assign(town="Paris")
    assert rows.distances(strange).tolist() == [1, 1, 1]


@pytest.fixture(scope="module")
def bound(people, fitted):
    """Return real rows and the distance from them that one in ten real rows keeps from another."""
    rows = RealRows(people, columns_of(fitted.schema_))
    return rows, float(np.quantile(rows.own_distances(np.inf), 0.1))


@pytest.mark.parametrize(
    "asked",
    [
        {"n": 300},
        {"n": 300, "stratified": False},
        {"n": 60, "where": {"age": (30, 60)}},
        {"n": 60, "rebalance": "member"},
        {"where": pd.DataFrame({"city": ["Rome", "Oslo"] * 20})},
    ],
    ids=lambda asked: ", ".join(asked),
)
def test_all_rows_keep_their_distance(people, fitted, bound, asked):
    rows, least = bound
    drawn = fitted.sample(**asked, real=people, min_distance=0.1, seed=0)
    assert len(drawn) == asked.get("n", 40)
    assert (rows.distances(drawn, np.inf) >= least).all()
    assert drawn.dtypes.equals(people.dtypes)
    assert drawn["key"].is_unique
    if "rebalance" in asked:
        assert drawn["member"].sum() == 30
    if isinstance(asked.get("where"), pd.DataFrame):
        assert drawn["city"].tolist() == ["Rome", "Oslo"] * 20


def test_without_the_guard_some_rows_would_be_nearer(fitted, bound):
    rows, least = bound
    assert (rows.distances(fitted.sample(300, seed=0), np.inf) < least).any()


def test_the_same_seed_draws_the_same_rows(people, fitted):
    one, again = (fitted.sample(50, real=people, min_distance=0.1, seed=3) for _ in range(2))
    assert one.equals(again)


def test_nothing_of_the_real_table_stays_in_the_model(people, fitted):
    before = fitted.relations_
    fitted.sample(20, real=people, min_distance=0.1, seed=0)
    assert fitted.relations_ is before


def test_given_rows_that_are_real_ones_cannot_be_kept_apart(people, fitted):
    given = people.drop(columns="key").head(2)
    with pytest.raises(
        ConditionError, match=r"rows do not hold what was asked, most often of the relation 'min_d"
    ):
        fitted.sample(where=given, real=people, min_distance=0.1, seed=0)


def test_a_distance_that_none_keeps_is_refused_in_the_end(people, fitted, monkeypatch):
    monkeypatch.setattr(RealRows, "distances", lambda self, table, most=1.0: np.zeros(len(table)))
    with pytest.raises(
        SchemaError, match=r"'min_distance=0.1' held in 0.0% of the rows .* Lower min_distance."
    ):
        fitted.sample(5, real=people, min_distance=0.1, seed=0)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, True, "1%", None])
def test_a_wrong_share_is_refused(people, fitted, share):
    with pytest.raises(ValueError, match="min_distance must be a share between 0 and 1, but is"):
        fitted.sample(5, real=people, min_distance=share)


def test_a_table_that_is_not_the_models_own_is_refused(people, fitted):
    with pytest.raises(ConditionError, match=r"real has no column 'age'\. Give the table that"):
        fitted.sample(5, real=people.drop(columns="age"))
    with pytest.raises(ValueError, match="real must be the training table as a DataFrame, of 2 rows or more"):
        fitted.sample(5, real=people.head(1))
    doubles = pd.concat([people.head(3)] * 9)
    with pytest.raises(ConditionError, match=r"100% of the real rows have a double, so hardly any other row"):
        fitted.sample(5, real=doubles)


def test_where_nothing_varies_there_is_nothing_to_guard(people, fitted):
    parts = fitted._parts()
    keys = replace(parts, schema=replace(parts.schema, columns=parts.schema.columns[:1]))
    assert keep_apart(keys, people, 0.1) is keys


def test_neighbours_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    real, table = (pd.DataFrame({"x": rng.random(200), "y": rng.random(200)}) for _ in range(2))
    rows = RealRows(real, columns_of(infer_schema(real)))
    ranks = [
        np.stack([[s.place(t[s.column.name])[0]] for s in rows.scales], axis=2)[0] for t in (real, table)
    ]
    expected = NearestNeighbors(n_neighbors=1).fit(ranks[0]).kneighbors(ranks[1])[0][:, 0]
    assert rows.distances(table) == pytest.approx(expected)
