"""Validation losses to a schedule: warm up, hold, then anneal from the best weights seen."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from tabgen.errors import TrainingDiverged
from tabgen.history import ENOUGH

if TYPE_CHECKING:
    from tabgen.models.training import TrainingConfig

STEPS_BY_TOKENS = 128_000  # most steps times tokens before annealing: each token makes a step dearer
EARLY_STEPS = 2_000  # before so many steps more gain is asked for ...
MOST_EAGER = 6.0  # ... up to so many times as much
STATE = (
    "step", "best_step", "epochs", "best_loss", "milestone", "milestone_step", "rate", "anneal_start",
    "anneal_steps", "ended",
)  # fmt: skip


class AnnealFromBest(keras.callbacks.Callback):
    """Warm up, hold the learning rate, then anneal it to zero from the best weights seen.

    The moving average of the weights is what validation sees and what is kept. The hold ends when
    validation stops improving, at ``hold_steps``, at the planned share of ``epochs``, or when the
    time budget calls for the end; the annealing then starts from the best average, never from a hot
    or overfitted state. Hold and annealing are two runs of Keras, for they learn from different rows.
    """

    def __init__(self, config: TrainingConfig, rows: int, steps_per_epoch: int, tokens: int) -> None:
        super().__init__()
        self.config, self.steps_per_epoch = config, steps_per_epoch
        self.peak, self.patience = config.rate(rows), config.patient_steps(rows)
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

    def state(self) -> dict[str, Any]:
        """Return what has been seen and decided, the best weights aside."""
        return {
            **{name: getattr(self, name) for name in STATE},
            "elapsed": time.perf_counter() - self.began,
        }

    def restore(self, facts: Mapping[str, Any]) -> None:
        """Take back what was seen and decided."""
        for name in STATE:
            setattr(self, name, facts[name])
        self.began = time.perf_counter() - facts["elapsed"]

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        if self.step == 0:
            self.began = time.perf_counter()

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Set the learning rate of the next step."""
        rate = self.peak * min(1.0, (self.step + 1) / self.config.warm_up)
        if self.anneal_start is not None:
            done = (self.step - self.anneal_start) / self.anneal_steps
            rate *= (1 + math.cos(math.pi * min(done, 1.0))) / 2
        self.model.optimizer.learning_rate.assign(rate)
        self.rate = rate
        self.step += 1

    def on_test_end(self, logs: dict[str, float] | None = None) -> None:
        """Keep the averaged weights if they are the best so far."""
        loss = (logs or {}).get("loss", math.nan)
        self._refuse("validation", loss)
        if loss < self.best_loss:
            self.best_loss, self.best_step = loss, self.step
            self.best_weights = self.model.get_weights()
        if loss < self.milestone - self.config.least_gain * self._eagerness:
            self.milestone, self.milestone_step = loss, self.step

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Decide whether to go on, to anneal or to stop."""
        if logs is not None:
            self._refuse("training", logs.get("loss", math.nan))
            logs["learning_rate"] = self.rate
            logs["seconds"] = time.perf_counter() - self.began
        over = self._hold_is_over(epoch) if self.anneal_start is None else self.step >= self.last_step
        self.model.stop_training = self.model.stop_training or over
        self.epochs = epoch + 1

    @property
    def _eagerness(self) -> float:
        """How many times the least gain is asked for: losses fall like 1 / steps."""
        return float(np.clip(EARLY_STEPS / max(self.step, 1), 1.0, MOST_EAGER))

    def _refuse(self, kind: str, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingDiverged(
                f"Training diverged: the {kind} loss became {loss} at step {self.step}. "
                f"Lower learning_rate (it is {self.peak:g})."
            )

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
        elif self.step - self.milestone_step >= self.patience:
            self.ended = ENOUGH
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
