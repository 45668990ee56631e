"""A kind of model and rows of codes to the fitted model and its history, stage by stage."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf

from tabgen.encoding.layout import Layout
from tabgen.errors import TrainingDiverged
from tabgen.history import INTERRUPTED
from tabgen.models.adversarial import Contest, play
from tabgen.models.checkpoint import Checkpoint, Place
from tabgen.models.discriminator import fit_discriminator
from tabgen.models.gan import LatentGAN, gan_config
from tabgen.models.guided import GuidedModel
from tabgen.models.interruption import Interruption
from tabgen.models.sizes import VAEConfig, vae_config
from tabgen.models.training import Split, Stage, TrainingConfig, split_rows, train
from tabgen.models.twosample import FEWEST_ROWS
from tabgen.models.vae import ConditionalVAE

MOST_JUDGED = 50_000  # real rows that the discriminator learns from
JUDGED_AGAINST = 2  # rows generated for each real one, to fit the discriminator to
STEPS_OF_AUTOENCODER = 1_500  # before annealing: the more latents say, the harder they are to make
MINUTES_OF_AUTOENCODER = 0.5  # share of the time budget
GENTLER = 1 / 3  # of the learning rate, after training diverged
LEAST_MINUTES = 0.1  # share of the time budget that a second attempt has

Result = TypeVar("Result")


@dataclass(frozen=True)
class Fitted:
    """A fitted model with what there is to tell of its training.

    Attributes
    ----------
    model : keras.Model
        The model, without the state of optimizers.
    stages : tuple of Stage
        How training went.
    """

    model: keras.Model
    stages: tuple[Stage, ...]


@dataclass(frozen=True)
class Task:
    """What every kind of model is fitted to, and how.

    Attributes
    ----------
    layout : Layout
        The tokens.
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    config : TrainingConfig
        How to train.
    latent_dim : int
        Width of the latent.
    callbacks : sequence of keras.callbacks.Callback
        The user's own callbacks.
    verbose : bool
        Whether to show progress on standard error.
    checkpoint : Checkpoint or None
        Where the state of training is kept.
    stop : Interruption
        Whether the user wants an end.
    """

    layout: Layout
    codes: np.ndarray
    config: TrainingConfig
    latent_dim: int
    callbacks: Sequence[keras.callbacks.Callback] = ()
    verbose: bool = False
    checkpoint: Checkpoint | None = None
    stop: Interruption = field(default_factory=Interruption)

    @property
    def split(self) -> Split:
        """The rows to learn from and the rows held out."""
        return split_rows(len(self.codes), self.config)


def open_checkpoint(path: str | os.PathLike[str], kind: str, task: Task) -> Checkpoint:
    """Return the checkpoint of a fit, with the state that it was left in if there is a file.

    Raises
    ------
    ModelFileError
        If the file is of another fit, or no checkpoint.
    """
    table = hashlib.sha256(json.dumps([repr(task.layout), task.codes.shape]).encode())
    table.update(task.codes.tobytes())
    versions = {module.__name__: module.__version__ for module in (keras, tf, np)}  # of which bits may depend
    settings = {"model": kind, "latent_dim": task.latent_dim, **asdict(task.config)}
    identity = {"table": table.hexdigest(), **settings, **versions}
    return Checkpoint(path, identity, task.config.seed)


def fit_model(kind: str, task: Task) -> Fitted:
    """Fit a model of a kind: ``"vae"``, ``"gan"`` or ``"vae-gan"``."""
    match kind:
        case "vae":
            return fit_vae(task)
        case "gan":
            return fit_gan(task)
        case "vae-gan":
            return fit_vae_gan(task)
    raise ValueError(f'model must be "vae", "gan" or "vae-gan", but is {kind!r}.')


def fit_vae(task: Task) -> Fitted:
    """Fit a variational autoencoder with a column-causal decoder."""
    sizes = vae_config(task.layout, task.codes, task.latent_dim, task.config.seed)
    model, stage = _train_vae(task, sizes, task.config, "vae")
    return Fitted(model, (stage,))


def fit_vae_gan(task: Task) -> Fitted:
    """Fit the autoencoder, then a discriminator that guides what is drawn from it."""
    return _guide(task, fit_vae(task))


def fit_gan(task: Task) -> Fitted:
    """Fit an autoencoder, a generator of its latents against a critic, and a discriminator to guide it."""
    sizes = gan_config(task.layout, task.codes, task.config.seed)
    minutes = task.config.max_minutes
    own = replace(
        task.config,
        max_minutes=minutes and MINUTES_OF_AUTOENCODER * minutes,
        hold_steps=STEPS_OF_AUTOENCODER,
    )
    autoencoder, first = _train_vae(task, sizes.autoencoder, own, "autoencoder")
    left = 60 * minutes * (1 - MINUTES_OF_AUTOENCODER) if minutes else math.inf

    def contest_at(factor: float, attempt: int) -> tuple[LatentGAN, Stage]:
        gan, plan = LatentGAN(sizes), Contest()
        gan.autoencoder.set_weights(autoencoder.get_weights())
        plan = replace(
            plan, generator_rate=factor * plan.generator_rate, critic_rate=factor * plan.critic_rate
        )
        own: dict[str, Any] = {"callbacks": task.callbacks, "stop": task.stop}
        place = Place(task.checkpoint, "contest", attempt)
        stage = play(gan, task.codes, task.split, task.config, plan, max_seconds=left, place=place, **own)
        return gan, stage

    gan, contest = _gently(contest_at)
    trained = LatentGAN(sizes)  # without the state of optimizers
    trained.set_weights(gan.get_weights())
    return _guide(task, Fitted(trained, (first, contest)))


def _train_vae(
    task: Task, sizes: VAEConfig, config: TrainingConfig, name: str
) -> tuple[ConditionalVAE, Stage]:
    """Return a trained autoencoder; of a fit that was killed after this stage, the one that was kept."""
    trained = ConditionalVAE(sizes)  # without the optimizer's state, twice the size of the weights
    done = Place(task.checkpoint, f"{name}, done")
    if done.state is not None:
        trained.set_weights(list(done.state.arrays["weights"]))
        return trained, Stage(**done.state.facts["stage"])
    began, rate = time.perf_counter(), config.rate(len(task.split.learn))

    def train_at(factor: float, attempt: int) -> tuple[ConditionalVAE, Stage]:
        minutes = config.max_minutes
        if minutes and attempt:
            minutes = max(minutes - (time.perf_counter() - began) / 60, LEAST_MINUTES * minutes)
        own = replace(config, learning_rate=factor * rate, max_minutes=minutes)
        model, place = ConditionalVAE(sizes), Place(task.checkpoint, name, attempt)
        how: dict[str, Any] = {"callbacks": task.callbacks, "verbose": task.verbose, "stop": task.stop}
        return model, train(model, task.codes, task.split, own, name=name, place=place, **how)

    model, stage = _gently(train_at)
    trained.set_weights(model.get_weights())
    if not task.stop.asked:
        done.put({"stage": asdict(stage)}, weights=trained.get_weights())
    return trained, stage


def _gently(attempt: Callable[[float, int], Result]) -> Result:
    """Train; if that diverges, train anew at a lower learning rate."""
    try:
        return attempt(1.0, 0)
    except TrainingDiverged as error:
        warnings.warn(
            f"{error} It is tried once more at a third of the learning rate.", RuntimeWarning, stacklevel=2
        )
        return attempt(GENTLER, 1)


def _guide(task: Task, fitted: Fitted) -> Fitted:
    """Fit a discriminator to what a generator draws and join the two; too few rows can do without."""
    codes, split, seed = task.codes, task.split, task.config.seed
    if len(split.held_out) < FEWEST_ROWS or task.stop.asked:
        return Fitted(GuidedModel(fitted.model, None), fitted.stages)
    learn = np.random.default_rng(seed).permutation(split.learn)[:MOST_JUDGED]
    try:
        generated, fresh = (
            fitted.model.generate(rows, seed=np.random.SeedSequence([seed, turn]))
            for turn, rows in enumerate((JUDGED_AGAINST * len(learn), len(split.held_out)))
        )
        discriminator, stage = fit_discriminator(codes[learn], codes[split.held_out], generated, fresh, seed)
    except KeyboardInterrupt:
        task.stop.asked = True
        task.stop.say()
        *before, last = fitted.stages
        return Fitted(GuidedModel(fitted.model, None), (*before, replace(last, ended=INTERRUPTED)))
    model = GuidedModel(fitted.model, discriminator)
    model.learn_shares(codes)
    return Fitted(model, (*fitted.stages, stage))
