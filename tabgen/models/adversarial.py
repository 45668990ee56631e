"""A latent GAN and rows of codes to the generator that a held-out two-sample test finds best."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tabgen.errors import TrainingDiverged
from tabgen.history import INTERRUPTED
from tabgen.models.batches import batches, in_order
from tabgen.models.checkpoint import Parts, Place, Recorder
from tabgen.models.gan import LatentGAN
from tabgen.models.interruption import Interruption
from tabgen.models.training import Split, Stage, TrainingConfig
from tabgen.models.twosample import two_sample_score
from tabgen.models.workers import join_workers, unshared

CHANCE = 0.51  # of the two-sample test: real and generated rows cannot be told apart
TEST_ROWS = 4_000  # generated rows that the test looks at
DEAD_PENALTY, DEAD_ACCURACY = 1e-3, 0.52  # below both, the critic has given up


@dataclass(frozen=True)
class Contest:
    """How generator and critic are trained against each other.

    Attributes
    ----------
    steps, steps_per_epoch : int
        Most optimizer steps of each, and steps between two tests.
    batch_size : int
        Rows in a step.
    generator_rate, critic_rate : float
        Learning rates of Adam; the critic's is the higher one (Heusel et al. 2017).
    last_rate : float
        Share of the rates that is left at the end; they fall over the second half.
    patience : int
        Tests in a row without a better one after which training ends.
    """

    steps: int = 3_000
    steps_per_epoch: int = 250
    batch_size: int = 256
    generator_rate: float = 3e-4
    critic_rate: float = 1e-3
    last_rate: float = 0.05
    patience: int = 5


class HeldOutTest(keras.callbacks.Callback):
    """Test generated against held-out rows after each epoch; keep the best generator; say when to stop.

    Training ends when the test finds no difference, when it has not improved for some time, when the
    critic is dead (it neither tells rows apart nor has a slope: no success, but nothing more to learn
    from it), or when the time is up.
    """

    def __init__(
        self, held_out: np.ndarray, contest: Contest, epochs: int, max_seconds: float, seed: int
    ) -> None:
        super().__init__()
        self.held_out, self.contest, self.epochs, self.seed = held_out, contest, epochs, seed
        self.max_seconds = max_seconds
        self.best_score, self.best_epoch = math.inf, -1
        self.best_weights: list[np.ndarray] = []
        self.ended = "all epochs are done"
        self.rate = contest.generator_rate
        self.began = time.perf_counter()

    def state(self) -> dict[str, Any]:
        """Return what has been seen and decided, the best weights aside."""
        elapsed = time.perf_counter() - self.began
        seen = {"best_score": self.best_score, "best_epoch": self.best_epoch}
        return {**seen, "ended": self.ended, "elapsed": elapsed}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take back what was seen and decided."""
        self.best_score, self.best_epoch = facts["best_score"], facts["best_epoch"]
        self.ended, self.began = facts["ended"], time.perf_counter() - facts["elapsed"]

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock and judge the start: the autoencoder's own prior."""
        if not self.best_weights:
            self.began = time.perf_counter()
            self._keep(self.score(), -1)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Set the learning rates: constant for half of the epochs, then along a cosine."""
        done = max(0.0, 2 * epoch / self.epochs - 1)
        share = self.contest.last_rate + (1 - self.contest.last_rate) * (1 + math.cos(math.pi * done)) / 2
        self.rate = self.contest.generator_rate * share
        self.model.generator_optimizer.learning_rate.assign(self.rate)
        self.model.critic_optimizer.learning_rate.assign(self.contest.critic_rate * share)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Test, note and decide."""
        logs = {} if logs is None else logs
        if not all(map(math.isfinite, logs.values())):
            raise TrainingDiverged(
                f"Training diverged: a loss of the GAN is no finite number in epoch {epoch + 1}. "
                'Pass a smaller batch_size or model="vae-gan".'
            )
        score = self.score()
        if score < self.best_score or math.isnan(score):  # too few rows to test: the last one is kept
            self._keep(score, epoch)
        logs["two_sample"] = score
        logs["learning_rate"] = self.rate
        logs["seconds"] = time.perf_counter() - self.began
        accuracy = (logs["val_real_accuracy"] + logs["val_generated_accuracy"]) / 2
        if self.best_score <= CHANCE:
            self._stop("held-out rows cannot be told from generated ones")
        elif logs["gradient_penalty"] < DEAD_PENALTY and accuracy < DEAD_ACCURACY:
            self._stop("the critic is dead")
        elif epoch - self.best_epoch >= self.contest.patience:
            self._stop("the two-sample test improves no more")
        elif logs["seconds"] * (epoch + 2) / (epoch + 1) > self.max_seconds:
            self._stop("the time is up")

    def score(self) -> float:
        """Return the two-sample score of as many generated rows as are held out."""
        rows = min(len(self.held_out), TEST_ROWS)
        return two_sample_score(self.held_out, self.model.generate(rows, seed=self.seed), self.seed)

    def _keep(self, score: float, epoch: int) -> None:
        self.best_score, self.best_epoch = score, epoch
        self.best_weights = self.model.averaged.get_weights()

    def _stop(self, ended: str) -> None:
        self.ended = ended
        self.model.stop_training = True


