"""A model and rows of codes to a trained model and its history: schedule, best weights, progress."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from tabgen.history import INTERRUPTED
from tabgen.models.annealing import AnnealFromBest
from tabgen.models.batches import batches, in_order
from tabgen.models.checkpoint import Parts, Place, Recorder
from tabgen.models.interruption import Interruption
from tabgen.models.optimizer import FusedAdam
from tabgen.models.progress import TrainingProgress
from tabgen.models.twosample import two_sample_score
from tabgen.models.workers import join_workers, unshared

PATIENCE, PATIENT_ROWS = 200, 256  # steps of batches of up to as many rows; larger ones wait fewer
RATE, RATE_ROWS = 2e-3, 128  # learning rate of batches of up to as many rows; larger ones ...
MOST_TIMES = 4.0  # ... up to as many times as large, have more, by the root
DECAY_ROWS = 20_000  # weight decay is this over the number of rows ...
MOST_DECAY = 4.0  # ... up to here
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
    learning_rate : float or "auto"
        Peak rate of AdamW; "auto" grows with the root of the batch size.
    beta_2, clip_norm, ema : float
        Settings of AdamW and of the moving average of weights that is validated and kept.
    weight_decay : float or "auto"
        Decay of kernels in AdamW; "auto" chooses by the size of the table, more for fewer rows.
    warm_up : int
        Steps over which the learning rate rises.
    validation_share : float
        Share of rows held out to judge the weights.
    validation_rows : int
        Most rows to hold out.
    patience : int or "auto"
        With ``epochs="auto"``: annealing begins after as many steps without the least gain; "auto" chooses
        by the batch size.
    least_gain : float
        Nats a row by which the validation loss must fall in that time; before 2,000 steps it must fall by
        more, up to six times as many.
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
    learning_rate: float | str = "auto"
    weight_decay: float | str = "auto"
    beta_2: float = 0.99
    clip_norm: float = 5.0
    ema: float = 0.99
    warm_up: int = 100
    validation_share: float = 0.1
    validation_rows: int = 4_000
    patience: int | str = "auto"
    least_gain: float = 0.01
    hold_steps: int = 3_000
    anneal_share: float = 0.35
    seed: int = 0

    def decay(self, rows: int) -> float:
        """Return the weight decay for a table of ``rows`` training rows."""
        if isinstance(self.weight_decay, str):
            return min(DECAY_ROWS / rows, MOST_DECAY)
        return self.weight_decay

    def rate(self, rows: int) -> float:
        """Return the peak learning rate for a table of ``rows`` training rows."""
        if isinstance(self.learning_rate, str):
            times = float(np.clip(self.rows_per_step(rows) / RATE_ROWS, 1.0, MOST_TIMES))
            return RATE * math.sqrt(times)  # gradients with less noise bear longer steps (Krizhevsky 2014)
        return self.learning_rate

    def patient_steps(self, rows: int) -> int:
        """Return for how many steps to wait for a gain with a table of ``rows`` training rows."""
        if isinstance(self.patience, str):
            return round(PATIENCE * min(1.0, math.sqrt(PATIENT_ROWS / self.rows_per_step(rows))))
        return self.patience

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


class TwoSampleScore(keras.callbacks.Callback):
    """Note how well boosted trees tell generated from held-out rows, after epochs 1, 4, 16 and so on."""

    def __init__(self, held_out: np.ndarray, seed: int) -> None:
        super().__init__()
        self.held_out, self.seed = held_out[:SCORED_ROWS], seed
        self.epoch = 0
        self.latest = math.nan

    def state(self) -> dict[str, Any]:
        """Return how many epochs were seen."""
        return {"epoch": self.epoch}

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take back how many epochs were seen."""
        self.epoch = facts["epoch"]

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Score the averaged weights, which are in place while Keras validates."""
        self.epoch += 1
        due = math.log2(self.epoch) % 2 == 0  # a power of four
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
    place: Place | None = None,
    stop: Interruption | None = None,
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
    place : Place, optional
        Where the state is kept, and taken from if there is any; the user's callbacks keep none.
    stop : Interruption, optional
        Whether the user wants an end; the best weights so far are then left in the model.

    Returns
    -------
    Stage
        Training and validation losses, two-sample score, learning rate, seconds since the start; no
        validation while all rows are learned from.

    Raises
    ------
    TrainingDiverged
        If a loss is not a finite number.
    """
    learn, held_out = codes[split.learn], codes[split.held_out]
    batch_size = config.rows_per_step(len(learn))
    steps = int(np.clip(math.ceil(len(learn) / batch_size), FEWEST_STEPS, MOST_STEPS))
    optimizer = FusedAdam(
        config.rate(len(learn)),
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
    schedule = AnnealFromBest(config, len(learn), steps, codes.shape[1])
    score = TwoSampleScore(held_out, config.seed)
    stop = Interruption() if stop is None else stop
    parts = Parts(model, (model.seeds,), (optimizer,), (schedule, score))
    recorder = Recorder(parts, Place() if place is None else place, stop)
    own: list[Any] = [schedule, score, keras.callbacks.SwapEMAWeights()]
    if verbose:
        own.append(TrainingProgress(schedule.expected_epochs))
    last_epoch = config.epochs if isinstance(config.epochs, int) else 1_000_000
    plan: dict[str, Any] = {"epochs": last_epoch, "steps_per_epoch": steps, "shuffle": False, "verbose": 0}
    plan["callbacks"] = [*own, *callbacks, stop, recorder]
    for callback in (schedule, score):
        callback.set_model(model)  # also where training had ended already, so that Keras does not
    if not recorder.restore():
        model.start_from(learn)
    with stop:
        if schedule.anneal_start is None:
            if not recorder.over:
                shuffled = batches(learn, batch_size, config.seed, schedule.step)
                held = unshared(in_order(held_out, 2_048))
                model.fit(shuffled, validation_data=held, initial_epoch=schedule.epochs, **plan)
            recorder.over = not schedule.start_annealing() or stop.asked
        if not recorder.over:
            shuffled = batches(codes, batch_size, config.seed, schedule.step - (schedule.anneal_start or 0))
            model.fit(shuffled, initial_epoch=schedule.epochs, **plan)
        if schedule.step > (schedule.anneal_start or 0):
            optimizer.finalize_variable_values(model.trainable_variables)
        curves = recorder.curves
        curves["two_sample"][-1] = score.score()
    ended = INTERRUPTED if stop.asked else schedule.ended or "a callback stopped it"
    return Stage(name, curves, ended)
