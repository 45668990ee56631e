"""A Dask cluster: the same part of a table and the same rows as one process makes, and clusters that fail."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from tabgen import SchemaError, TableError, TabularGAN
from tabgen.cleaning import clean
from tabgen.cli import main
from tabgen.gathering import gather_table
from tabgen.inference import infer_schema
from tabgen.relations import Ordered, Predicate, rules_of
from tabgen.streaming import plan_blocks

distributed = pytest.importorskip("distributed", reason="the extra tabgen[dask] is not installed")
dask = pytest.importorskip("dask")
dd = pytest.importorskip("dask.dataframe")

CELLS = 2_000
QUIET = {"dashboard_address": ":0", "silence_logs": 50}


def table(rows, seed=0):
    rng = np.random.default_rng(seed)
    low, city = rng.integers(0, 90, rows), rng.integers(0, 6, rows)
    return pd.DataFrame(
        {
            "low": low,
            "high": low + rng.integers(0, 30, rows),
            "price": np.round(rng.gamma(2, 50, rows), 2),
            "city": pd.Series(list("abcdef"), dtype=object)[city].to_numpy(),
            "land": pd.Categorical(np.array(list("xyz"))[city // 2]),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
            "visits": pd.array(rng.poisson(3, rows), dtype="Int64"),
        }
    )


@pytest.fixture(scope="module")
def client():
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=2, processes=False, **QUIET) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def gan():
    frame = table(400).assign(id=[f"AB-{k:05d}" for k in range(400)])
    return TabularGAN(model="vae", epochs=1, relations=[Ordered("low", "high")], random_state=0).fit(frame)


@pytest.fixture(scope="module")
def nothing_to_learn():
    """Return a model without a network, so that processes of a cluster need no TensorFlow."""
    return TabularGAN(random_state=0).fit(
        pd.DataFrame({"id": [f"AB-{k:05d}" for k in range(200)], "unit": "kg"})
    )


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr("tabgen.streaming.BLOCK_ROWS", 100)


def gathered(frame, partitions, client=None, **facts):
    from tabgen.distributed import gather_distributed

    return gather_distributed(dd.from_pandas(frame, npartitions=partitions), client, **facts)


def sampled(*given, **asked):
    from tabgen.distributed import sample_distributed

    return sample_distributed(*given, **asked)


def partitions_of(frame):
    return [part.compute() for part in frame.partitions]


@pytest.mark.parametrize("partitions", [1, 3, 7, 20])
def test_a_part_does_not_depend_on_partitions(client, partitions):
    whole = table(3_000)
    whole.loc[2_345, "city"] = "Ulm"
    frame = dd.from_pandas(whole, npartitions=partitions)
    expected = gather_table(partitions_of(dd.from_pandas(whole, npartitions=2)), most_cells=CELLS)
    part = gathered(whole, partitions, client, most_cells=CELLS)
    assert (part.rows, part.partial, part.dialect) == (3_000, True, None)
    pd.testing.assert_frame_equal(part.frame, expected.frame)
    assert part.frame.dtypes.equals(frame.dtypes)
    assert (part.frame["city"] == "Ulm").sum() == 1


@pytest.mark.parametrize("partitions", [1, 3, 7])
def test_few_rows_are_all_kept(partitions):
    whole = table(200)
    with dask.config.set({"dataframe.convert-string": False}):
        part = gathered(whole, partitions)
    assert (part.rows, part.partial, part.again) == (200, False, None)
    pd.testing.assert_frame_equal(part.frame, whole)


def test_categories_that_only_partitions_know_are_kept():
    whole = table(90).assign(land=list("zyx") * 30)
    frame = dd.from_pandas(whole, npartitions=3)
    frame["land"] = frame["land"].astype("category")
    from tabgen.distributed import gather_distributed

    part = gather_distributed(frame).frame
    pd.testing.assert_frame_equal(part, gather_table(partitions_of(frame)).frame)
    assert sorted(part["land"].cat.categories) == ["x", "y", "z"]


def test_rules_hold_in_all_partitions(client):
    whole = table(900)[["low", "high", "city"]]
    spoilt = whole.copy()
    spoilt.loc[890, "high"] = spoilt.loc[890, "low"] - 1
    for frame, kept in ((whole, True), (spoilt, False)):
        part = gathered(frame, 5, client, most_cells=900)
        assert any(isinstance(rule, Ordered) for rule in rules_in(part)) is kept
    for rule in (Ordered("low", "high"), Predicate(lambda frame: frame["low"] <= frame["high"], "low first")):
        with pytest.raises(SchemaError, match="low"):
            rules_in(part, [rule])


def rules_in(part, asked="auto"):
    schema = infer_schema(part.frame)
    return rules_of(asked, (part.frame, clean(part.frame, schema)), part.second_look(schema))


def test_a_part_of_a_dask_frame_teaches_a_model():
    part = gathered(table(300)[["low", "city"]], 3, most_cells=400)
    gan = TabularGAN(model="vae", epochs=1, random_state=0).fit(part)
    assert gan.sample(20, seed=0).dtypes.equals(part.frame.dtypes)


def test_partitions_that_change_are_refused():
    lengths = iter(range(90, 200))
    parts = dd.from_map(lambda _: table(next(lengths)), [0], meta=table(1))
    from tabgen.distributed import gather_distributed

    with pytest.raises(TableError, match=r"A partition had 9. rows and now has 9.\. Persist"):
        gather_distributed(parts)


def test_a_dask_frame_is_not_taken_for_frames():
    with pytest.raises(TableError, match=r"Pass tabgen.distributed.gather_distributed\(table\)"):
        TabularGAN().fit(dd.from_pandas(table(50), npartitions=2))


@pytest.mark.parametrize("asked", [{}, {"where": "low > 40"}, {"rebalance": "city"}], ids=str)
def test_rows_are_those_of_one_process(gan, client, small_blocks, tmp_path, asked):
    first = sampled(gan, 350, tmp_path / "out", client, seed=3, **asked)
    expected = pd.concat(gan.sample_chunks(350, seed=3, **asked))
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"part-{number:05}.parquet" for number in range(4)]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out"), expected)
    pd.testing.assert_frame_equal(first, expected.head())
    assert expected["id"].is_unique


def test_no_rows_are_one_empty_file(gan, client, tmp_path):
    assert sampled(gan, 0, tmp_path / "out", client).empty
    assert pd.read_parquet(tmp_path / "out").columns.tolist() == gan.sample(0).columns.tolist()


def test_blocks_in_flight_are_bounded(gan, client, small_blocks, tmp_path, monkeypatch):
    from tabgen import distributed as own

    def plan(*given):
        for planned, block in enumerate(plan_blocks(*given)):
            written = len(list(tmp_path.glob(".out-*/part-*.parquet")))
            assert planned - written <= own.AHEAD * 4
            yield block

    monkeypatch.setattr(own, "plan_blocks", plan)
    sampled(gan, 3_000, tmp_path / "out", client)
    assert len(list(tmp_path.glob("out/part-*.parquet"))) == 30


def test_a_folder_is_replaced_only_if_asked_and_only_if_it_holds_a_table(gan, client, tmp_path):
    out = tmp_path / "out"
    sampled(gan, 10, out, client, seed=0)
    with pytest.raises(TableError, match="already exists"):
        sampled(gan, 10, out, client)
    sampled(gan, 20, out, client, seed=0, force=True)
    assert len(pd.read_parquet(out)) == 20
    (out / "letters.txt").touch()
    with pytest.raises(TableError, match="holds other files, too"):
        sampled(gan, 10, out, client, force=True)
    with pytest.raises(TableError, match="Cannot write"):
        sampled(gan, 10, tmp_path / "no" / "out", client)
    with pytest.raises(ValueError, match="n must be a whole number"):
        sampled(gan, -1, out, client)


def test_what_fails_leaves_no_folder(gan, client, tmp_path):
    with pytest.raises(ValueError, match="Atlantis"):
        sampled(gan, 10, tmp_path / "out", client, where="city == 'Atlantis'")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.cluster
def test_a_killed_worker_changes_nothing(nothing_to_learn, small_blocks, tmp_path):
    killed = []

    def kill(client):
        while not list(tmp_path.glob(".out-*/part-00003.parquet")):
            time.sleep(0.01)
        killed.append(next(iter(client.run(os.getpid).values())))
        os.kill(killed[0], signal.SIGKILL)

    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, **QUIET) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(2)
        killer = threading.Thread(target=kill, args=[client])
        killer.start()
        sampled(nothing_to_learn, 3_000, tmp_path / "out", client, seed=5)
        killer.join()
    assert killed
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    expected = pd.concat(nothing_to_learn.sample_chunks(3_000, seed=5))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out"), expected)


def test_a_scheduler_that_does_not_answer_is_told_in_words():
    from tabgen.distributed import connect

    with pytest.raises(TableError, match=r"No Dask scheduler answers at 'tcp://127.0.0.1:9'"):
        connect("tcp://127.0.0.1:9", seconds=1)


def test_a_cluster_without_workers_is_told_in_words(gan, tmp_path, monkeypatch):
    monkeypatch.setattr("tabgen.distributed.SECONDS", 0.1)
    with (
        distributed.LocalCluster(n_workers=0, processes=False, **QUIET) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        for draw in (
            lambda: sampled(gan, 10, tmp_path / "out", client),
            lambda: gathered(table(20), 2, client),
        ):
            with pytest.raises(TableError, match=r"The cluster still has no workers after 0.1 s. Start one."):
                draw()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.cluster
def test_a_scheduler_lost_midway_is_told_in_words(nothing_to_learn, small_blocks, tmp_path, monkeypatch):
    from tabgen import distributed as own

    told = tmp_path / "scheduler.json"
    words = ["--scheduler-file", str(told), "--no-dashboard"]
    begun = [_dask("scheduler", *words, "--port", "0")]
    try:
        while not told.exists():
            time.sleep(0.05)
        begun.append(_dask("worker", *words, "--no-nanny"))
        with distributed.Client(scheduler_file=str(told), timeout=2, set_as_default=False) as client:

            def plan(*given):
                for number, block in enumerate(plan_blocks(*given)):
                    if number == 5:
                        begun[0].kill()
                    yield block

            monkeypatch.setattr(own, "plan_blocks", plan)
            with pytest.raises(TableError, match=r"The cluster is lost \(\w+: .*the same seed makes"):
                sampled(nothing_to_learn, 3_000, tmp_path / "out", client)
    finally:
        for process in begun:
            process.kill()
            process.wait()
    assert list(tmp_path.iterdir()) == [told]


def _dask(*words):
    return subprocess.Popen([sys.executable, "-m", "dask", *words], stderr=subprocess.DEVNULL)


def test_the_command_line_draws_on_a_cluster(gan, client, tmp_path, capsys):
    gan.save(tmp_path / "model.tabgen")
    with distributed.LocalCluster(n_workers=1, processes=False, protocol="tcp", **QUIET) as cluster:
        words = [
            "sample",
            str(tmp_path / "model.tabgen"),
            str(tmp_path / "out"),
            "--rows",
            "300",
            "--seed",
            "1",
        ]
        assert main([*words, "--scheduler", cluster.scheduler_address]) == 0
        assert "Wrote 300 rows to" in capsys.readouterr().err
        assert main([*words, "--scheduler", cluster.scheduler_address, "--given", "x.csv", "--force"]) == 2
    expected = pd.concat(gan.sample_chunks(300, seed=1))
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out"), expected)