def play(
    gan: LatentGAN,
    codes: np.ndarray,
    split: Split,
    config: TrainingConfig,
    contest: Contest,
    *,
    max_seconds: float = math.inf,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    place: Place | None = None,
    stop: Interruption | None = None,
) -> Stage:
    """Train generator and critic against each other, in place.

    Parameters
    ----------
    gan : LatentGAN
        With a trained autoencoder.
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    split : Split
        Which rows to learn from and which to test on.
    config : TrainingConfig
        Its epochs, if a number, are those of the contest; its seed is that of the batches.
    contest : Contest
        How to train.
    max_seconds : float
        Time budget.
    callbacks : sequence of keras.callbacks.Callback
        Further callbacks.
    place : Place, optional
        Where the state is kept, and taken from if there is any.
    stop : Interruption, optional
        Whether the user wants an end.

    Returns
    -------
    Stage
        Losses, gradient penalty, accuracies of the critic on training and on held-out rows (``val_``),
        the two-sample score.

    Raises
    ------
    TrainingDiverged
        If a loss is not a finite number.
    """
    learn, held_out = codes[split.learn], codes[split.held_out]
    epochs = contest.steps // contest.steps_per_epoch if isinstance(config.epochs, str) else config.epochs
    gan.compile_adversaries(contest.generator_rate, contest.critic_rate)
    join_workers(gan)
    test = HeldOutTest(held_out, contest, epochs, max_seconds, config.seed)
    stop = Interruption() if stop is None else stop
    optimizers = gan.generator_optimizer, gan.critic_optimizer
    parts = Parts(gan, (gan.seeds, gan.autoencoder.seeds), optimizers, (test,))
    recorder = Recorder(parts, Place() if place is None else place, stop)
    if not recorder.restore():
        gan.start_from(learn)
    begun, batch_size = len(recorder.rows), min(contest.batch_size, len(learn))
    with stop:
        if not (recorder.over or stop.asked):
            gan.fit(
                batches(learn, batch_size, config.seed, begun * contest.steps_per_epoch),
                initial_epoch=begun,
                epochs=epochs,
                steps_per_epoch=contest.steps_per_epoch,
                validation_data=unshared(in_order(held_out, len(held_out))),
                shuffle=False,
                callbacks=[test, *callbacks, stop, recorder],
                verbose=0,
            )
    if test.best_weights:
        gan.averaged.set_weights(test.best_weights)
    return Stage("contest", recorder.curves, INTERRUPTED if stop.asked else test.ended)
