"""A kind of model and rows of codes to the fitted model and its history, stage by stage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import keras
import numpy as np

from tabgen.encoding.layout import Layout
from tabgen.models.adversarial import Contest, play
from tabgen.models.discriminator import fit_discriminator
from tabgen.models.gan import LatentGAN, gan_config
from tabgen.models.guided import GuidedModel
from tabgen.models.training import Split, Stage, TrainingConfig, split_rows, train
from tabgen.models.twosample import FEWEST_ROWS
from tabgen.models.vae import ConditionalVAE, VAEConfig, vae_config

MOST_JUDGED = 50_000  # real rows that the discriminator learns from
JUDGED_AGAINST = 2  # rows generated for each real one, to fit the discriminator to
STEPS_OF_AUTOENCODER = 1_500  # before annealing: the more latents say, the harder they are to make
MINUTES_OF_AUTOENCODER = 0.5  # share of the time budget


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
    """

    layout: Layout
    codes: np.ndarray
    config: TrainingConfig
    latent_dim: int
    callbacks: Sequence[keras.callbacks.Callback] = ()
    verbose: bool = False

    @property
    def split(self) -> Split:
        """The rows to learn from and the rows held out."""
        return split_rows(len(self.codes), self.config)


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
    gan = LatentGAN(sizes)
    gan.autoencoder.set_weights(autoencoder.get_weights())
    left = 60 * minutes * (1 - MINUTES_OF_AUTOENCODER) if minutes else math.inf
    contest = play(
        gan, task.codes, task.split, task.config, Contest(), max_seconds=left, callbacks=task.callbacks
    )
    trained = LatentGAN(sizes)  # without the state of optimizers
    trained.set_weights(gan.get_weights())
    return _guide(task, Fitted(trained, (first, contest)))


def _train_vae(
    task: Task, sizes: VAEConfig, config: TrainingConfig, name: str
) -> tuple[ConditionalVAE, Stage]:
    model = ConditionalVAE(sizes)
    stage = train(
        model, task.codes, task.split, config, callbacks=task.callbacks, verbose=task.verbose, name=name
    )
    trained = ConditionalVAE(sizes)  # without the optimizer's state, twice the size of the weights
    trained.set_weights(model.get_weights())
    return trained, stage


def _guide(task: Task, fitted: Fitted) -> Fitted:
    """Fit a discriminator to what a generator draws and join the two; too few rows can do without."""
    codes, split, seed = task.codes, task.split, task.config.seed
    if len(split.held_out) < FEWEST_ROWS:
        return Fitted(GuidedModel(fitted.model, None), fitted.stages)
    learn = np.random.default_rng(seed).permutation(split.learn)[:MOST_JUDGED]
    generated, fresh = (
        fitted.model.generate(rows, seed=np.random.SeedSequence([seed, turn]))
        for turn, rows in enumerate((JUDGED_AGAINST * len(learn), len(split.held_out)))
    )
    discriminator, stage = fit_discriminator(codes[learn], codes[split.held_out], generated, fresh, seed)
    model = GuidedModel(fitted.model, discriminator)
    model.learn_shares(codes)
    return Fitted(model, (*fitted.stages, stage))
