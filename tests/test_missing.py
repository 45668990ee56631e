"""Missing values: as frequent, together and for the same reasons as in the real table."""

import numpy as np
import pandas as pd
import pytest

from tabgen import TabularGAN

ROWS = 4_000


@pytest.fixture(scope="module")
def survey():
    """A panel of three answers asked together, a number withheld by the old, and a date with a cause."""
    rng = np.random.default_rng(0)
    age = rng.integers(18, 90, ROWS).astype(float)
    channel = rng.choice(["web", "store", "phone"], ROWS, p=[0.5, 0.3, 0.2])
    asked = rng.random(ROWS) < np.where(channel == "web", 0.8, 0.4)
    panel = {f"q{k}": np.where(asked, rng.integers(1, 6, ROWS), np.nan) for k in range(3)}
    withheld = rng.random(ROWS) < 0.05 + 0.4 * (age > 60)
    income = np.where(withheld, np.nan, rng.lognormal(8 + age / 100, 0.4).round(2))
    seen = np.datetime64("2024-01-01", "s") + rng.integers(0, 86_400 * 300, ROWS)
    never = rng.random(ROWS) < np.where(channel == "phone", 0.5, 0.1)
    seen[never] = np.datetime64("NaT")
    return pd.DataFrame({"age": age, "channel": channel, **panel, "income": income, "seen": seen})


@pytest.fixture(scope="module")
def fake(survey):
    return TabularGAN(epochs=3, random_state=0).fit(survey).sample(20_000, seed=1)


def indicators(frame):
    drivers = {"age": frame["age"], "old": frame["age"] > 60}
    drivers |= {name: frame["channel"] == name for name in ("web", "store", "phone")}
    absent = frame[["q0", "q1", "q2", "income", "seen"]].isna().add_suffix(" missing")
    return pd.concat([pd.DataFrame(drivers), absent], axis=1).astype(float)


def test_each_column_is_missing_as_often(survey, fake):
    np.testing.assert_allclose(fake.isna().mean(), survey.isna().mean(), atol=0.015)


def test_what_is_missing_together_stays_together(survey, fake):
    together = fake[["q0", "q1", "q2"]].isna().sum(axis=1)
    assert together.isin([0, 3]).mean() > 0.99


def test_each_column_is_missing_for_the_same_reasons(survey, fake):
    real, drawn = indicators(survey).corr(), indicators(fake).corr()
    absent = [name for name in real if name.endswith("missing")]
    causes = real.loc[absent].abs() > 0.05  # below, chance alone makes correlations
    assert causes.sum().sum() > 20
    assert (real - drawn).loc[absent].abs().where(causes).max(axis=None) < 0.03


def test_no_value_stands_in_for_a_missing_one(survey, fake):
    assert fake["income"].dropna().mean() == pytest.approx(survey["income"].mean(), rel=0.03)
    assert fake["income"].value_counts(normalize=True).iloc[0] < 0.01
