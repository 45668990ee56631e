"""Training: it learns, keeps the best weights, ends when told, repeats exactly and reports honestly."""

import json
import os
import socket
import subprocess
import sys
import time
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from tabgen.encoding.layout import Layout, Token
from tabgen.errors import TrainingDiverged
from tabgen.models import ConditionalVAE, TrainingConfig
from tabgen.models.annealing import AnnealFromBest
from tabgen.models.optimizer import FusedAdam
from tabgen.models.sizes import vae_config
from tabgen.models.training import FEWEST_STEPS, split_rows, train

LAYOUT = Layout(tuple(Token(name, "value", 4, False, False) for name in "abc"))


@pytest.fixture(scope="module")
def codes():
    first, second = np.random.default_rng(0).integers(0, 2, (2, 600))
    return np.stack([first, second, 2 * (first ^ second)], axis=1).astype("int32")


def fresh_model(codes, seed=0):
    return ConditionalVAE(vae_config(LAYOUT, codes, latent_dim=2, seed=seed))


def fit(model, codes, config, **options):
    return train(model, codes, split_rows(len(codes), config), config, **options)


@pytest.fixture(scope="module")
def trained(codes):
    model = fresh_model(codes)
    return model, fit(model, codes, TrainingConfig(epochs=30))


def test_a_relation_of_three_columns_is_learned(trained):
    model, stage = trained
    assert np.nanmin(stage.curves["val_loss"]) < stage.curves["val_loss"][0] - 0.5
    rows = model.generate(2_000, seed=0)
    assert (2 * (rows[:, 0] ^ rows[:, 1]) == rows[:, 2]).mean() > 0.95  # though no pair tells anything


def test_weights_left_are_as_good_as_the_best_seen(trained, codes):
    model, stage = trained
    held_out = split_rows(len(codes), TrainingConfig()).held_out
    loss = model.evaluate(codes[held_out], batch_size=2_048, verbose=0, return_dict=True)["loss"]
    assert loss < np.nanmin(stage.curves["val_loss"]) + 0.05  # up to the latent draws


def test_history_holds_every_curve(trained):
    stage = trained[1]
    curves = stage.curves
    names = {"loss", "val_loss", "reconstruction", "kl", "val_kl", "learning_rate", "seconds", "two_sample"}
    assert names <= set(curves)
    assert {len(curve) for curve in curves.values()} == {30}
    assert all(value > 0 for value in curves["loss"])
    assert curves["learning_rate"][-1] < curves["learning_rate"][15] / 10
    assert curves["seconds"] == sorted(curves["seconds"])
    assert stage.ended == "all epochs are done"


def test_all_rows_are_learned_from_in_the_end_and_validation_says_so(trained):
    values = np.array(trained[1].curves["val_loss"])
    hold = np.isfinite(values).sum()
    assert 20 <= hold < 30
    assert np.isnan(values[hold:]).all()


def test_two_sample_score_is_taken_after_epochs_1_4_16_and_at_the_end(trained):
    scores = np.array(trained[1].curves["two_sample"])
    assert (np.flatnonzero(np.isfinite(scores)) + 1).tolist() == [1, 4, 16, 30]
    assert ((scores[np.isfinite(scores)] >= 0) & (scores[np.isfinite(scores)] <= 1)).all()


def test_same_seed_same_history(codes):
    stages = [fit(fresh_model(codes), codes, TrainingConfig(epochs=2, seed=3)) for _ in range(2)]
    assert stages[0].curves["loss"] == stages[1].curves["loss"]
    other = fit(fresh_model(codes, seed=4), codes, TrainingConfig(epochs=2, seed=4))
    assert other.curves["loss"] != stages[0].curves["loss"]


