"""One mixed table, one model fitted to it, and a folder with the sample data, shared by all tests."""

import os
import shutil
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # read when TensorFlow is first imported
os.environ.setdefault("MPLBACKEND", "agg")
# two processes test on two cores: with more threads, idle ones would spin and hold all up
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest

from tabgen import TabularGAN

ROWS = 307  # a prime: no array of a model has this length by chance


@pytest.fixture(scope="session")
def people():
    """Return a table with a column of every common kind, some of them with missing values."""
    rng = np.random.default_rng(0)
    visits = pd.Series(rng.poisson(3, ROWS)).astype("Int64").mask(rng.random(ROWS) < 0.2)
    city = pd.Series(rng.choice(["Rome", "Paris", "Oslo"], ROWS)).mask(rng.random(ROWS) < 0.15)
    seconds = pd.to_timedelta(rng.integers(0, 5 * 365 * 86_400, ROWS), unit="s")
    size = pd.CategoricalDtype(["S", "M", "L", "XL"], ordered=True)  # nobody wears XL
    return pd.DataFrame(
        {
            "key": [f"AB-{number:06d}" for number in rng.choice(1_000_000, ROWS, replace=False)],
            "age": rng.integers(18, 90, ROWS),
            "height": rng.normal(170, 9, ROWS),
            "spend": rng.exponential(100, ROWS).round(2),
            "colour": pd.Categorical(rng.choice(["red", "green"], ROWS), ["red", "green", "blue"]),
            "size": pd.Categorical(rng.choice(["S", "M", "L"], ROWS, p=[0.5, 0.3, 0.2]), dtype=size),
            "member": rng.random(ROWS) < 0.3,
            "visits": visits,
            "city": city,
            "joined": (pd.Timestamp("2020-01-01") + seconds).astype("datetime64[us]"),
            "seen": (pd.Timestamp("2020-01-01", tz="Europe/Rome") + seconds[::-1]).as_unit("s"),
        }
    )


@pytest.fixture(scope="session")
def fitted(people):
    return TabularGAN(epochs=2, random_state=0).fit(people)


@pytest.fixture
def small_data(tmp_path, monkeypatch):
    """Go to a folder with the sample data, of the customers only the first ones."""
    shutil.copytree(Path(__file__).parents[1] / "sample_data", tmp_path / "sample_data")
    customers = tmp_path / "sample_data" / "customers.csv"
    customers.write_text("".join(customers.read_text().splitlines(keepends=True)[:801]))
    monkeypatch.chdir(tmp_path)
