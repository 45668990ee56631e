"""Decoders: a column-causal one, in which a token sees those before it, and one that sees a latent only."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tabgen.models.layers import CodeSpace, MaskedDense, TokenHeads


@keras.saving.register_keras_serializable("tabgen")
class CausalDecoder(keras.layers.Layer):
    """A masked residual network, p(x_t | x_<t, context) for all tokens in one pass.

    After MADE (Germain et al. 2015) with residual layers (Durkan & Nash 2019). Hidden units are
    sorted by degree; a unit of degree d sees tokens 0 to d. What pairs of tokens say is known to the heads
    beforehand, see `tabgen.models.parents`.

    Parameters
    ----------
    space : CodeSpace
        The tokens.
    embedding : int
        Width of a token's embedding.
    width, depth : int
        Hidden units in a layer, and number of layers.
    context : int
        Width of the context vector, which the first layer and the heads see.
    dropout : float
        Share of hidden units dropped in training.
    seed : keras.random.SeedGenerator
        Source of initial weights and dropout.
    """

    def __init__(
        self,
        space: CodeSpace,
        embedding: int,
        width: int,
        depth: int,
        context: int,
        dropout: float,
        seed: keras.random.SeedGenerator,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        tokens = len(space.cardinalities)
        self.degrees = np.sort(np.arange(width) % max(tokens - 1, 1))
        source = np.repeat(np.arange(tokens), embedding)
        owner = space.coefficient_owner
        self.first = MaskedDense(source[:, None] <= self.degrees, seed)
        self.deeper = [MaskedDense(self.degrees[:, None] <= self.degrees, seed) for _ in range(depth - 1)]
        self.from_context = dense(context, width, seed, use_bias=False)
        self.to_heads = MaskedDense(self.degrees[:, None] < owner, seed, use_bias=False, scale=0.1)
        self.context_to_heads = dense(context, len(owner), seed, use_bias=False, scale=0.1)
        self.heads = TokenHeads(space, seed)
        self.dropout, self.seeds = dropout, seed
        self.built = True

    def call(self, embedded: tf.Tensor, context: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return logits, shape ``(batch, codes)``.

        Parameters
        ----------
        embedded : tf.Tensor
            Embeddings of the row's tokens, shape ``(batch, tokens * embedding)``.
        context : tf.Tensor
            What is known of the row beforehand, shape ``(batch, context)``.
        training : bool
            Whether to drop hidden units.
        """
        hidden = tf.nn.silu(self.first(embedded) + self.from_context(context))  # (batch, width)
        for layer in self.deeper:
            hidden = hidden + tf.nn.silu(layer(self._drop(hidden, training)))
        hidden = self._drop(hidden, training)
        return self.heads(self.to_heads(hidden) + self.context_to_heads(context))

    def _drop(self, hidden: tf.Tensor, training: bool) -> tf.Tensor:
        return drop(hidden, self.dropout, self.seeds) if training else hidden


@keras.saving.register_keras_serializable("tabgen")
class LatentDecoder(keras.layers.Layer):
    """A residual network from a context, which holds the latent, to the logits of all tokens at once.

    Parameters
    ----------
    space : CodeSpace
        The tokens.
    width, depth : int
        Hidden units in a layer, and number of layers.
    context : int
        Width of the context vector.
    dropout : float
        Share of hidden units dropped in training.
    seed : keras.random.SeedGenerator
        Source of initial weights and dropout.
    """

    def __init__(
        self,
        space: CodeSpace,
        width: int,
        depth: int,
        context: int,
        dropout: float,
        seed: keras.random.SeedGenerator,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        coefficients = len(space.coefficient_owner)
        self.first = dense(context, width, seed)
        self.deeper = [dense(width, width, seed) for _ in range(depth - 1)]
        self.to_heads = dense(width, coefficients, seed, use_bias=False, scale=0.1)
        self.heads = TokenHeads(space, seed)
        self.dropout, self.seeds = dropout, seed
        self.built = True

    def trunk(self, context: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return the last hidden layer, shape ``(batch, width)``."""
        hidden = tf.nn.silu(self.first(context))
        for layer in self.deeper:
            hidden = hidden + tf.nn.silu(layer(self._drop(hidden, training)))
        return self._drop(hidden, training)

    def call(self, context: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return logits, shape ``(batch, codes)``, from a context of shape ``(batch, context)``."""
        return self.heads(self.to_heads(self.trunk(context, training)))

    def _drop(self, hidden: tf.Tensor, training: bool) -> tf.Tensor:
        return drop(hidden, self.dropout, self.seeds) if training else hidden


def drop(hidden: tf.Tensor, rate: float, seed: keras.random.SeedGenerator) -> tf.Tensor:
    """Set a share of units to 0 and scale the others up (Srivastava et al. 2014, dropout).

    Each unit is dropped by a random byte of its own, a quarter of what Keras draws, so the share is a whole
    number of 256ths.

    Parameters
    ----------
    hidden : tf.Tensor
        Shape ``(batch, units)``.
    rate : float
        Share to drop, 0 to 1.
    seed : keras.random.SeedGenerator
        Source of the bytes.
    """
    dropped = round(256 * rate)
    if not dropped:
        return hidden
    units = hidden.shape[1]
    shape, state = (tf.shape(hidden)[0], math.ceil(units / 4)), tf.cast(seed.next(), tf.int32)
    words = tf.random.stateless_uniform(shape, state, minval=None, maxval=None, dtype=tf.uint32)
    kept = tf.reshape(tf.bitcast(words, tf.uint8), (-1, 4 * shape[1]))[:, :units] >= dropped
    return hidden * (tf.cast(kept, tf.float32) * (256 / (256 - dropped)))


def dense(
    inputs: int, units: int, seed: keras.random.SeedGenerator, *, use_bias: bool = True, scale: float = 1.0
) -> keras.layers.Dense:
    """Return a dense layer, built, that keeps the scale of its inputs times ``scale``."""
    initial = keras.initializers.RandomNormal(stddev=scale / np.sqrt(inputs), seed=seed)
    layer = keras.layers.Dense(units, use_bias=use_bias, kernel_initializer=initial)
    layer.build((None, inputs))
    return layer
