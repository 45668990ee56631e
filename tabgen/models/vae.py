"""The conditional variational autoencoder: rows of codes to a likelihood, and new rows of codes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from scipy.special import logsumexp

from tabgen.models.decoder import CausalDecoder, LatentDecoder
from tabgen.models.forward import decoder_arrays
from tabgen.models.gaussian import gaussian, gaussian_kl, normal_log_density
from tabgen.models.layers import TokenEmbedding, log_likelihood, mlp
from tabgen.models.parents import ParentTables
from tabgen.models.sampling import Allowed, Drawn, draw_codes
from tabgen.models.sizes import VAEConfig

JUDGED_AT_ONCE = 8_192  # rows


@keras.saving.register_keras_serializable("tabgen")
class ConditionalVAE(keras.Model):
    """A VAE whose decoder draws token after token, given any subset of columns as evidence.

    p(x_rest | x_S) = integral over z of p(z | x_S) prod_t p(x_t | x_<t, c(x_S), z), after Kingma &
    Welling (2014) and Sohn et al. (2015). The decoder is strong, so with ``beta`` = 1 it leaves the
    latent little to say: the Kullback-Leibler term tells how much.

    Parameters
    ----------
    config : VAEConfig or dict
        The sizes of the network.
    """

    def __init__(self, config: VAEConfig | dict[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(config, dict):
            config = VAEConfig.from_json(config)
        self.config = config
        self.space = config.space
        self.seeds = keras.random.SeedGenerator(config.seed)
        tokens, flat = len(config.cardinalities), len(config.cardinalities) * config.embedding
        self.embedding = TokenEmbedding(self.space, config.embedding, self.seeds)
        he = keras.initializers.HeNormal(seed=self.seeds)
        self.evidence_net = mlp((flat + tokens, config.context, config.context), he, "evidence")
        sizes = config.width, config.depth, config.context, config.dropout, self.seeds
        self.decoder: CausalDecoder | LatentDecoder = (
            CausalDecoder(self.space, config.embedding, *sizes)
            if config.causal
            else LatentDecoder(self.space, *sizes)
        )
        self.parent_tables = ParentTables(self.space, config.parents)
        if config.latent_dim:
            normal = keras.initializers.GlorotNormal(seed=self.seeds)
            # to a causal decoder an untrained latent is noise: it starts faint
            faint = keras.initializers.RandomNormal(stddev=0.02, seed=self.seeds)
            start = faint if config.causal else normal
            moments = 2 * config.latent_dim  # mean and log variance
            self.posterior_net = mlp((flat, config.context), normal, "posterior", head=moments)
            self.prior_net = mlp((config.context,), normal, "prior", head=moments)
            self.latent_net = mlp((config.latent_dim, config.context), start, "latent")
        self.loss_tracker = keras.metrics.Mean("loss")
        self.reconstruction_tracker = keras.metrics.Mean("reconstruction")
        self.kl_tracker = keras.metrics.Mean("kl")
        self.built = True

    def get_config(self) -> dict[str, Any]:
        """Return what ``from_config`` needs to build the same network."""
        return {"config": asdict(self.config)}

    def start_from(self, codes: np.ndarray) -> None:
        """Start from log frequencies and parents' tables of rows of codes, ``(rows, tokens)``."""
        self.parent_tables.learn(codes)
        places = (codes + self.space.offsets).ravel()
        counts = np.bincount(places, minlength=self.space.width).astype(np.float64)
        totals = np.maximum(np.bincount(self.space.owner, counts), 1)[self.space.owner]
        self.decoder.heads.bias.assign(np.log((counts + 0.5) / totals).astype(np.float32))

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The tracked averages: total loss, reconstruction and Kullback-Leibler term, in nats a row."""
        return [self.loss_tracker, self.reconstruction_tracker, self.kl_tracker]

    def context_of(self, embedded: tf.Tensor, visible: tf.Tensor) -> tf.Tensor:
        """Return what the evidence says, shape ``(batch, context)``; zeros without evidence.

        Parameters
        ----------
        embedded : tf.Tensor
            Shape ``(batch, tokens, embedding)``.
        visible : tf.Tensor
            1 where a token is evidence, shape ``(batch, tokens)``.
        """
        shown = embedded * visible[:, :, None]
        flat = tf.reshape(shown, (-1, shown.shape[1] * shown.shape[2]))
        context = self.evidence_net(tf.concat([flat, visible], axis=1))
        return context * tf.reduce_max(visible, axis=1, keepdims=True)

    def posterior(self, codes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return mean and log variance of the latents of rows, shape ``(batch, latent)`` each."""
        embedded = self.embedding(codes)
        flat = tf.reshape(embedded, (-1, embedded.shape[1] * embedded.shape[2]))
        return gaussian(self.posterior_net(flat))

    def prior(self, context: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return mean and log variance of latents under evidence, shape ``(batch, latent)`` each."""
        return gaussian(self.prior_net(context))

    def losses_of(
        self,
        codes: tf.Tensor,
        visible: tf.Tensor,
        training: bool,
        noise: tf.Tensor | None = None,
        averaged: bool = True,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return reconstruction loss and Kullback-Leibler term of each row, in nats.

        Parameters
        ----------
        codes : tf.Tensor
            int32, shape ``(batch, tokens)``.
        visible : tf.Tensor
            1 where a token is evidence and costs nothing, shape ``(batch, tokens)``.
        training : bool
            Whether to drop hidden units.
        noise : tf.Tensor, optional
            Standard normal, of which the latent is made, shape ``(batch, latent)``; drawn by default.
        averaged : bool
            Whether the second term is the divergence, or its part at the latent that was drawn.
        """
        embedded = self.embedding(codes)  # (batch, tokens, embedding)
        flat = tf.reshape(embedded, (-1, embedded.shape[1] * embedded.shape[2]))
        context = self.context_of(embedded, visible)
        kl = tf.zeros(tf.shape(codes)[:1])
        if self.config.latent_dim:
            mean, log_var = gaussian(self.posterior_net(flat))
            prior_mean, prior_log_var = self.prior(context)
            noise = keras.random.normal(tf.shape(mean), seed=self.seeds) if noise is None else noise
            latent = mean + tf.exp(log_var / 2) * noise
            kl = gaussian_kl(mean, log_var, prior_mean, prior_log_var)
            if not averaged:
                kl = normal_log_density(latent, mean, log_var)
                kl -= normal_log_density(latent, prior_mean, prior_log_var)
            context += self.latent_net(latent)
        given = (flat, context) if isinstance(self.decoder, CausalDecoder) else (context,)
        told = zip(self.decoder(*given, training=training), self.parent_tables(codes), strict=True)
        logits = [own + said for own, said in told]
        likelihood = log_likelihood(logits, codes, self.space)
        drawn = (1 - visible) * tf.cast(codes != self.space.missing_codes, tf.float32)
        return -tf.reduce_sum(likelihood * drawn, axis=1), kl

    def train_step(self, codes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Take one optimizer step on a batch of codes."""
        visible = self.draw_evidence(tf.shape(codes)[0])
        with tf.GradientTape() as tape:
            reconstruction, kl = self.losses_of(codes, visible, training=True)
            loss = tf.reduce_mean(reconstruction + self.config.beta * kl)
        variables = self.trainable_variables
        # looked-up rows are added up once, not each time the optimizer reads the gradient
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables)]
        self.optimizer.apply(gradients, variables)
        return self._track(loss, reconstruction, kl)

    def test_step(self, codes: tf.Tensor) -> dict[str, tf.Tensor]:
        """Score a batch of codes without evidence; with ``beta`` = 1 it bounds the negative likelihood."""
        reconstruction, kl = self.losses_of(codes, tf.zeros(tf.shape(codes)), training=False)
        loss = tf.reduce_mean(reconstruction + self.config.beta * kl)
        return self._track(loss, reconstruction, kl)

    def draw_evidence(self, rows: tf.Tensor) -> tf.Tensor:
        """Draw which columns each row shows: none, or each with the row's own probability."""
        shape = (rows, max(self.config.columns) + 1)
        shows = keras.random.uniform((rows, 1), seed=self.seeds) < self.config.evidence_rate
        rate = keras.random.uniform((rows, 1), seed=self.seeds)
        shown = (keras.random.uniform(shape, seed=self.seeds) < rate) & shows
        return tf.gather(tf.cast(shown, tf.float32), self.config.columns, axis=1)

    def generate(
        self,
        n: int,
        *,
        evidence: np.ndarray | None = None,
        seed: int | np.random.SeedSequence | None = None,
        stratified: bool = True,
    ) -> np.ndarray:
        """Draw new rows of codes.

        Parameters
        ----------
        n : int
            Number of rows.
        evidence : numpy.ndarray, optional
            Codes to keep, shape ``(n, tokens)``, -1 where one is to be drawn.
        seed : int or numpy.random.SeedSequence, optional
            Seed of the draws; None takes fresh entropy.
        stratified : bool
            See `tabgen.models.sampling.draw_codes`.

        Returns
        -------
        numpy.ndarray
            int32, shape ``(n, tokens)``, in random order where no evidence is given.
        """
        rng = np.random.default_rng(seed)
        given = self.nothing_given(n) if evidence is None else evidence
        drawn = self.draw(self._context(given, rng), given, rng, stratified=stratified)
        return rng.permutation(drawn.codes) if evidence is None else drawn.codes

    def propose(
        self, evidence: np.ndarray, allowed: Allowed, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Draw rows that keep evidence, and tell how much likelier each is than it was to be drawn.

        Parameters
        ----------
        evidence : numpy.ndarray
            Codes to keep, shape ``(rows, tokens)``, -1 where one is to be drawn.
        allowed : mapping of int to numpy.ndarray, optional
            Which codes of a token may be drawn where it is no evidence.
        rng : numpy.random.Generator
            Source of all draws.

        Returns
        -------
        codes : numpy.ndarray
            int32, shape ``(rows, tokens)``.
        log_weights : numpy.ndarray
            Log probability of row and latent without evidence, less that of the draw: shape ``(rows,)``.
        """
        if (evidence < 0).all():  # only what is allowed draws rows away from the model's own law
            drawn = self.draw(self._context(evidence, rng), evidence, rng, allowed=allowed, stratified=True)
            return drawn.codes, drawn.log_given
        context = self.evidence_context(evidence)
        reference, log_prior = tf.zeros_like(context), 0.0  # rows and latents are drawn and weighed together
        if self.config.latent_dim:
            moments, free = self.prior(context), self.prior(reference)
            latent = moments[0] + tf.exp(moments[1] / 2) * self._noise(len(evidence), rng)
            log_prior = normal_log_density(latent, *free) - normal_log_density(latent, *moments)
            reference = self.latent_net(latent)
            context += reference
        drawn = self.draw(context, evidence, rng, allowed=allowed, stratified=True, reference=reference)
        return drawn.codes, drawn.log_reference - drawn.log_drawn + np.asarray(log_prior)

    def log_likelihood(self, codes: np.ndarray, draws: int = 1) -> np.ndarray:
        """Return a lower bound of the log probability of rows of codes, shape ``(rows,)``, in nats.

        Parameters
        ----------
        codes : numpy.ndarray
            Shape ``(rows, tokens)``.
        draws : int
            Latents drawn for each row: the more, the tighter the bound (Burda et al. 2016). Without a
            latent the bound is exact.
        """
        nothing = tf.zeros((JUDGED_AT_ONCE, codes.shape[1]))
        rng, width = np.random.default_rng(0), self.config.latent_dim  # the same rows, the same answer
        noises = rng.standard_normal((draws, JUDGED_AT_ONCE, width), dtype=np.float32)
        bounds = [np.zeros(0)]
        for start in range(0, len(codes), JUDGED_AT_ONCE):
            rows = codes[start : start + JUDGED_AT_ONCE]
            given = tf.constant(rows), nothing[: len(rows)], False
            each = [sum(self.losses_of(*given, noise[: len(rows)], draws == 1)) for noise in noises]
            logs = -np.stack([loss.numpy().astype(np.float64) for loss in each])
            bounds.append(logsumexp(logs, axis=0) - np.log(draws))
        return np.concatenate(bounds)

    def _context(self, evidence: np.ndarray, rng: np.random.Generator) -> tf.Tensor:
        """Return what evidence and a latent drawn under it say, shape ``(rows, context)``."""
        context = self.evidence_context(evidence)
        if self.config.latent_dim:
            alike = (evidence < 0).all()  # without evidence all rows have one prior
            mean, log_var = self.prior(context[:1] if alike else context)
            context += self.latent_net(mean + tf.exp(log_var / 2) * self._noise(len(evidence), rng))
        return context

    def _noise(self, rows: int, rng: np.random.Generator) -> np.ndarray:
        return rng.standard_normal((rows, self.config.latent_dim), dtype=np.float32)

    def nothing_given(self, n: int) -> np.ndarray:
        """Return the evidence of ``n`` rows of which nothing is known, shape ``(n, tokens)``."""
        return np.full((n, len(self.config.cardinalities)), -1, dtype=np.int32)

    def evidence_context(self, evidence: np.ndarray) -> tf.Tensor:
        """Return what evidence codes say, -1 where there is none: shape ``(rows, context)``."""
        if (evidence < 0).all():
            return tf.zeros((len(evidence), self.config.context))
        visible = tf.constant(evidence >= 0, dtype=tf.float32)
        return self.context_of(self.embedding(np.maximum(evidence, 0)), visible)

    def draw(
        self,
        context: tf.Tensor,
        evidence: np.ndarray,
        rng: np.random.Generator,
        *,
        allowed: Allowed = None,
        stratified: bool,
        alike: bool = False,
        reference: tf.Tensor | None = None,
    ) -> Drawn:
        """Draw rows of codes from contexts that hold evidence and latent."""
        arrays = decoder_arrays(self.space, self.embedding, self.decoder, self.parent_tables)
        if isinstance(self.decoder, LatentDecoder):
            context = self.decoder.trunk(context)
            reference = None if reference is None else self.decoder.trunk(reference)
        other = None if reference is None else reference.numpy()
        how = {"stratified": stratified, "alike": alike}
        return draw_codes(arrays, context.numpy(), evidence, rng, allowed=allowed, reference=other, **how)

    def _track(self, loss: tf.Tensor, *terms: tf.Tensor) -> dict[str, tf.Tensor]:
        for tracker, value in zip(self.metrics, (loss, *terms), strict=True):
            tracker.update_state(value)
        return {tracker.name: tracker.result() for tracker in self.metrics}
