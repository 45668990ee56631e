"""Rows of codes and noise to a private model: tables of noisy counts, then DP-SGD for what is left.

DP-SGD (Abadi et al. 2016) clips the gradient of each row before it adds them up. No gradient of a row is
ever built: each layer is linear and sees a row once, so the gradient of its weights is an outer product,
whose norm is that of its factors (Goodfellow 2015); the clipped gradients of all rows are then added up in
one matrix product a layer (Bu et al. 2023).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from tabgen.encoding.layout import Layout
from tabgen.models.decoder import CausalDecoder
from tabgen.models.fitting import Fitted
from tabgen.models.layers import CodeSpace, MaskedDense, log_likelihood, side_by_side
from tabgen.models.marginals import measure
from tabgen.models.optimizer import FusedAdam
from tabgen.models.sizes import VAEConfig
from tabgen.models.training import Stage
from tabgen.models.vae import ConditionalVAE

CLIP = 1.0  # most that the gradient of a row may count for
WIDTH, DEPTH, EMBEDDING = 128, 2, 8  # a small network: noise grows with the number of weights
AUTO_STEPS, MOST_ROWS = 600, 2_048  # gradient steps, and rows expected in each, if not given
FEWEST_PARTS = 8  # a step sees at most this part of a small table
EMA = 0.98  # of the weights that are kept
EPOCH = 20  # steps that one row of the history tells of


@dataclass(frozen=True)
class PrivatePlan:
    """How private training goes, fixed before it begins.

    Attributes
    ----------
    steps : int
        Number of steps.
    rate : float
        Chance of each row to be in a step's batch.
    learning_rate : float
        Peak learning rate of Adam.
    noise : mapping of str to float
        Noise multipliers; ``"steps"`` is that of the gradient.
    """

    steps: int
    rate: float
    learning_rate: float
    noise: Mapping[str, float]


def plan_steps(rows: int, epochs: int | str, batch_size: int | str) -> tuple[int, float]:
    """Return the number of steps and the rate of sampling for a table of so many rows.

    >>> plan_steps(40_960, "auto", "auto"), plan_steps(1_000, 3, 50)
    ((600, 0.05), (60, 0.05))
    """
    automatic = min(MOST_ROWS, max(rows // FEWEST_PARTS, 1))
    rate = min((automatic if isinstance(batch_size, str) else batch_size) / max(rows, 1), 1.0)
    return (AUTO_STEPS if isinstance(epochs, str) else math.ceil(epochs / rate)), rate


def fit_private(
    layout: Layout,
    codes: np.ndarray,
    counts: Sequence[np.ndarray],
    plan: PrivatePlan,
    rng: np.random.Generator,
) -> Fitted:
    """Fit the autoencoder without a latent, privately.

    Parameters
    ----------
    layout : Layout
        The tokens.
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    counts : sequence of numpy.ndarray
        Noisy counts of the codes of each token.
    plan : PrivatePlan
        How to train.
    rng : numpy.random.Generator
        Source of noise and batches. Nothing of it is stored: initial weights have a seed of their own.
    """
    sizes = tuple(int(size) for size in layout.cardinalities)
    space = CodeSpace(sizes, tuple(token.ordered for token in layout.tokens), layout.gates)
    tables = measure(codes, space, counts, plan.noise, rng)
    model = ConditionalVAE(
        VAEConfig(
            cardinalities=space.cardinalities,
            ordered=space.ordered,
            gates=space.gates,
            columns=tuple(int(column) for column in layout.column_index),
            parents=tables.parents,
            latent_dim=0,
            width=max(WIDTH, len(sizes)),
            depth=DEPTH,
            embedding=EMBEDDING,
            context=1,
            dropout=0.0,
            evidence_rate=0.0,
        )
    )
    model.parent_tables.fill([tables.said(token) for token in range(len(sizes))])
    bias = np.zeros(space.width, dtype=np.float32)
    for offset, share in zip(space.offsets, tables.shares, strict=True):
        bias[offset : offset + len(share)] = np.log(np.maximum(share, 1e-6))
    model.decoder.heads.bias.assign(bias)
    for layer in (model.decoder.from_context, model.decoder.context_to_heads):
        layer.kernel.assign(tf.zeros_like(layer.kernel))  # evidence is kept, not learned from
    return Fitted(model, (train_privately(model, codes, plan, rng),))


def train_privately(
    model: ConditionalVAE, codes: np.ndarray, plan: PrivatePlan, rng: np.random.Generator
) -> Stage:
    """Train a model in place by DP-SGD and leave it with averaged weights.

    Parameters
    ----------
    model : ConditionalVAE
        A causal one without latent.
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    plan : PrivatePlan
        How to train.
    rng : numpy.random.Generator
        Source of batches and of noise.

    Returns
    -------
    Stage
        The learning rate; losses and times would tell of the rows.
    """
    variables = learned_variables(model)
    optimizer = FusedAdam(plan.learning_rate, beta_2=0.99, use_ema=True, ema_momentum=EMA, epsilon=1e-8)
    optimizer.build(variables)
    step = tf.function(
        lambda rows: clipped_sums(model, rows),
        input_signature=[tf.TensorSpec((None, codes.shape[1]), tf.int32)],
    )
    rates: list[float] = []
    spread, expected = plan.noise["steps"] * CLIP, max(plan.rate * len(codes), 1.0)
    for number in range(plan.steps):
        rate = plan.learning_rate * (1 + math.cos(math.pi * number / plan.steps)) / 2
        optimizer.learning_rate.assign(rate)
        sums = step(codes[rng.random(len(codes)) < plan.rate])
        optimizer.apply(noisy_means(sums, spread, expected, rng), variables)
        if (number + 1) % EPOCH == 0 or number + 1 == plan.steps:
            rates.append(rate)
    optimizer.finalize_variable_values(variables)
    return Stage("private", {"learning_rate": rates}, "all steps are done")


def noisy_means(
    sums: Sequence[tf.Tensor], spread: float, expected: float, rng: np.random.Generator
) -> list[tf.Tensor]:
    """Return sums with noise of a standard deviation, over the number of rows that were expected."""
    return [(s + spread * rng.standard_normal(s.shape, dtype=np.float32)) / expected for s in sums]


def learned_variables(model: ConditionalVAE) -> list[keras.Variable]:
    """Return the weights that rows teach, in the order of `clipped_sums`."""
    decoder, embedding = model.decoder, model.embedding
    dense = _masked_layers(decoder)
    return [
        *(layer.kernel for layer in dense),
        *(layer.bias for layer in dense if layer.bias is not None),
        *([] if embedding.smooth is None else [embedding.smooth]),
        *decoder.heads.learned,
        embedding.free,
        decoder.heads.bias,
    ]


def _masked_layers(decoder: CausalDecoder) -> list[MaskedDense]:
    return [decoder.first, *decoder.deeper, decoder.to_heads]


def clipped_sums(model: ConditionalVAE, codes: tf.Tensor) -> list[tf.Tensor]:
    """Return the sums over rows of their gradients, each clipped to a norm of ``CLIP`` in all.

    Parameters
    ----------
    model : ConditionalVAE
        A causal one without latent; nothing is dropped.
    codes : tf.Tensor
        int32, shape ``(batch, tokens)``, of any number of rows.

    Returns
    -------
    list of tf.Tensor
        One for each of `learned_variables`.
    """
    decoder, space = model.decoder, model.space
    with tf.GradientTape() as tape:
        embedded = model.embedding(codes)  # (batch, tokens, width)
        flat = tf.reshape(embedded, (-1, embedded.shape[1] * embedded.shape[2]))
        inputs, outputs = [flat], [decoder.first(flat)]
        hidden = tf.nn.silu(outputs[0])
        for layer in decoder.deeper:
            inputs.append(hidden)
            outputs.append(layer(hidden))
            hidden = hidden + tf.nn.silu(outputs[-1])
        coefficients = decoder.to_heads(hidden)
        said = model.parent_tables(codes)
        logits = [own + more for own, more in zip(decoder.heads(coefficients), said, strict=True)]
        drawn = tf.cast(codes != space.missing_codes, tf.float32)
        loss = -tf.reduce_sum(log_likelihood(logits, codes, space) * drawn)
    for_embedded, *gradients = tape.gradient(loss, [embedded, *outputs, coefficients, *logits])
    dense = list(zip(_masked_layers(decoder), [*inputs, hidden], gradients, strict=False))
    for_logits = side_by_side(gradients[len(dense) :])
    blocks = _blocks(model, codes, for_embedded, coefficients, for_logits)
    biases = [*(gradient for layer, _, gradient in dense if layer.bias is not None), for_logits]

    squares = tf.reduce_sum(tf.square(for_embedded), axis=(1, 2))
    squares += tf.add_n([tf.reduce_sum(tf.square(gradient), axis=1) for gradient in biases])
    for layer, given, gradient in dense:
        squares += tf.reduce_sum((tf.square(given) @ layer.mask) * tf.square(gradient), axis=1)
    for given, gradient in blocks:
        sizes = [tf.reduce_sum(tf.square(factor), axis=2) for factor in (given, gradient)]
        squares += tf.reduce_sum(sizes[0] * sizes[1], axis=1)
    weight = CLIP / tf.maximum(tf.sqrt(squares), CLIP)[:, None]  # (batch, 1)

    places = tf.reshape(codes + space.offsets, (-1,))
    looked_up = tf.reshape(for_embedded * weight[:, None], (-1, embedded.shape[2]))
    *added, for_heads = [tf.reduce_sum(gradient * weight, axis=0) for gradient in biases]
    return [
        *(tf.matmul(x, g * weight, transpose_a=True) * layer.mask for layer, x, g in dense),
        *added,
        *(tf.einsum("btf,bte->tfe", x, g * weight[:, None]) for x, g in blocks),
        tf.math.unsorted_segment_sum(looked_up, places, space.width),
        for_heads,
    ]


def _blocks(
    model: ConditionalVAE,
    codes: tf.Tensor,
    for_embedded: tf.Tensor,
    coefficients: tf.Tensor,
    for_logits: tf.Tensor,
) -> list[tuple[tf.Tensor, tf.Tensor]]:
    """Return inputs and gradients of layers that are apart for each token: ``(batch, tokens, units)``."""
    space, blocks = model.space, []
    if model.embedding.smooth is not None:
        features = tf.gather(tf.constant(space.rank_features), codes + space.offsets)
        blocks.append(tuple(tf.gather(whole, space.smoothed, axis=1) for whole in (features, for_embedded)))
    heads, at, begun = model.decoder.heads, model.decoder.heads.direct_width, space.block_widths[0]
    for bank, basis in zip(space.banks, heads.bases(), strict=True):
        tokens, rank, size = basis.shape
        given = tf.reshape(coefficients[:, at : at + tokens * rank], (-1, tokens, rank))
        gradient = tf.reshape(for_logits[:, begun : begun + tokens * size], (-1, tokens, size))
        blocks.append((given[:, :, rank - bank.rank :], gradient))
        at, begun = at + tokens * rank, begun + tokens * size
    return blocks
