"""What the README says of quality and speed is what the result files hold; scores mean what they say."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import audit  # noqa: E402
import figures  # noqa: E402
import imputation  # noqa: E402
import scoring  # noqa: E402
import speed  # noqa: E402


def test_the_tables_of_the_readme_are_those_of_the_results():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert figures.with_tables(text) == text
    assert "| adult | vae-gan |" in text


def test_each_result_says_when_and_on_what():
    for name in ("quality", "speed"):
        runs = pd.read_csv(ROOT / "benchmarks" / "results" / f"{name}.csv")
        assert runs["date"].notna().all()
        assert (runs["fit_cpu_s"] > 0).all()


@pytest.fixture(scope="module")
def halves():
    frame = speed.table(1_200, 6)
    return frame[:600], frame[600:]


@pytest.fixture(autouse=True)
def two_draws(monkeypatch):
    monkeypatch.setattr(scoring, "DRAWS", 2)


FACTS = {"target": "number_3", "task": "regression"}


def test_rows_of_one_law_score_as_alike(halves):
    scores = scoring.score(*halves, halves[1].sample(frac=1, random_state=0), FACTS)
    assert abs(scores["c2st"] - 0.5) < 0.05
    assert abs(scores["mlp"] - 0.5) < 0.07
    assert scores["copies"] == 0
    assert scores["dcr"] < 0.1  # for they are test rows


@pytest.mark.slow
def test_columns_drawn_apart_are_betrayed(halves):
    rng = np.random.default_rng(0)
    apart = halves[0].apply(lambda column: rng.permutation(column.to_numpy()))
    scores = scoring.score(*halves, apart, FACTS)
    assert scores["shape"] < 0.1 < scores["pairs"]
    assert min(scores["c2st"], scores["c2st_test"], scores["mlp"]) > 0.55


@pytest.mark.slow
def test_the_training_rows_themselves_are_copies(halves):
    scores = scoring.score(*halves, halves[0], FACTS)
    assert scores["copies"] == 100
    assert scores["dcr"] > 0.9
    assert scores["tstr"] == scores["trtr"]


def test_gaps_are_where_they_are_said_to_be(halves):
    true, _ = halves
    holes = imputation.gaps(true, seed=0)
    assert abs(holes["mcar", 0].to_numpy().mean() - imputation.GAPS) < 0.02
    assert not holes["mar", 0]["count_1"].any()
    share = holes["mar", 0].drop(columns="count_1").mean(axis=1)
    larger = true["count_1"] > true["count_1"].median()
    assert abs(share.mean() - imputation.GAPS) < 0.02
    assert share[larger].mean() > 2 * share[~larger].mean()


def test_a_true_table_is_filled_without_fault(halves):
    train, true = halves
    told = imputation.errors(true, true, imputation.gaps(true, seed=0)["mcar", 0], train)
    assert told["kept"] == told["accuracy"] == 1
    assert told["rmse"] == 0
    assert imputation.told_apart(true, true) == pytest.approx(0.5)


def test_only_what_was_a_gap_is_scored():
    true = pd.DataFrame({"number": np.arange(200.0), "level": ["a", "b"] * 100})
    hole = pd.DataFrame(False, index=true.index, columns=true.columns)
    hole.loc[:99] = True
    filled = true.copy()
    filled.loc[:99, "number"] += 2 * true["number"].std()
    filled.loc[:49, "level"] = "a"
    filled.loc[150:, "level"] = "b"  # was known
    told = imputation.errors(true, filled, hole, true)
    assert told["rmse"] == pytest.approx(2)
    assert told["accuracy"] == 0.75
    assert told["kept"] == 1 - 25 / 200


@pytest.mark.slow
def test_draws_from_the_law_are_not_told_apart_but_best_guesses_are():
    rng = np.random.default_rng(0)
    true = pd.DataFrame(rng.normal(size=(800, 4)), columns=list("abcd"))
    hole = rng.random(true.shape) < 0.3
    assert abs(imputation.told_apart(true, true.mask(hole, rng.normal(size=true.shape))) - 0.5) < 0.04
    assert imputation.told_apart(true, true.mask(hole, true.mean(), axis=1)) > 0.8


def test_the_iterative_imputer_fills_with_values_of_the_train_rows(halves):
    train, true = halves
    hole = imputation.gaps(true, seed=0)["mcar", 0]
    filled = imputation.iterate(
        imputation.IterativeImputer(max_iter=2, random_state=0), train, true.mask(hole)
    )
    told = imputation.errors(true, filled, hole, train)
    assert told["kept"] == 1
    for name in true:
        assert set(filled[name][hole[name]]) <= set(train[name])
    guess = true.mask(hole).fillna(train.mean(numeric_only=True)).fillna(train.mode().iloc[0])
    assert told["rmse"] < imputation.errors(true, guess, hole, train)["rmse"]


@pytest.mark.parametrize("epsilon", [0.5, 2.0, 4.0])
def test_an_audit_refutes_nothing_that_is_kept(epsilon):
    rng = np.random.default_rng(0)
    found = []
    for _ in range(20):  # each coin is told, or with the chance that epsilon asks for the other side of it
        inside = rng.random(400) < 0.5
        told = inside ^ (rng.random(400) < 1 / (1 + np.exp(epsilon)))
        found.append(audit.judge(told + 0.1 * rng.random(400), inside, 1e-5)["epsilon_refuted"])
    assert sum(bound > epsilon for bound in found) <= 3  # one in twenty may
    assert 0.3 * epsilon < np.median(found) < epsilon


def test_an_audit_refutes_what_is_told_openly():
    inside = np.random.default_rng(0).random(400) < 0.5
    told = audit.judge(inside + np.linspace(0, 0.1, 400), inside, 1e-5)
    assert told["right"] >= told["guesses"] - 20
    assert told["epsilon_refuted"] > 3
    assert audit.judge(np.linspace(0, 1, 400), inside, 1e-5)["epsilon_refuted"] < 0.5