@pytest.mark.parametrize(
    ("knobs", "ended"),
    [
        ({"patience": 1_000, "hold_steps": 100}, "all steps are done"),
        ({"patience": 50, "least_gain": 100.0}, "held-out rows gain no more"),
    ],
)
def test_auto_stops_by_itself(codes, knobs, ended):
    config = TrainingConfig(**knobs)
    stage = fit(fresh_model(codes), codes, config)
    steps = len(stage.curves["loss"]) * FEWEST_STEPS
    assert 75 <= steps <= 100 * (1 + config.anneal_share) + 2 * FEWEST_STEPS
    assert stage.ended == ended


def test_time_budget_ends_training(codes):
    began = time.perf_counter()
    stage = fit(fresh_model(codes), codes, TrainingConfig(epochs=100_000, max_minutes=0.02))
    assert time.perf_counter() - began < 60  # 1.2 s of budget, the rest is building the graph
    assert stage.ended == "the time is up"


def test_divergence_is_one_sentence(codes):
    model = fresh_model(codes)
    model.embedding.free.assign(np.full(model.embedding.free.shape, np.nan, dtype="float32"))
    with pytest.raises(TrainingDiverged, match=r"validation loss became nan at step .* Lower learning_rate"):
        fit(model, codes, TrainingConfig(epochs=2))


def test_callbacks_are_called(codes):
    seen = []
    spy = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]))
    stage = fit(fresh_model(codes), codes, TrainingConfig(epochs=2), callbacks=[spy])
    assert seen == stage.curves["loss"]


