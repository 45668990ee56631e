"""The conditional GAN: noise and evidence to latents that a critic cannot tell from those of real rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tabgen.encoding.layout import Layout
from tabgen.models.optimizer import FusedAdam
from tabgen.models.sampling import Allowed
from tabgen.models.sizes import VAEConfig, vae_config
from tabgen.models.vae import ConditionalVAE

LATENT, CONTEXT = 32, 256  # widths of the latent and of what evidence and latent are turned into
BETA, DROPOUT = 0.4, 0.1  # of the autoencoder
FREQUENCIES = (1, 2, 4)  # of the sines and cosines of each latent that generator and critic see


@dataclass(frozen=True)
class GANConfig:
    """Everything that defines the network, so that it can be built again from JSON.

    Attributes
    ----------
    autoencoder : VAEConfig
        The networks between codes and latents.
    width, depth : int
        Hidden units in a layer of generator and critic, and number of layers.
    penalty : float
        Weight of the gradient penalties (gamma of R3GAN).
    averaging : float
        Momentum of the moving average of the generator's weights, which draws the samples.
    """

    autoencoder: VAEConfig
    width: int = 160
    depth: int = 3
    penalty: float = 0.05
    averaging: float = 0.995


def gan_config(layout: Layout, codes: np.ndarray, seed: int) -> GANConfig:
    """Choose the sizes of the networks for rows of codes, shape ``(rows, tokens)``.

    The latent has to say what parents' tables do not: a weak pull to the prior lets it.
    """
    sizes = vae_config(layout, codes, LATENT, seed)
    return GANConfig(replace(sizes, causal=False, beta=BETA, context=CONTEXT, dropout=DROPOUT))


@keras.saving.register_keras_serializable("tabgen")
class LatentGAN(keras.Model):
    """A generator of latents against a critic, both given any subset of columns as evidence.

    An autoencoder turns rows into latents and latents into rows. The generator, z = prior(noise) +
    net(noise, evidence), starts as the autoencoder's prior and learns the law of the latents of real
    rows in a zero-sum game with the relativistic loss and both gradient penalties of R3GAN (Huang et
    al. 2024). Real and generated latents are paired: they share their evidence.

    Parameters
    ----------
    config : GANConfig or dict
        The sizes of the networks.
    """

    def __init__(self, config: GANConfig | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(config, dict):
            config = GANConfig(**{**config, "autoencoder": VAEConfig.from_json(config["autoencoder"])})
        self.config = config
        self.autoencoder = ConditionalVAE(config.autoencoder)
        self.autoencoder.trainable = False
        self.space = self.autoencoder.space
        self.seeds = keras.random.SeedGenerator(config.autoencoder.seed)
        latent, context = config.autoencoder.latent_dim, config.autoencoder.context
        self.generator = residual_net(latent, context, latent, config, self.seeds, head_scale=0.02)
        self.averaged = residual_net(latent, context, latent, config, self.seeds, head_scale=0.02)
        self.averaged.set_weights(self.generator.get_weights())
        self.averaged.trainable = False
        self.critic = residual_net(latent, context, 1, config, self.seeds, head_scale=1.0)
        self.latent_mean = self.add_weight(
            shape=(latent,), initializer="zeros", trainable=False, name="latent_mean"
        )
        self.latent_scale = self.add_weight(
            shape=(latent,), initializer="ones", trainable=False, name="latent_scale"
        )
        names = ("generator_loss", "critic_loss", "gradient_penalty", "real_accuracy", "generated_accuracy")
        self.trackers = [keras.metrics.Mean(name) for name in names]
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return what ``from_config`` needs to build the same network."""
        return {"config": asdict(self.config)}

    def compile_adversaries(self, generator_rate: float, critic_rate: float) -> None:
        """Give generator and critic their optimizers, the critic the faster one."""
        super().compile()
        self.generator_optimizer = FusedAdam(generator_rate, beta_1=0.0, beta_2=0.99)
        self.critic_optimizer = FusedAdam(critic_rate, beta_1=0.0, beta_2=0.99)
        self.generator_optimizer.build(self.generator.trainable_variables)
        self.critic_optimizer.build(self.critic.trainable_variables)

    def start_from(self, codes: np.ndarray) -> None:
        """Take location and scale of the latents of rows of codes, ``(rows, tokens)``."""
        means, variances = [], []
        for start in range(0, len(codes), 4_096):
            mean, log_var = self.autoencoder.posterior(tf.constant(codes[start : start + 4_096]))
            means.append(mean.numpy())
            variances.append(np.exp(log_var.numpy()))
        mean = np.concatenate(means)
        self.latent_mean.assign(mean.mean(axis=0))
        self.latent_scale.assign(np.sqrt(mean.var(axis=0) + np.concatenate(variances).mean(axis=0)))

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The tracked averages: both losses, gradient penalty, accuracies of the critic."""
        return self.trackers

    def real_latents(self, codes: tf.Tensor) -> tf.Tensor:
        """Return standardised latents of real rows, drawn from their posterior: ``(batch, latent)``."""
        mean, log_var = self.autoencoder.posterior(codes)
        latent = mean + tf.exp(log_var / 2) * keras.random.normal(tf.shape(mean), seed=self.seeds)
        return (latent - self.latent_mean) / self.latent_scale

    def generated_latents(self, generator: keras.Model, noise: tf.Tensor, context: tf.Tensor) -> tf.Tensor:
        """Return standardised latents made of noise, shape ``(batch, latent)``, under a context."""
        mean, log_var = self.autoencoder.prior(context)
        start = (mean + tf.exp(log_var / 2) * noise - self.latent_mean) / self.latent_scale
        return start + generator([noise, context])

    def train_step(self, codes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Take one step of the critic and one of the generator on a batch of codes."""
        context = self._context(codes, self.autoencoder.draw_evidence(tf.shape(codes)[0]))
        real, noise = self.real_latents(codes), self._noise(codes)
        with tf.GradientTape() as tape:
            fake = self.generated_latents(self.generator, noise, context)
            real_score, fake_score, penalty = self._judge(real, tf.stop_gradient(fake), context)
            critic_loss = tf.reduce_mean(tf.nn.softplus(fake_score - real_score))
            loss = critic_loss + self.config.penalty / 2 * penalty
        variables = self.critic.trainable_variables
        self.critic_optimizer.apply(tape.gradient(loss, variables), variables)
        with tf.GradientTape() as tape:
            fake = self.generated_latents(self.generator, noise, context)
            gap = self.critic([fake, context]) - self.critic([real, context])
            generator_loss = tf.reduce_mean(tf.nn.softplus(-gap))
        variables = self.generator.trainable_variables
        self.generator_optimizer.apply(tape.gradient(generator_loss, variables), variables)
        for average, weight in zip(self.averaged.weights, self.generator.weights, strict=True):
            average.assign_add((1 - self.config.averaging) * (weight - average))
        return self._track(generator_loss, critic_loss, penalty, real_score, fake_score)

    def test_step(self, codes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Let the critic judge held-out rows against the averaged generator, without evidence."""
        context = self._context(codes, tf.zeros(tf.shape(codes)))
        fake = self.generated_latents(self.averaged, self._noise(codes), context)
        real_score, fake_score, penalty = self._judge(self.real_latents(codes), fake, context)
        gap = fake_score - real_score
        losses = tf.reduce_mean(tf.nn.softplus(-gap)), tf.reduce_mean(tf.nn.softplus(gap))
        return self._track(*losses, penalty, real_score, fake_score)

    def generate(
        self,
        n: int,
        *,
        evidence: np.ndarray | None = None,
        seed: int | np.random.SeedSequence | None = None,
        stratified: bool = True,
    ) -> np.ndarray:
        """Draw new rows of codes; see `tabgen.models.vae.ConditionalVAE.generate`."""
        rng = np.random.default_rng(seed)
        own = self.autoencoder
        given = own.nothing_given(n) if evidence is None else evidence
        context = own.evidence_context(given)
        context += own.latent_net(self._drawn_latents(context, rng))
        codes = own.draw(context, given, rng, stratified=stratified).codes
        return rng.permutation(codes) if evidence is None else codes

    def propose(
        self, evidence: np.ndarray, allowed: Allowed, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows that keep evidence; see `tabgen.models.vae.ConditionalVAE.propose`.

        Latents are drawn under the evidence; those from which the decoder would have drawn it itself weigh
        more (likelihood weighting, Fung & Chang 1990).
        """
        own = self.autoencoder
        latents = self._drawn_latents(own.evidence_context(evidence), rng)
        drawn = own.draw(own.latent_net(latents), evidence, rng, allowed=allowed, stratified=True)
        return drawn.codes, drawn.log_given

    def _drawn_latents(self, context: tf.Tensor, rng: np.random.Generator) -> tf.Tensor:
        """Return generated latents on the scale of the autoencoder, shape ``(rows, latent)``."""
        width = self.config.autoencoder.latent_dim
        noise = tf.constant(rng.standard_normal((len(context), width), dtype=np.float32))
        return self.latent_mean + self.latent_scale * self.generated_latents(self.averaged, noise, context)

    def _context(self, codes: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
        return self.autoencoder.context_of(self.autoencoder.embedding(codes), visible)

    def _noise(self, codes: tf.Tensor) -> tf.Tensor:
        return keras.random.normal((tf.shape(codes)[0], self.config.autoencoder.latent_dim), seed=self.seeds)

    def _judge(
        self, real: tf.Tensor, fake: tf.Tensor, context: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Return the critic's scores of real and generated latents, and its squared gradients there."""
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([real, fake])
            real_score, fake_score = self.critic([real, context]), self.critic([fake, context])
        slopes = tape.gradient(real_score, real), tape.gradient(fake_score, fake)
        penalty = tf.add_n([tf.reduce_mean(tf.reduce_sum(tf.square(slope), axis=1)) for slope in slopes])
        return real_score, fake_score, penalty

    def _track(
        self,
        generator_loss: tf.Tensor,
        critic_loss: tf.Tensor,
        penalty: tf.Tensor,
        real_score: tf.Tensor,
        fake_score: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        """Update the averages; rows count as told apart where their score is on their side of the middle."""
        middle = (tf.reduce_mean(real_score) + tf.reduce_mean(fake_score)) / 2
        right = tf.cast(real_score > middle, tf.float32), tf.cast(fake_score < middle, tf.float32)
        values = generator_loss, critic_loss, penalty, *map(tf.reduce_mean, right)
        for tracker, value in zip(self.trackers, values, strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.trackers}


def residual_net(
    latent: int,
    context: int,
    outputs: int,
    config: GANConfig,
    seed: keras.random.SeedGenerator,
    *,
    head_scale: float,
) -> keras.Model:
    """Return a residual network of a latent and a context; a faint head starts it near zero."""
    normal = keras.initializers.HeNormal(seed=seed)
    inputs = keras.Input((latent,)), keras.Input((context,))
    waves = [wave(k * inputs[0]) for k in FREQUENCIES for wave in (keras.ops.sin, keras.ops.cos)]
    merged = keras.layers.Concatenate()([*inputs, *waves])
    hidden = keras.layers.Dense(config.width, activation="silu", kernel_initializer=normal)(merged)
    for _ in range(config.depth):
        step = keras.layers.Dense(config.width, activation="silu", kernel_initializer=normal)(hidden)
        hidden = keras.layers.Add()([hidden, step])
    faint = keras.initializers.RandomNormal(stddev=head_scale / config.width**0.5, seed=seed)
    return keras.Model(list(inputs), keras.layers.Dense(outputs, kernel_initializer=faint)(hidden))
