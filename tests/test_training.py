"""Training: it learns, keeps the best weights, ends when told, repeats exactly and reports honestly."""

import time

import keras
import numpy as np
import pytest

from tabgen.encoding.layout import Layout, Token
from tabgen.errors import TrainingDiverged
from tabgen.models import ConditionalVAE, TrainingConfig, train, vae_config
from tabgen.models.training import FEWEST_STEPS, split_rows

LAYOUT = Layout(tuple(Token(name, "value", 4, False, False) for name in "abc"))


@pytest.fixture(scope="module")
def codes():
    first, second = np.random.default_rng(0).integers(0, 2, (2, 600))
    return np.stack([first, second, 2 * (first ^ second)], axis=1).astype("int32")


def fresh_model(codes, seed=0):
    return ConditionalVAE(vae_config(LAYOUT, codes, latent_dim=2, seed=seed))


@pytest.fixture(scope="module")
def trained(codes):
    model = fresh_model(codes)
    return model, train(model, codes, TrainingConfig(epochs=30))


def test_a_relation_of_three_columns_is_learned(trained, codes):
    model, history = trained
    assert history["val_loss"][-1] < history["val_loss"][0] - 0.5
    rows = model.generate(2_000, seed=0)
    assert (2 * (rows[:, 0] ^ rows[:, 1]) == rows[:, 2]).mean() > 0.95  # though no pair tells anything


def test_weights_left_are_the_best_seen(trained, codes):
    model, history = trained
    _, held_out = split_rows(len(codes), TrainingConfig(), np.random.default_rng(0))
    loss = model.evaluate(codes[held_out], batch_size=2_048, verbose=0, return_dict=True)["loss"]
    assert loss == pytest.approx(min(history["val_loss"]), abs=0.05)  # up to the latent draws


def test_history_holds_every_curve(trained):
    history = trained[1]
    assert {"loss", "val_loss", "reconstruction", "kl", "val_kl", "learning_rate", "seconds"} <= set(history)
    assert {len(curve) for curve in history.values()} == {30}
    assert all(value > 0 for value in history["loss"])
    assert history["learning_rate"][-1] < history["learning_rate"][15] / 10
    assert history["seconds"] == sorted(history["seconds"])


def test_same_seed_same_history(codes):
    histories = [train(fresh_model(codes), codes, TrainingConfig(epochs=2, seed=3)) for _ in range(2)]
    assert histories[0]["val_loss"] == histories[1]["val_loss"]
    other = train(fresh_model(codes, seed=4), codes, TrainingConfig(epochs=2, seed=4))
    assert other["val_loss"] != histories[0]["val_loss"]


def test_auto_stops_by_itself(codes):
    config = TrainingConfig(patience=1_000, hold_steps=100)
    history = train(fresh_model(codes), codes, config)
    steps = len(history["loss"]) * FEWEST_STEPS
    assert 100 <= steps <= 100 * (1 + config.anneal_share) + 2 * FEWEST_STEPS


def test_time_budget_ends_training(codes):
    began = time.perf_counter()
    train(fresh_model(codes), codes, TrainingConfig(epochs=100_000, max_minutes=0.02))
    assert time.perf_counter() - began < 60  # 1.2 s of budget, the rest is building the graph


def test_divergence_is_one_sentence(codes):
    model = fresh_model(codes)
    model.embedding.free.assign(np.full(model.embedding.free.shape, np.nan, dtype="float32"))
    with pytest.raises(TrainingDiverged, match=r"validation loss became nan at step .* Lower learning_rate"):
        train(model, codes, TrainingConfig(epochs=2))


def test_callbacks_are_called(codes):
    seen = []
    spy = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["val_loss"]))
    history = train(fresh_model(codes), codes, TrainingConfig(epochs=2), callbacks=[spy])
    assert seen == history["val_loss"]


def test_progress_goes_to_stderr_only(codes, capfd):
    train(fresh_model(codes), codes, TrainingConfig(epochs=2), verbose=True)
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(("rows", "held_out"), [(10, 10), (600, 60), (100_000, 4_000)])
def test_held_out_rows(rows, held_out):
    learn, judge = split_rows(rows, TrainingConfig(), np.random.default_rng(0))
    assert len(judge) == held_out
    if rows >= 50:
        assert not set(learn) & set(judge)
        assert len(learn) + len(judge) == rows


@pytest.mark.parametrize(
    ("rows", "asked", "batch"), [(100, "auto", 64), (5_000, "auto", 128), (50_000, "auto", 512), (10, 32, 10)]
)
def test_batch_size(rows, asked, batch):
    assert TrainingConfig(batch_size=asked).rows_per_step(rows) == batch