def test_a_callback_may_end_the_hold(codes):
    class Enough(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    stage = fit(fresh_model(codes), codes, TrainingConfig(epochs=50), callbacks=[Enough()])
    assert len(stage.curves["loss"]) == 2  # one before and one while annealing
    assert stage.ended == "a callback stopped it"


def test_progress_goes_to_stderr_only(codes, capfd):
    fit(fresh_model(codes), codes, TrainingConfig(epochs=2), verbose=True)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(("rows", "held_out"), [(10, 10), (600, 60), (100_000, 4_000)])
def test_held_out_rows(rows, held_out):
    split = split_rows(rows, TrainingConfig())
    assert len(split.held_out) == held_out
    if rows >= 50:
        assert not set(split.learn) & set(split.held_out)
        assert len(split.learn) + len(split.held_out) == rows


@pytest.mark.parametrize(
    ("rows", "asked", "batch"), [(100, "auto", 64), (5_000, "auto", 128), (50_000, "auto", 512), (10, 32, 10)]
)
def test_batch_size(rows, asked, batch):
    assert TrainingConfig(batch_size=asked).rows_per_step(rows) == batch


TWO_DEVICES = """
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import numpy as np, pandas as pd
from tabgen import TabularGAN
rng = np.random.default_rng(0)
table = pd.DataFrame({"a": rng.choice(list("xyz"), 400), "b": rng.normal(size=400).round(1)})
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    gan = TabularGAN(model="gan", epochs=2, random_state=0).fit(table)
assert gan.history_["loss"].notna().any()
assert gan.sample(50, seed=1).dtypes.equals(table.dtypes)
print("replicas", gan.model_.generator.distribute_strategy.num_replicas_in_sync)
"""


@pytest.mark.slow
def test_a_distribution_strategy_is_used_where_its_scope_is_open():
    # the kind of model that has all stages
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", TWO_DEVICES], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert done.stdout.split() == ["replicas", "2"]


TWO_PROCESSES = """
import hashlib
import tensorflow as tf
strategy = tf.distribute.MultiWorkerMirroredStrategy()
import numpy as np, pandas as pd
from tabgen import TabularGAN
rng = np.random.default_rng(0)
table = pd.DataFrame({"a": rng.choice(list("xyz"), 200), "b": rng.normal(size=200).round(1)})
with strategy.scope():
    gan = TabularGAN(model="vae", epochs=1, latent_dim=2, random_state=0).fit(table)
weights = b"".join(array.tobytes() for array in gan.model_.get_weights())
print(strategy.num_replicas_in_sync, gan.history_["loss"][0], hashlib.sha256(weights).hexdigest())
"""


@pytest.mark.cluster
def test_two_processes_train_one_model():
    sockets = [socket.socket() for _ in range(2)]
    for held in sockets:
        held.bind(("127.0.0.1", 0))
    workers = [f"127.0.0.1:{held.getsockname()[1]}" for held in sockets]
    for held in sockets:
        held.close()
    began = []
    for index in range(2):
        config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        own = os.environ | {"TF_CONFIG": json.dumps(config)}
        words = [sys.executable, "-W", "ignore", "-c", TWO_PROCESSES]
        began.append(subprocess.Popen(words, env=own, stdout=subprocess.PIPE, text=True))
    told = [process.communicate()[0].split() for process in began]
    assert [process.returncode for process in began] == [0, 0]
    assert told[0] == told[1]
    assert told[0][0] == "2"


def test_curves_go_to_tensorboard(codes, tmp_path):
    pytest.importorskip("tensorboard", reason="the extra tabgen[tensorboard] is not installed")
    board = keras.callbacks.TensorBoard(tmp_path, write_graph=False)
    fit(fresh_model(codes), codes, TrainingConfig(epochs=3), callbacks=[board])
    told = b"".join(path.read_bytes() for path in tmp_path.rglob("events*"))
    for curve in (b"epoch_loss", b"epoch_two_sample", b"epoch_reconstruction"):
        assert curve in told


@pytest.mark.parametrize("decay", [None, 0.01])
def test_the_fused_optimizer_moves_as_the_one_of_keras(decay):
    settings = {"learning_rate": 0.01, "beta_2": 0.99, "weight_decay": decay, "global_clipnorm": 1.0}
    settings |= {"use_ema": True, "ema_momentum": 0.9}
    rng, ends = np.random.default_rng(0), []
    start, gradients = rng.normal(size=(3, 4)), rng.normal(size=(20, 3, 4)).astype("float32")
    for kind in (keras.optimizers.Adam, FusedAdam):
        optimizer, weight = kind(**settings), keras.Variable(start, dtype="float32")
        for gradient in gradients:
            optimizer.apply([keras.ops.convert_to_tensor(gradient)], [weight])
        moved = weight.numpy()
        optimizer.finalize_variable_values([weight])
        ends.append((moved, weight.numpy()))
    np.testing.assert_allclose(ends[1], ends[0], rtol=1e-5, atol=1e-6)
    assert not np.allclose(*ends[1], atol=1e-3)  # the average lags behind


def test_larger_batches_have_longer_steps():
    config = TrainingConfig()
    assert [config.rate(rows) for rows in (50, 5_000, 10_000, 10**6)] == pytest.approx(
        [0.002, 0.002, 0.002 * 2**0.5, 0.004]
    )
    assert TrainingConfig(batch_size=10_000).rate(10**6) == pytest.approx(0.004)
    assert TrainingConfig(learning_rate=0.1).rate(10**6) == 0.1


def test_larger_batches_wait_fewer_steps_for_a_gain():
    config = TrainingConfig()
    assert [config.patient_steps(rows) for rows in (50, 5_000, 10_000, 10**6)] == [200, 200, 200, 141]
    assert TrainingConfig(batch_size=1_024).patient_steps(10**6) == 100
    assert TrainingConfig(patience=70).patient_steps(10**6) == 70


@pytest.mark.parametrize(("step", "times"), [(1, 6.0), (1_000, 2.0), (2_000, 1.0), (9_000, 1.0)])
def test_early_on_a_gain_must_be_larger_to_go_on(step, times):
    schedule = AnnealFromBest(TrainingConfig(least_gain=0.01), 1_000, 25, 3)
    schedule.set_model(SimpleNamespace(get_weights=list))
    schedule.milestone, schedule.step = 10.0, step
    schedule.on_test_end({"loss": 10.0 - 0.0099 * times})
    assert schedule.milestone == 10.0
    schedule.on_test_end({"loss": 10.0 - 0.0101 * times})
    assert schedule.milestone_step == step
