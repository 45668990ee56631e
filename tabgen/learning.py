"""Tidy rows and training settings to a trained model and its history, with a checkpoint on the way."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from tabgen.encoding import TableEncoder
from tabgen.history import history_of
from tabgen.settings import training_settings
from tabgen.wholefiles import check_target

if TYPE_CHECKING:
    import keras

    from tabgen.models import TrainingConfig


@dataclass(frozen=True)
class Learning:
    """How to train, and where to keep the state of training.

    Attributes
    ----------
    kind : str
        Kind of model.
    config : TrainingConfig
        How to train it.
    latent_dim : int
        Width of the latent.
    callbacks : sequence of keras.callbacks.Callback
        The user's own callbacks.
    verbose : bool
        Whether to show progress.
    checkpoint : path or None
        Where to keep the state.
    """

    kind: str
    config: TrainingConfig
    latent_dim: int
    callbacks: Sequence[keras.callbacks.Callback]
    verbose: bool
    checkpoint: str | os.PathLike[str] | None

    @property
    def seed(self) -> int:
        """Seed of all that is drawn while a table is learned."""
        return self.config.seed


def plan_learning(
    gan: Any, callbacks: Sequence[keras.callbacks.Callback], checkpoint: str | os.PathLike[str] | None
) -> Learning:
    """Return how an estimator is to learn, or say which parameter is wrong.

    Parameters
    ----------
    gan : TabularGAN
        Its parameters are looked at.
    callbacks : sequence of keras.callbacks.Callback
        The user's own callbacks.
    checkpoint : path or None
        Where to keep the state; without a seed of the estimator's, that of the fit that left it goes on.
    """
    config = training_settings(gan)
    if checkpoint is not None:
        if gan.privacy is not None:
            raise ValueError(
                "checkpoint cannot go with privacy: what it holds is not in the budget. Leave it out."
            )
        check_target(checkpoint, force=True)
        from tabgen.models import seed_of

        seed = seed_of(checkpoint)
        if seed is not None and gan.random_state is None:
            config = replace(config, seed=seed)
    return Learning(gan.model, config, int(gan.latent_dim), callbacks, bool(gan.verbose), checkpoint)


def learn(plan: Learning, encoder: TableEncoder, tidy: pd.DataFrame) -> tuple[Any, pd.DataFrame]:
    """Return a trained model and its history; the checkpoint is deleted when training was not cut short.

    Parameters
    ----------
    plan : Learning
        How to train.
    encoder : TableEncoder
        A fitted one.
    tidy : pandas.DataFrame
        The rows.
    """
    from tabgen.models import Task, fit_model, open_checkpoint

    if not encoder.layout.tokens:
        return None, history_of(())
    codes = encoder.encode(tidy)
    task = Task(encoder.layout, codes, plan.config, plan.latent_dim, plan.callbacks, plan.verbose)
    if plan.checkpoint is not None:
        task = replace(task, checkpoint=open_checkpoint(plan.checkpoint, plan.kind, task))
    fitted = fit_model(plan.kind, task)
    if task.checkpoint is not None and not task.stop.asked:
        task.checkpoint.remove()
    return fitted.model, history_of(fitted.stages)
