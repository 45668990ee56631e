"""Diagonal Gaussians: what heads of a network say of them, their densities and divergence."""

from __future__ import annotations

import tensorflow as tf

MOST_LOG_VAR = 6.0  # standard deviations of latents from 1/20 to 20


def gaussian(heads: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return mean and log variance, bounded so that no step blows them up: ``(batch, latent)`` each."""
    mean, log_var = tf.split(heads, 2, axis=1)
    return mean, tf.clip_by_value(log_var, -MOST_LOG_VAR, MOST_LOG_VAR)


def gaussian_kl(
    mean: tf.Tensor, log_var: tf.Tensor, prior_mean: tf.Tensor, prior_log_var: tf.Tensor
) -> tf.Tensor:
    """Return KL(q || p) of two diagonal Gaussians, shape ``(batch,)``, in nats."""
    ratio = tf.exp(log_var - prior_log_var)
    distance = tf.square(mean - prior_mean) * tf.exp(-prior_log_var)
    return tf.reduce_sum(ratio + distance - 1 - log_var + prior_log_var, axis=1) / 2


def normal_log_density(at: tf.Tensor, mean: tf.Tensor, log_var: tf.Tensor) -> tf.Tensor:
    """Return the log density of a diagonal Gaussian, less a constant, shape ``(batch,)``."""
    return -tf.reduce_sum(log_var + tf.square(at - mean) * tf.exp(-log_var), axis=1) / 2
