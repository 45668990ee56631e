"""A fit that was killed goes on from its checkpoint to the same weights; any other checkpoint is refused."""

import json

import keras
import numpy as np
import pandas as pd
import pytest

from tabgen import DifferentialPrivacy, ModelFileError, TableError, TabularGAN
from tabgen.learning import plan_learning
from tabgen.models import checkpoint as checkpoints
from tabgen.models.adversarial import Contest
from tabgen.models.batches import batches

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame({"a": RNG.choice(list("xyz"), 600), "b": RNG.normal(size=600).round(1)})


class Killed(BaseException):
    """What no code of the library catches."""


class KillAfter(keras.callbacks.Callback):
    """End the process, as it were, at the start of an epoch; epochs of all stages are counted."""

    def __init__(self, epochs):
        super().__init__()
        self.left = epochs

    def on_epoch_begin(self, epoch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise Killed


@pytest.fixture(autouse=True)
def _every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoints, "LEAST_WAIT", 0)
    monkeypatch.setattr("tabgen.models.fitting.Contest", lambda: Contest(steps_per_epoch=5))
    for name in ("CHANCE", "DEAD_PENALTY"):  # so that the contest lasts for all its epochs
        monkeypatch.setattr(f"tabgen.models.adversarial.{name}", 0)


def _gan(**changes):
    return TabularGAN(**{"model": "vae", "epochs": 4, "random_state": 0, **changes})


def _weights(gan):
    return gan.model_.get_weights()


def _killed(path, epochs, **changes):
    with pytest.raises(Killed):
        _gan(**changes).fit(TABLE, callbacks=[KillAfter(epochs)], checkpoint=path)


@pytest.mark.parametrize(
    ("kind", "moments"),
    [
        pytest.param("vae", [1, 1, 1], id="vae"),
        pytest.param("vae-gan", [1, 1, 1], id="vae-gan", marks=pytest.mark.slow),
        pytest.param("gan", [3, 2], id="gan", marks=pytest.mark.slow),
    ],
)
def test_a_killed_fit_goes_on_to_the_same_weights(kind, moments, tmp_path):
    path = tmp_path / "run.checkpoint"
    whole = _gan(model=kind).fit(TABLE)
    for moment in moments:  # each goes on from the one before: in the hold, after it, in the annealing
        _killed(path, moment, model=kind)
        assert [file.name for file in tmp_path.iterdir()] == ["run.checkpoint"]
    resumed = _gan(model=kind).fit(TABLE, checkpoint=path)
    for mine, other in zip(_weights(resumed), _weights(whole), strict=True):
        np.testing.assert_array_equal(mine, other)
    curves = whole.history_.columns.difference(["seconds"])
    pd.testing.assert_frame_equal(resumed.history_[curves], whole.history_[curves])
    assert not path.exists()


OTHERS = {
    "of another table": (TABLE.assign(a=TABLE["a"].to_numpy()[::-1]), {}),
    "is of another table": (TABLE[:500], {}),
    "with epochs 4, but this one has 9": (TABLE, {"epochs": 9}),
    "with model 'vae', but this one has 'vae-gan'": (TABLE, {"model": "vae-gan"}),
    "but this one has 1": (TABLE, {"random_state": 1}),
    "with latent_dim .*, but this one has 3": (TABLE, {"latent_dim": 3}),
}


def test_a_checkpoint_holds_plain_numbers_and_is_of_one_fit_only(tmp_path):
    path = tmp_path / "run.checkpoint"
    _killed(path, 2, random_state=None)
    with np.load(path, allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "iuf" for name in file.files)
        facts = json.loads(file["facts"].tobytes())
        assert not any(len(TABLE) in file[name].shape for name in file.files if name != "facts")
    assert len(facts["stages"]["vae"]["facts"]["rows"]) == 2
    plan = plan_learning(_gan(random_state=None), (), path)
    assert plan.seed == facts["seed"]  # it keeps the seed of a fit without one
    kept = path.read_bytes()
    for says, (table, changes) in OTHERS.items():
        with pytest.raises(ModelFileError, match=says):
            _gan(**changes).fit(table, checkpoint=path)
        assert path.read_bytes() == kept


@pytest.mark.parametrize(
    "data", [b"", b"a,b\n1,2\n", b"PK\x03\x04 half a zip"], ids=["empty", "a table", "half"]
)
def test_what_is_no_checkpoint_is_refused_and_left(data, tmp_path):
    path = tmp_path / "run.checkpoint"
    path.write_bytes(data)
    with pytest.raises(ModelFileError, match="is no checkpoint of this tabgen, or is damaged"):
        _gan().fit(TABLE, checkpoint=path)
    assert path.read_bytes() == data


def test_a_place_for_the_checkpoint_is_asked_for_first(tmp_path):
    with pytest.raises(TableError, match="There is no folder"):
        _gan().fit(TABLE, checkpoint=tmp_path / "nowhere" / "run.checkpoint")
    privacy = DifferentialPrivacy(epsilon=3, delta=1e-5)
    with pytest.raises(ValueError, match="checkpoint cannot go with privacy"):
        _gan(privacy=privacy).fit(TABLE, checkpoint=tmp_path / "run.checkpoint")


@pytest.mark.parametrize("start", [0, 1, 6, 7, 8, 30])
def test_batches_go_on_from_any_step(start):
    codes = np.arange(50, dtype=np.int32)[:, None]
    whole = [batch.numpy().ravel() for batch in batches(codes, 8, 3).take(start + 20)]
    later = [batch.numpy().ravel() for batch in batches(codes, 8, 3, start).take(20)]
    assert all(map(np.array_equal, later, whole[start:]))


def test_each_pass_has_every_row_once_in_an_order_of_its_own():
    codes = np.arange(50, dtype=np.int32)[:, None]
    drawn = [batch.numpy().ravel() for batch in batches(codes, 8, 3).take(14)]
    passes = np.concatenate(drawn[:7]), np.concatenate(drawn[7:])
    assert [len(batch) for batch in drawn[:7]] == [8, 8, 8, 8, 8, 8, 2]
    assert all(sorted(one) == list(range(50)) for one in passes)
    assert not np.array_equal(*passes)
