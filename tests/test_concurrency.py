"""One fitted model, drawn from by many threads and by several processes at once: always the same rows."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from tabgen import TabularGAN

DRAWS = 15  # of each thread
PROCESS = """
import sys
from tabgen import TabularGAN
gan = TabularGAN.load(sys.argv[1])
gan.sample(200, where="kind == 'b'", seed=3).to_pickle(sys.argv[2])
"""


@pytest.fixture(scope="module")
def table():
    return pd.DataFrame(
        {
            "id": [f"AB-{k:05d}" for k in range(240)],
            "mail": [f"{'abcdefghij'[k % 10]}{k}@x.org" for k in range(240)],
            "size": [k % 37 for k in range(240)],
            "price": [k * 7 % 97 / 10 for k in range(240)],
            "kind": ["a", "b", "c"] * 80,
        }
    )


@pytest.fixture(scope="module")
def gan(table):
    return TabularGAN(epochs=1, relations=(), random_state=0).fit(table)


def test_threads_draw_what_one_draws(gan):
    def draws(_):
        return [gan.sample(2, seed=seed) for seed in range(DRAWS)]

    alone = draws(0)
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(draws, range(8)))
    for drawn in together:
        for own, expected in zip(drawn, alone, strict=True):
            pd.testing.assert_frame_equal(own, expected)


def test_threads_ask_and_answer_what_one_does(gan, table):
    gaps = table.head(20).assign(size=table["size"].head(20).mask([True, False] * 10))
    calls = [
        lambda: gan.sample(20, where="kind == 'b'", seed=1),
        lambda: gan.sample(20, rebalance="kind", seed=2),
        lambda: gan.complete(gaps, seed=3),
        lambda: pd.Series(gan.log_prob(table.head(20))).to_frame(),
        lambda: pd.concat(gan.sample_chunks(20, seed=4)),
        lambda: gan.sample(20, seed=5, stratified=False),
    ]
    alone = [call() for call in calls]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(lambda call: call(), calls * 2))
    for own, expected in zip(together, alone * 2, strict=True):
        pd.testing.assert_frame_equal(own, expected)


@pytest.mark.slow
def test_processes_draw_what_one_draws(gan, tmp_path):
    gan.save(tmp_path / "model.tabgen")
    words = [sys.executable, "-W", "ignore", "-c", PROCESS, str(tmp_path / "model.tabgen")]
    begun = [subprocess.Popen([*words, str(tmp_path / f"{number}.pkl")]) for number in range(2)]
    assert [process.wait() for process in begun] == [0, 0]
    for number in range(2):
        own = pd.read_pickle(tmp_path / f"{number}.pkl")
        pd.testing.assert_frame_equal(own, gan.sample(200, where="kind == 'b'", seed=3))
