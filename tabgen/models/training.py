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
from tabgen.models.twosample import two_sample_score
from tabgen.models.workers import join_workers, unshared

DECAY_ROWS = 20_000  # weight decay is this over the number of rows ...
MOST_DECAY = 4.0  # ... up to here
STEPS_BY_TOKENS = 128_000  # most steps times tokens before annealing: each token makes a step dearer
SCORED_ROWS = 2_000  # held-out rows that the two-sample score looks at
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
    patience, least_gain : int, float
        With ``epochs="auto"``: annealing begins after as many steps in which the validation loss did not
        fall by as many nats a row.
    hold_steps : int
        With ``epochs="auto"``: most steps before annealing, fewer for many tokens.
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
    ema: float = 0.99
    warm_up: int = 100
    validation_share: float = 0.1
    validation_rows: int = 4_000
    patience: int = 200
    least_gain: float = 0.01
    hold_steps: int = 3_000
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


@dataclass(frozen=True)
class Stage:
    """One stage of training, told by its curves.

    Attributes
    ----------
    name : str
        What was trained.
    curves : dict of str to list of float
        One value an epoch; NaN where there is none.
    ended : str
        Why it ended.
    """

    name: str
    curves: dict[str, list[float]]
    ended: str


@dataclass(frozen=True)
class Split:
    """Numbers of the rows to learn from and of those held out to judge by.

    Attributes
    ----------
    learn, held_out : numpy.ndarray
        Below 50 rows both are all rows: too few to hold any out.
    """

    learn: np.ndarray
    held_out: np.ndarray


def split_rows(rows: int, config: TrainingConfig) -> Split:
    """Draw which rows to hold out."""
    if rows < 50:
        return Split(np.arange(rows), np.arange(rows))
    order = np.random.default_rng(config.seed).permutation(rows)
    held_out = min(round(rows * config.validation_share), config.validation_rows)
    return Split(order[held_out:], order[:held_out])


class AnnealFromBest(keras.callbacks.Callback):
    """Warm up, hold the learning rate, then anneal it to zero from the best weights seen.

    The moving average of the weights is what validation sees and what is kept. The hold ends when
    validation stops improving, at ``hold_steps``, at the planned share of ``epochs``, or when the
    time budget calls for the end; the annealing then starts from the best average, never from a hot
    or overfitted state. Hold and annealing are two runs of Keras, for they learn from different rows.
    """

    def __init__(self, config: TrainingConfig, steps_per_epoch: int, tokens: int) -> None:
        super().__init__()
        self.config, self.steps_per_epoch = config, steps_per_epoch
        self.hold_steps = min(config.hold_steps, round(STEPS_BY_TOKENS / tokens))
        self.step = self.best_step = self.epochs = 0
        self.best_loss = self.milestone = math.inf
        self.rate = 0.0
        self.milestone_step = 0
        self.best_weights: list[np.ndarray] | None = None
        self.anneal_start: int | None = None
        self.anneal_steps = 0
        self.ended = ""
        self.began = time.perf_counter()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        if self.step == 0:
            self.began = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Set the learning rate of the next step."""
        rate = self.config.learning_rate * min(1.0, (self.step + 1) / self.config.warm_up)
        if self.anneal_start is not None:
            done = (self.step - self.anneal_start) / self.anneal_steps
            rate *= (1 + math.cos(math.pi * min(done, 1.0))) / 2
        self.model.optimizer.learning_rate.assign(rate)
        self.rate = rate
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
        if loss < self.milestone - self.config.least_gain:
            self.milestone, self.milestone_step = loss, self.step

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Decide whether to go on, to anneal or to stop."""
        if logs is not None:
            logs["learning_rate"] = self.rate
            logs["seconds"] = time.perf_counter() - self.began
        over = self._hold_is_over(epoch) if self.anneal_start is None else self.step >= self.last_step
        self.model.stop_training = self.model.stop_training or over
        self.epochs = epoch + 1

    @property
    def last_step(self) -> int:
        """The step at which the annealing ends."""
        return (self.anneal_start or 0) + self.anneal_steps

    def expected_epochs(self) -> int:
        """Return the number of epochs after which training ends at the latest."""
        if isinstance(self.config.epochs, int):
            return self.config.epochs
        steps = self.hold_steps * (1 + self.config.anneal_share)
        if self.anneal_start is not None:
            steps = self.last_step
        return math.ceil(steps / self.steps_per_epoch)

    def _hold_is_over(self, epoch: int) -> bool:
        elapsed = time.perf_counter() - self.began
        hold_share = 1 / (1 + self.config.anneal_share)
        if self.config.max_minutes and elapsed > hold_share * 60 * self.config.max_minutes:
            self.ended = "the time is up"
        elif isinstance(self.config.epochs, int):
            planned = epoch + 1 >= math.floor(hold_share * self.config.epochs)
            self.ended = "all epochs are done" if planned else ""
        elif self.step - self.milestone_step >= self.config.patience:
            self.ended = "held-out rows gain no more"
        elif self.step >= self.hold_steps:
            self.ended = "all steps are done"
        return bool(self.ended)

    def start_annealing(self) -> bool:
        """Go back to the best weights and plan how long to anneal; tell whether to anneal at all."""
        self.anneal_start = self.step
        self.anneal_steps = math.ceil(self.config.anneal_share * self.best_step)
        if isinstance(self.config.epochs, int):
            self.anneal_steps = (self.config.epochs - self.epochs) * self.steps_per_epoch
        if self.config.max_minutes:
            elapsed = time.perf_counter() - self.began
            left = max(0.0, 60 * self.config.max_minutes - elapsed)
            self.anneal_steps = min(self.anneal_steps, int(left / (elapsed / self.step)))
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)
            averages = self.model.optimizer._model_variables_moving_average
            for average, variable in zip(averages, self.model.trainable_variables, strict=True):
                average.assign(variable)
        return self.anneal_steps > 0


