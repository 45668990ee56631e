"""Interruptions: what is there stays whole, training ends in good order, and one sentence says why."""

import contextlib
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from tabgen import ModelFileError, TableError, TabularGAN, TrainingDiverged
from tabgen.cli import main
from tabgen.history import INTERRUPTED
from tabgen.models import fitting
from tabgen.models.interruption import SAID, Interruption
from tabgen.wholefiles import UNFINISHED, check_target, write_whole

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RNG.choice(list("xyz"), 600), "b": RNG.normal(size=600).round(1)})
MODEL = Path(__file__).parent / "data" / "format_7.tabgen"


class PressKeys(keras.callbacks.Callback):
    """Press Ctrl-C some times in the middle of the second epoch."""

    def __init__(self, times):
        super().__init__()
        self.times = times
        self.epoch = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch += 1

    def on_train_batch_begin(self, batch, logs=None):
        if self.epoch == 2 and batch == 3:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def ctrl_c():
    """Have Ctrl-C as in a terminal: what runs in the background of a shell has none."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_the_best_weights_so_far(tmp_path, capfd):
    path = tmp_path / "run.checkpoint"
    gan = TabularGAN(epochs=200, random_state=0)
    gan.fit(TABLE, callbacks=[PressKeys(1)], checkpoint=path)
    assert capfd.readouterr().err.count(SAID) == 1
    assert gan.history_["ended"].tolist() == ["", INTERRUPTED]
    assert gan.sample(5, seed=0).shape == (5, 2)
    gan.save(tmp_path / "model.tabgen")
    assert TabularGAN.load(tmp_path / "model.tabgen").sample(5, seed=0).equals(gan.sample(5, seed=0))
    assert path.exists()  # from which the fit could go on
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_stops_at_once():
    with pytest.raises(KeyboardInterrupt):
        TabularGAN(model="vae", epochs=200, random_state=0).fit(TABLE, callbacks=[PressKeys(2)])
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_handler_of_another_program_is_left_alone():
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with Interruption() as stop:
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]
    assert not stop.asked


def test_a_thread_trains_without_the_signal():
    ended = []

    def work():
        with Interruption() as stop:
            ended.append(stop.asked)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert ended == [False]


def test_the_command_saves_and_exits_as_interrupted(tmp_path, monkeypatch, capfd):
    TABLE.to_csv(tmp_path / "in.csv", index=False)
    plain = TabularGAN.fit
    monkeypatch.setattr(
        TabularGAN, "fit", lambda gan, table, **how: plain(gan, table, callbacks=[PressKeys(1)], **how)
    )
    words = ["fit", str(tmp_path / "in.csv"), str(tmp_path / "m.tabgen"), "--epochs", "50", "--model", "vae"]
    assert main([*words, "--checkpoint", str(tmp_path / "run.checkpoint")]) == 130
    said = capfd.readouterr().err
    assert SAID in said
    assert "Saved the model" in said
    assert f"The same line with --force goes on from {tmp_path / 'run.checkpoint'}." in said
    assert main(["sample", str(tmp_path / "m.tabgen"), "-", "--rows", "3"]) == 0


def _diverge(monkeypatch, times):
    """Let the first trainings diverge; return the learning rates that were tried."""
    rates, plain = [], fitting.train

    def train(model, codes, split, config, **how):
        rates.append(config.learning_rate)
        if len(rates) <= times:
            raise TrainingDiverged("Training diverged: the validation loss became nan at step 25.")
        return plain(model, codes, split, config, **how)

    monkeypatch.setattr(fitting, "train", train)
    return rates


def test_training_that_diverges_is_tried_once_more_gentler(monkeypatch):
    rates = _diverge(monkeypatch, times=1)
    with pytest.warns(RuntimeWarning, match="It is tried once more at a third of the learning rate"):
        gan = TabularGAN(model="vae", epochs=2, learning_rate=0.003, random_state=0).fit(TABLE)
    assert rates == pytest.approx([0.003, 0.001])
    assert gan.history_["learning_rate"].max() < 0.001 + 1e-9


def test_training_that_diverges_twice_is_given_up(monkeypatch):
    rates = _diverge(monkeypatch, times=2)
    with pytest.warns(RuntimeWarning, match="once more"), pytest.raises(TrainingDiverged):
        TabularGAN(model="vae", epochs=2, random_state=0).fit(TABLE)
    assert len(rates) == 2


# What a machine can do to a file -----------------------------------------------------------------------


@contextlib.contextmanager
def room_for(most):
    """Let no file grow beyond some bytes, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("command", ["sample", "complete"])
