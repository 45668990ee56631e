"""The verdict is right where the answer is known; scores, their intervals and floors are what they claim."""

import json

import numpy as np
import pandas as pd
import pytest

from tabgen import TableError
from tabgen.evaluation import Scorecard, compare, evaluate
from tabgen.evaluation.fidelity import pair_scores

ROWS = 1_000


def draw(rows, seed):
    """Return rows whose columns all follow one hidden number."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=rows)
    x, y, z = (hidden + spread * rng.normal(size=rows) for spread in (0.1, 0.3, 0.6))
    return pd.DataFrame(
        {
            "x": x,
            "y": np.exp(y).round(3),
            "grade": pd.cut(z, [-9, -1, 0, 1, 9], labels=["low", "fair", "good", "best"]).astype(object),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta((100 * np.exp(x)).astype(int), unit="D"),
            "left": np.where(hidden + 0.5 * rng.normal(size=rows) > 0, "yes", "no"),
        }
    )


def apart(frame):
    rng = np.random.default_rng(0)
    return frame.apply(lambda column: column.sample(frac=1, random_state=rng).to_numpy())


def jittered(frame):
    return frame.assign(x=frame["x"] + 1e-4, y=frame["y"] + 1e-3)


def independent(frame):
    """Return draws of each column by itself."""
    rng = np.random.default_rng(0)
    return frame.apply(lambda column: column.sample(frac=1, replace=True, random_state=rng).to_numpy())


def noise(frame):
    rng = np.random.default_rng(0)
    rows = len(frame)
    return pd.DataFrame(
        {
            "x": rng.uniform(-9, 9, rows),
            "y": rng.uniform(0, 99, rows),
            "grade": rng.choice(["low", "fair", "good", "best"], rows),
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 3_000, rows), unit="D"),
            "left": rng.choice(["yes", "no"], rows),
        }
    )


REAL, HOLDOUT = draw(ROWS, 1), draw(ROWS, 2)
# what the synthetic table is, and the light of fidelity, utility and disclosure
KNOWN = {
    "fresh rows of the same law": (draw(ROWS, 3), "green", "green", "green"),
    "the real table itself": (REAL, "green", "green", "red"),
    "a copy of the real table, shuffled": (REAL.sample(frac=1, random_state=0), "green", "green", "red"),
    "real rows moved by a hair": (jittered(REAL), "green", "green", "red"),
    "shuffled columns": (apart(REAL), "red", "red", "green"),
    "independent marginals": (independent(REAL), "red", "red", "green"),
    "noise": (noise(REAL), "red", "red", "green"),
    "one row again and again": (pd.concat([HOLDOUT.head(1)] * ROWS), "red", "red", "green"),
}


@pytest.mark.parametrize(("synthetic", "fidelity", "utility", "disclosure"), KNOWN.values(), ids=KNOWN)
def test_the_verdict_is_right_where_the_answer_is_known(synthetic, fidelity, utility, disclosure):
    card = evaluate(REAL, synthetic, HOLDOUT, "left")
    lights = [card.verdict.family(family) for family in ("fidelity", "utility", "disclosure")]
    assert lights == [fidelity, utility, disclosure], str(card)
    assert card.verdict.light == ("red" if "red" in lights else "green")


@pytest.fixture(scope="module")
def card():
    """Return the scorecard of real rows beside the same rows, their x shifted and grades lost."""
    other = draw(ROWS, 3)
    moved = other.assign(x=other["x"] + 0.5, grade=other["grade"].mask(np.arange(ROWS) % 5 == 0))
    return evaluate(REAL, moved, HOLDOUT, "left")
