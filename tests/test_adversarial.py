"""The latent GAN: a contest that ends for the right reasons and leaves the best generator."""

import math
from functools import partial

import numpy as np
import pytest
import tensorflow as tf

from tabgen.encoding.layout import Layout, Token
from tabgen.errors import TrainingDiverged
from tabgen.models import Task, TrainingConfig, fit_model
from tabgen.models.adversarial import Contest, HeldOutTest, play
from tabgen.models.gan import LatentGAN, gan_config
from tabgen.models.training import split_rows

LAYOUT = Layout(tuple(Token(name, "value", 4, False, False) for name in "abcd"))
SHORT = Contest(steps=120, steps_per_epoch=40, batch_size=64)


@pytest.fixture(scope="module")
def codes():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (1_000, 4))
    codes[:, 1] = codes[:, 0]
    codes[:, 3] = 3 - codes[:, 2]
    return codes.astype("int32")


@pytest.fixture(scope="module")
def fitted(codes):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tabgen.models.fitting.Contest", partial(Contest, steps_per_epoch=30))
        return fit_model("gan", Task(LAYOUT, codes, TrainingConfig(epochs=15), 16))


@pytest.fixture
def gan(fitted):
    fresh = LatentGAN(fitted.model.generator.config)
    fresh.set_weights(fitted.model.generator.get_weights())
    return fresh


def test_stages_in_the_order_of_training(fitted):
    assert [stage.name for stage in fitted.stages] == ["autoencoder", "contest", "discriminator"]
    contest = fitted.stages[1]
    names = {"generator_loss", "critic_loss", "gradient_penalty", "two_sample", "learning_rate", "seconds"}
    assert names | {"val_real_accuracy", "val_generated_accuracy"} <= set(contest.curves)
    assert len({len(curve) for curve in contest.curves.values()}) == 1
    assert contest.ended


def test_the_latent_carries_what_columns_share(fitted):
    assert fitted.stages[0].curves["kl"][-1] > 0.1
    drawn = fitted.model.generator.generate(2_000, seed=0)
    assert (drawn[:, 0] == drawn[:, 1]).mean() > 0.5  # .25 if independent
    assert (drawn[:, 2] + drawn[:, 3] == 3).mean() > 0.5


def test_evidence_is_kept_and_matters(fitted):
    given = np.full((1_000, 4), -1, dtype="int32")
    given[:, 1] = 3
    drawn = fitted.model.generate(1_000, evidence=given, seed=0)
    assert (drawn[:, 1] == 3).all()
    assert (drawn[:, 0] == 3).mean() > 0.5


def test_the_generator_starts_as_the_prior(codes):
    noise = tf.random.stateless_normal((500, 32), (1, 2))
    fresh = LatentGAN(gan_config(LAYOUT, codes, 0))
    context = tf.zeros((500, fresh.config.autoencoder.context))
    start = fresh.generated_latents(fresh.averaged, noise, context)
    np.testing.assert_allclose(start, noise, atol=0.3)


def test_the_critic_learns_and_only_the_critic_in_its_step(gan, codes):
    gan.start_from(codes)
    gan.compile_adversaries(0.0, 1e-3)
    generator = gan.generator.get_weights()
    step = tf.function(gan.train_step)
    losses = [float(step(tf.constant(codes[:256]))["critic_loss"]) for _ in range(40)]
    gan.reset_metrics()
    for before, after in zip(generator, gan.generator.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)  # its rate is 0
    assert losses[-1] < losses[0]


def logs(**changes):
    usual = {"gradient_penalty": 0.2, "val_real_accuracy": 0.6, "val_generated_accuracy": 0.6}
    return {**usual, **changes}


@pytest.mark.parametrize(
    ("scores", "changes", "seconds", "ended"),
    [
        ((0.7, 0.505), {}, math.inf, "held-out rows cannot be told from generated ones"),
        ((0.7, 0.71), {}, math.inf, "the two-sample test improves no more"),
        (
            (0.7, 0.6),
            {"gradient_penalty": 1e-5, "val_real_accuracy": 0.5, "val_generated_accuracy": 0.5},
            math.inf,
            "the critic is dead",
        ),
        ((0.7, 0.6), {}, 0.0, "the time is up"),
        ((0.7, 0.6), {}, math.inf, "all epochs are done"),
    ],
)
def test_reasons_to_end(gan, codes, monkeypatch, scores, changes, seconds, ended):
    told = iter(scores)
    monkeypatch.setattr(HeldOutTest, "score", lambda self: next(told))
    gan.compile_adversaries(1e-4, 1e-3)
    test = HeldOutTest(codes, Contest(patience=1), 3, seconds, 0)
    test.set_model(gan)
    test.on_train_begin()
    gan.stop_training = False
    curves = logs(**changes)
    test.on_epoch_end(0, curves)
    assert test.ended == ended
    assert gan.stop_training == (ended != "all epochs are done")
    assert curves["two_sample"] == scores[1]


def test_training_moves_the_generator_and_the_best_is_kept(gan, codes, monkeypatch):
    start = gan.generator.get_weights()
    told = iter([0.6, 0.55, 0.7, 0.8])
    kept = []
    monkeypatch.setattr(HeldOutTest, "score", lambda self: next(told))
    keep = HeldOutTest._keep
    monkeypatch.setattr(
        HeldOutTest,
        "_keep",
        lambda self, score, epoch: (kept.append(self.model.averaged.get_weights()), keep(self, score, epoch)),
    )
    play(gan, codes, split_rows(1_000, TrainingConfig()), TrainingConfig(epochs=3), SHORT)
    assert len(kept) == 2  # the start and the first epoch
    for left, best in zip(gan.averaged.get_weights(), kept[1], strict=True):
        np.testing.assert_array_equal(left, best)
    moves = [np.abs(a - b).max() for a, b in zip(gan.generator.get_weights(), start, strict=True)]
    assert min(moves) > 1e-4
    assert np.abs(kept[1][0] - kept[0][0]).max() > 1e-5  # and the average follows


def test_divergence_is_told(gan, codes):
    gan.compile_adversaries(1e-4, 1e-3)
    test = HeldOutTest(codes, SHORT, 3, math.inf, 0)
    test.set_model(gan)
    with pytest.raises(TrainingDiverged, match=r"no finite number in epoch 2\. Pass a smaller batch_size"):
        test.on_epoch_end(1, logs(critic_loss=math.nan))


def test_an_unknown_kind_is_refused(codes):
    with pytest.raises(ValueError, match=r'model must be "vae", "gan" or "vae-gan", but is .diffusion.'):
        fit_model("diffusion", Task(LAYOUT, codes, TrainingConfig(epochs=1), 16))