def test_a_full_disk_leaves_what_was_there(command, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    Path("known.csv").write_text("town\n" + "Rome\n" * 8_000)
    Path("out.csv").write_text("precious")
    words = ["--rows", "8000"] if command == "sample" else []
    given = [] if command == "sample" else ["known.csv"]
    with room_for(200_000):  # the network is unpacked, the table is longer
        assert main([command, str(MODEL), *given, "out.csv", "--force", *words]) == 1
    assert capfd.readouterr().err.splitlines()[-1] == "Error: Cannot write 'out.csv': File too large."
    assert Path("out.csv").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["known.csv", "out.csv"]


def test_a_full_disk_is_no_damage_of_the_model(tmp_path):
    gan, path = TabularGAN.load(MODEL), tmp_path / "again.tabgen"
    path.write_text("precious")
    with room_for(3_000):
        with pytest.raises(ModelFileError, match=r"^Cannot unpack the model into '.*': File too large\.$"):
            TabularGAN.load(MODEL)
        with pytest.raises(TableError, match=r"^Cannot write '.*again\.tabgen': there is no room for it in"):
            gan.save(path)
    with room_for(45_000), pytest.raises(TableError, match=r"^Cannot write '.*again\.tabgen': "):
        gan.save(path)
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_full_standard_output_is_one_sentence():
    with open("/dev/full", "wb") as full:
        done = _tabgen("sample", MODEL, "-", stdout=full)
    assert done.returncode == 1
    assert done.stderr.decode().splitlines() == [
        "Error: Cannot write to standard output: No space left on device."
    ]


def test_a_reader_that_leaves_is_no_error_to_speak_of():
    source, sink = os.pipe()
    os.close(source)
    done = _tabgen("sample", MODEL, "-", "--quiet", stdout=sink)
    os.close(sink)
    assert done.returncode == 1
    assert done.stderr == b""


def _tabgen(*words, stdout):
    command = [sys.executable, "-W", "ignore", "-m", "tabgen", *map(str, words)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=False)


WORDS = {
    "no input": (["fit", "gone.csv", "m.tabgen"], "Cannot read 'gone.csv': No such file or directory."),
    "no model": (
        ["sample", "gone.tabgen", "out.csv"],
        "There is no model file 'gone.tabgen'. Check the path.",
    ),
    "no folder": (["fit", "in.csv", "no/m.tabgen"], "There is no folder 'no'. Make it first."),
    "a folder as target": (
        ["fit", "in.csv", "folder", "--force"],
        "'folder' is no ordinary file. Choose another name.",
    ),
    "a device": (
        ["fit", "in.csv", "/dev/null", "--force"],
        "'/dev/null' is no ordinary file. Choose another name.",
    ),
    "an empty folder": (["fit", "folder.csv", "m.tabgen"], "The folder 'folder.csv' holds no files."),
    "no checkpoint": (
        ["fit", "in.csv", "m.tabgen", "--checkpoint", "in.csv"],
        "'in.csv' is no checkpoint of this tabgen, or is damaged. Choose another name or delete it.",
    ),
}


@pytest.mark.parametrize(("words", "sentence"), WORDS.values(), ids=WORDS)
def test_what_cannot_be_read_or_written_is_one_sentence(words, sentence, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    TABLE[:60].to_csv("in.csv", index=False)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder.csv").mkdir()
    before = sorted(tmp_path.rglob("*"))
    assert main([*words, "--quiet"]) == 1
    assert capfd.readouterr().err.splitlines() == [f"Error: {sentence}"]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_told_first(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(TableError, match="Cannot write into the folder"):
        check_target(tmp_path / "m.tabgen", force=True)


def test_a_read_only_folder_is_told_first(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(TableError, match=r"Cannot write into the folder '.*'\. Choose another one\."):
        check_target(tmp_path / "m.tabgen", force=True)


def test_a_folder_that_may_not_be_looked_into_is_told_first(tmp_path, monkeypatch):
    def refuse(path, **facts):
        if str(path).endswith("m.tabgen"):
            raise PermissionError(13, "Permission denied")
        return stat_of(path, **facts)

    stat_of = os.stat
    monkeypatch.setattr(os, "stat", refuse)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(TableError, match="Cannot write into the folder"):
        check_target(tmp_path / "m.tabgen", force=True)
    with pytest.raises(ModelFileError, match="There is no model file"):
        TabularGAN.load(tmp_path / "m.tabgen")


def test_leftovers_of_killed_writers_go_but_not_of_living_ones(tmp_path):
    target = tmp_path / "out.csv"
    (tmp_path / f".out.csv.dead{UNFINISHED}").write_text("half")
    (tmp_path / f".other.csv.dead{UNFINISHED}").write_text("half")

    def write(file):
        write_whole(target, lambda inner: inner.write(b"1"), force=True)
        file.write(b"22")

    write_whole(target, write, force=True)  # the inner one leaves what the outer one writes
    assert target.read_bytes() == b"22"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f".other.csv.dead{UNFINISHED}", "out.csv"]


def test_links_and_permissions_stay(tmp_path):
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "real.csv").chmod(0o600)
    (tmp_path / "link.csv").symlink_to("real.csv")
    write_whole(tmp_path / "link.csv", lambda file: file.write(b"new"), force=True)
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real.csv").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real.csv").stat().st_mode) == 0o600
