"""Rows of codes to latents, and latents to the rows that the decoder makes of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from tabgen.models.gan import LatentGAN
from tabgen.models.guided import GuidedModel
from tabgen.models.vae import JUDGED_AT_ONCE, ConditionalVAE


def latents_of(model: Any, codes: np.ndarray) -> np.ndarray:
    """Return the posterior means of the latents of rows of codes: float32, shape ``(rows, latent)``."""
    own = _autoencoder(model)
    means = [np.zeros((0, own.config.latent_dim), dtype=np.float32)]
    for start in range(0, len(codes), JUDGED_AT_ONCE):
        means.append(own.posterior(tf.constant(codes[start : start + JUDGED_AT_ONCE]))[0].numpy())
    return np.concatenate(means)


def rows_of(model: Any, latents: np.ndarray, rng: np.random.Generator, *, alike: bool = False) -> np.ndarray:
    """Return one row of codes for each latent.

    Parameters
    ----------
    model : keras.Model
        A fitted model, guided or not.
    latents : numpy.ndarray
        float32, shape ``(rows, latent)``.
    rng : numpy.random.Generator
        Source of all draws.
    alike : bool
        Whether all rows use the same random numbers, so that like latents make like rows.

    Returns
    -------
    numpy.ndarray
        int32, shape ``(rows, tokens)``.
    """
    own = _autoencoder(model)
    nothing = own.nothing_given(len(latents))
    context = own.evidence_context(nothing) + own.latent_net(tf.constant(latents))
    return own.draw(context, nothing, rng, stratified=False, alike=alike).codes


def _autoencoder(model: Any) -> ConditionalVAE:
    generator = model.generator if isinstance(model, GuidedModel) else model
    return generator.autoencoder if isinstance(generator, LatentGAN) else generator
