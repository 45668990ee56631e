"""What the README says of quality and speed is what the result files hold; scores mean what they say."""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

import figures  # noqa: E402
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


FACTS = {"target": "number_3", "task": "regression"}


def test_rows_of_one_law_score_as_alike(halves):
    scores = scoring.score(*halves, halves[1].sample(frac=1, random_state=0), FACTS)
    assert abs(scores["c2st"] - 0.5) < 0.05
    assert abs(scores["mlp"] - 0.5) < 0.07
    assert scores["copies"] == 0
    assert scores["dcr"] < 0.1  # for they are test rows


def test_columns_drawn_apart_are_betrayed(halves):
    rng = np.random.default_rng(0)
    apart = halves[0].apply(lambda column: rng.permutation(column.to_numpy()))
    scores = scoring.score(*halves, apart, FACTS)
    assert scores["shape"] < 0.1 < scores["pairs"]
    assert min(scores["c2st"], scores["c2st_test"], scores["mlp"]) > 0.55


def test_the_training_rows_themselves_are_copies(halves):
    scores = scoring.score(*halves, halves[0], FACTS)
    assert scores["copies"] == 100
    assert scores["dcr"] > 0.9
    assert scores["tstr"] == scores["trtr"]