class TwoSampleScore(keras.callbacks.Callback):
    """Note how well boosted trees tell generated from held-out rows, after epochs 1, 2, 4, 8 and so on."""

    def __init__(self, held_out: np.ndarray, seed: int) -> None:
        super().__init__()
        self.held_out, self.seed = held_out[:SCORED_ROWS], seed
        self.epoch = 0
        self.latest = math.nan

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Score the averaged weights, which are in place while Keras validates."""
        self.epoch += 1
        due = self.epoch & (self.epoch - 1) == 0  # a power of two
        self.latest = self.score() if due else math.nan

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Put the score among the curves."""
        if logs is not None:
            logs["two_sample"] = self.latest
        self.latest = math.nan

    def score(self) -> float:
        """Return the score of the weights as they are."""
        generated = self.model.generate(len(self.held_out), seed=self.seed)
        return two_sample_score(self.held_out, generated, self.seed)


def train(
    model: keras.Model,
    codes: np.ndarray,
    split: Split,
    config: TrainingConfig,
    *,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: bool = False,
    name: str = "vae",
) -> Stage:
    """Train a model in place and leave it with the averaged weights of the end.

    Held-out rows tell how long to train. The annealing then learns from all rows, these included.

    Parameters
    ----------
    model : keras.Model
        A model with ``train_step`` and ``test_step`` on batches of codes, ``start_from`` and ``generate``.
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    split : Split
        Which rows to hold out.
    config : TrainingConfig
        How to train.
    callbacks : sequence of keras.callbacks.Callback
        The user's own callbacks; Keras runs twice, once for each part of the training.
    verbose : bool
        Whether to show progress on standard error.
    name : str
        What to call the stage.

    Returns
    -------
    Stage
        Training and validation losses, two-sample score, learning rate, seconds since the start; no
        validation while all rows are learned from.

    Raises
    ------
    TrainingDiverged
        If the validation loss is not a finite number.
    """
    learn, held_out = codes[split.learn], codes[split.held_out]
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
    join_workers(model)
    schedule, score = AnnealFromBest(config, steps, codes.shape[1]), TwoSampleScore(held_out, config.seed)
    own: list[Any] = [schedule, score, keras.callbacks.SwapEMAWeights()]
    if verbose:
        own.append(TrainingProgress(schedule.expected_epochs))
    last_epoch = config.epochs if isinstance(config.epochs, int) else 1_000_000
    plan: dict[str, Any] = {"epochs": last_epoch, "steps_per_epoch": steps, "shuffle": False, "verbose": 0}
    plan["callbacks"] = [*own, *callbacks]
    model.start_from(learn)
    validation = unshared(in_order(held_out, 2_048))
    parts = [model.fit(batches(learn, batch_size, config.seed), validation_data=validation, **plan).history]
    if schedule.start_annealing():
        everything = batches(codes, batch_size, config.seed)
        parts.append(model.fit(everything, initial_epoch=schedule.epochs, **plan).history)
        optimizer.finalize_variable_values(model.trainable_variables)
    curves = joined(parts)
    curves["two_sample"][-1] = score.score()
    return Stage(name, curves, schedule.ended or "a callback stopped it")


def joined(parts: Sequence[dict[str, list[float]]]) -> dict[str, list[float]]:
    """Return histories one after the other; NaN where one lacks a curve."""
    names = dict.fromkeys(name for part in parts for name in part)
    lengths = [len(next(iter(part.values()))) for part in parts]
    return {
        name: [
            float(v)
            for part, length in zip(parts, lengths, strict=True)
            for v in part.get(name, [math.nan] * length)
        ]
        for name in names
    }


def batches(codes: np.ndarray, batch_size: int, seed: int) -> tf.data.Dataset:
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
        .with_options(untuned())
    )


def in_order(codes: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Return batches of rows as they stand, once."""
    return tf.data.Dataset.from_tensor_slices(codes).batch(batch_size).with_options(untuned())


def untuned() -> tf.data.Options:
    """Return options without autotune: there is nothing to tune, and its thread holds up the end of a fit."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return options
