"""A model and rows of codes to a trained model and its history: schedule, best weights, progress."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tabgen.errors import TrainingDiverged
from tabgen.models.progress import TrainingProgress

DECAY_ROWS = 20_000  # weight decay is this over the number of rows ...
MOST_DECAY = 4.0  # ... up to here
FEWEST_STEPS, MOST_STEPS = 25, 250  # of an epoch: validation should come neither too often nor too rarely


@dataclass(frozen=True)
class TrainingConfig:
    """The expert knobs of training.

    Attributes
    ----------
    epochs : int or "auto"
        Passes over the rows, each of at least ``FEWEST_STEPS`` and at most ``MOST_STEPS`` steps; "auto"
        lets the held-out rows decide.
    batch_size : int or "auto"
        Rows in one optimizer step; "auto" chooses by the size of the table.
    max_minutes : float or None
        Time budget; training anneals and ends within it.
    learning_rate, beta_2, clip_norm, ema : float
        Settings of AdamW and of the moving average of weights that is validated and kept.
    weight_decay : float or "auto"
        Decay of kernels in AdamW; "auto" chooses by the size of the table, more for fewer rows.
    warm_up : int
        Steps over which the learning rate rises.
    validation_share : float
        Share of rows held out to judge the weights.
    validation_rows : int
        Most rows to hold out.
    patience : int
        With ``epochs="auto"``: steps without a better validation loss before annealing.
    hold_steps : int
        With ``epochs="auto"``: most steps before annealing.
    anneal_share : float
        Length of the annealing, as a share of the steps before it.
    seed : int
        Seed of the held-out rows and of the order of batches.
    """

    epochs: int | str = "auto"
    batch_size: int | str = "auto"
    max_minutes: float | None = None
    learning_rate: float = 2e-3
    weight_decay: float | str = "auto"
    beta_2: float = 0.99
    clip_norm: float = 5.0
    ema: float = 0.995
    warm_up: int = 100
    validation_share: float = 0.1
    validation_rows: int = 4_000
    patience: int = 200
    hold_steps: int = 2_000
    anneal_share: float = 0.35
    seed: int = 0

    def decay(self, rows: int) -> float:
        """Return the weight decay for a table of ``rows`` training rows."""
        if isinstance(self.weight_decay, str):
            return min(DECAY_ROWS / rows, MOST_DECAY)
        return self.weight_decay

    def rows_per_step(self, rows: int) -> int:
        """Return the batch size for a table of ``rows`` training rows."""
        if isinstance(self.batch_size, int):
            return min(self.batch_size, rows)
        automatic = 512 if rows >= 20_000 else 256 if rows >= 8_000 else 128 if rows >= 2_000 else 64
        return min(automatic, rows)


class AnnealFromBest(keras.callbacks.Callback):
    """Warm up, hold the learning rate, then anneal it to zero from the best weights seen.

    The moving average of the weights is what validation sees and what is kept. The hold ends when
    validation stops improving, at ``hold_steps``, at the planned share of ``epochs``, or when the
    time budget calls for the end; the annealing then starts from the best average, never from a hot
    or overfitted state.
    """

    def __init__(self, config: TrainingConfig, steps_per_epoch: int) -> None:
        super().__init__()
        self.config, self.steps_per_epoch = config, steps_per_epoch
        self.step = self.best_step = 0
        self.best_loss = math.inf
        self.best_weights: list[np.ndarray] | None = None
        self.anneal_start: int | None = None
        self.anneal_steps = 0
        self.began = time.perf_counter()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        self.began = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Set the learning rate of the next step."""
        rate = self.config.learning_rate * min(1.0, (self.step + 1) / self.config.warm_up)
        if self.anneal_start is not None:
            done = (self.step - self.anneal_start) / self.anneal_steps
            rate *= (1 + math.cos(math.pi * min(done, 1.0))) / 2
        self.model.optimizer.learning_rate.assign(rate)
        self.step += 1

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Keep the averaged weights if they are the best so far."""
        loss = (logs or {}).get("loss", math.nan)
        if not math.isfinite(loss):
            raise TrainingDiverged(
                f"Training diverged: the validation loss became {loss} at step {self.step}. "
                f"Lower learning_rate (it is {self.config.learning_rate:g})."
            )
        if loss < self.best_loss:
            self.best_loss, self.best_step = loss, self.step
            self.best_weights = self.model.get_weights()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Decide whether to go on, to anneal or to stop."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
            logs["seconds"] = time.perf_counter() - self.began
        if self.anneal_start is None:
            if self._hold_is_over(epoch):
                self._start_annealing(epoch)
        elif self.step >= self.anneal_start + self.anneal_steps:
            self.model.stop_training = True

    def expected_epochs(self) -> int:
        """Return the number of epochs after which training ends at the latest."""
        if isinstance(self.config.epochs, int):
            return self.config.epochs
        steps = self.config.hold_steps * (1 + self.config.anneal_share)
        if self.anneal_start is not None:
            steps = self.anneal_start + self.anneal_steps
        return math.ceil(steps / self.steps_per_epoch)

    def _hold_is_over(self, epoch: int) -> bool:
        elapsed = time.perf_counter() - self.began
        share = self.config.anneal_share / (1 + self.config.anneal_share)
        if self.config.max_minutes and elapsed > (1 - share) * 60 * self.config.max_minutes:
            return True
        if isinstance(self.config.epochs, int):
            return epoch + 1 >= math.floor((1 - share) * self.config.epochs)
        stale = self.step - self.best_step >= self.config.patience
        return stale or self.step >= self.config.hold_steps

    def _start_annealing(self, epoch: int) -> None:
        """Go back to the best weights and plan how long the annealing takes."""
        self.anneal_start = self.step
        self.anneal_steps = math.ceil(self.config.anneal_share * self.best_step)
        if isinstance(self.config.epochs, int):
            epochs_left = self.config.epochs - epoch - 1
            self.anneal_steps = max(1, epochs_left * self.steps_per_epoch)
            self.model.stop_training = epochs_left == 0
        if self.config.max_minutes:
            elapsed = time.perf_counter() - self.began
            left = max(0.0, 60 * self.config.max_minutes - elapsed)
            affordable = int(left / (elapsed / self.step))
            self.anneal_steps = min(self.anneal_steps, max(1, affordable))
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)
            averages = self.model.optimizer._model_variables_moving_average
            for average, variable in zip(averages, self.model.trainable_variables, strict=True):
                average.assign(variable)


def train(
    model: keras.Model,
    codes: np.ndarray,
    config: TrainingConfig,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = False,
) -> dict[str, list[float]]:
    """Train a model in place and leave it with its best weights.

    Parameters
    ----------
    model : keras.Model
        A model with ``train_step`` and ``test_step`` on batches of codes, and ``start_from``.
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    config : TrainingConfig
        How to train.
    callbacks : sequence of keras.callbacks.Callback
        The user's own callbacks.
    verbose : bool
        Whether to show progress on standard error.

    Returns
    -------
    dict of str to list of float
        One value an epoch: training and validation losses, learning rate, seconds since the start.

    Raises
    ------
    TrainingDiverged
        If the validation loss is not a finite number.
    """
    rng = np.random.default_rng(config.seed)
    learn, held_out = split_rows(len(codes), config, rng)
    batch_size = config.rows_per_step(len(learn))
    steps = int(np.clip(math.ceil(len(learn) / batch_size), FEWEST_STEPS, MOST_STEPS))
    optimizer = keras.optimizers.AdamW(
        config.learning_rate,
        beta_2=config.beta_2,
        weight_decay=config.decay(len(learn)),
        clipnorm=None,
        global_clipnorm=config.clip_norm,
        use_ema=True,
        ema_momentum=config.ema,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)
    schedule = AnnealFromBest(config, steps)
    own: list[Any] = [schedule, keras.callbacks.SwapEMAWeights()]
    if verbose:
        own.append(TrainingProgress(schedule.expected_epochs))
    model.start_from(codes[learn])
    history = model.fit(
        _batches(codes[learn], batch_size, config.seed),
        epochs=config.epochs if isinstance(config.epochs, int) else 1_000_000,
        steps_per_epoch=steps,
        validation_data=tf.data.Dataset.from_tensor_slices(codes[held_out]).batch(2_048),
        shuffle=False,
        callbacks=[*own, *callbacks],
        verbose=0,
    )
    if schedule.best_weights is not None:
        model.set_weights(schedule.best_weights)
    return {name: [float(v) for v in values] for name, values in history.history.items()}


def split_rows(rows: int, config: TrainingConfig, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of rows to learn from and of rows to judge by.

    Below 50 rows all rows serve both ends: too few to hold any out.
    """
    if rows < 50:
        return np.arange(rows), np.arange(rows)
    order = rng.permutation(rows)
    held_out = min(round(rows * config.validation_share), config.validation_rows)
    return order[held_out:], order[:held_out]


def _batches(codes: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
    """Return endless shuffled batches; codes stay in memory once, only row numbers are shuffled."""
    held = tf.constant(codes)
    rows = len(codes)
    return (
        tf.data.Dataset.range(rows)
        .shuffle(rows, seed=seed, reshuffle_each_iteration=True)
        .batch(batch_size)
        .repeat()
        .map(lambda chosen: tf.gather(held, chosen))
        .prefetch(2)
    )
