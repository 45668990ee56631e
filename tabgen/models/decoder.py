"""Decoders: a column-causal one, in which a token sees those before it, and one that sees a latent only."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tabgen.models.layers import CodeSpace, MaskedDense, TokenHeads

SKIP_BUDGET = 2_000_000  # multiplications a row that the direct pairwise skip may cost


@keras.saving.register_keras_serializable("tabgen")
class CausalDecoder(keras.layers.Layer):
    """A masked residual network, p(x_t | x_<t, context) for all tokens in one pass.

    After MADE (Germain et al. 2015) with residual layers (Durkan & Nash 2019). Hidden units are
    sorted by degree; a unit of degree d sees tokens 0 to d. A direct skip from embeddings to heads
    carries pairwise effects.

    Parameters
    ----------
    space : CodeSpace
        The tokens.
    embedding : int
        Width of a token's embedding.
    width, depth : int
        Hidden units in a layer, and number of layers.
    context : int
        Width of the context vector that every layer sees.
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
        self.from_context = dense(context, depth * width, seed, use_bias=False)
        self.to_heads = MaskedDense(self.degrees[:, None] < owner, seed, use_bias=False, scale=0.1)
        self.context_to_heads = dense(context, len(owner), seed, use_bias=False, scale=0.1)
        self.skip = None
        if len(source) * len(owner) <= SKIP_BUDGET:
            self.skip = MaskedDense(source[:, None] < owner, seed, use_bias=False, scale=0.1)
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
        known, *deeper_known = tf.split(self.from_context(context), 1 + len(self.deeper), axis=1)
        hidden = tf.nn.silu(self.first(embedded) + known)  # (batch, width)
        for layer, known in zip(self.deeper, deeper_known, strict=True):
            dropped = self._drop(hidden) if training else hidden
            hidden = hidden + tf.nn.silu(layer(dropped) + known)
        hidden = self._drop(hidden) if training else hidden
        coefficients = self.to_heads(hidden) + self.context_to_heads(context)
        if self.skip is not None:
            coefficients += self.skip(embedded)
        return self.heads(coefficients)

    def _drop(self, hidden: tf.Tensor) -> tf.Tensor:
        return keras.random.dropout(hidden, self.dropout, seed=self.seeds)


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
            hidden = hidden + tf.nn.silu(layer(self._drop(hidden) if training else hidden))
        return self._drop(hidden) if training else hidden

    def call(self, context: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Return logits, shape ``(batch, codes)``, from a context of shape ``(batch, context)``."""
        return self.heads(self.to_heads(self.trunk(context, training)))

    def _drop(self, hidden: tf.Tensor) -> tf.Tensor:
        return keras.random.dropout(hidden, self.dropout, seed=self.seeds)


def dense(
    inputs: int, units: int, seed: keras.random.SeedGenerator, *, use_bias: bool = True, scale: float = 1.0
) -> keras.layers.Dense:
    """Return a dense layer, built, that keeps the scale of its inputs times ``scale``."""
    initial = keras.initializers.RandomNormal(stddev=scale / np.sqrt(inputs), seed=seed)
    layer = keras.layers.Dense(units, use_bias=use_bias, kernel_initializer=initial)
    layer.build((None, inputs))
    return layer
