"""A fitted model to a TensorFlow graph that draws rows of codes from a seed and needs no Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tabgen.models.decoder import LatentDecoder
from tabgen.models.forward import DecoderArrays, decoder_arrays
from tabgen.models.gan import LatentGAN
from tabgen.models.guided import HIGH, LOW, GuidedModel
from tabgen.models.vae import ConditionalVAE

LATENTS, CHOICE, CODES = 0, 1, 2  # what a stream of random numbers is for: one more for each token
RANDOM = "philox"  # the same numbers on every device
FOREST = ("token", "threshold", "left", "right", "value", "roots", "bias")  # of a `TreeDiscriminator`
TREES_AT_ONCE = 25  # for memory's sake


class CodeSampler(tf.Module):
    """What draws rows of codes, of which nothing is asked, from a seed: each by itself, not stratified.

    Parameters
    ----------
    model : keras.Model
        A fitted model.
    """

    def __init__(self, model: keras.Model) -> None:
        super().__init__()
        own = model.generator if isinstance(model, GuidedModel) else model
        trees = model.discriminator if isinstance(model, GuidedModel) else None
        candidates = 1 if trees is None else model.candidates
        vae: ConditionalVAE = own.autoencoder if isinstance(own, LatentGAN) else own
        arrays = decoder_arrays(vae.space, vae.embedding, vae.decoder, vae.parent_tables)
        forest = None if trees is None else [np.asarray(getattr(trees, name)) for name in FOREST]

        def draw(n: tf.Tensor, seed: tf.Tensor) -> dict[str, tf.Tensor]:
            source = tf.stack([seed, tf.zeros_like(seed)])
            rows = tf.cast(n, tf.int32) * candidates
            codes = draw_rows(arrays, draw_context(own, vae, rows, source), source)
            if forest is not None:
                codes = tf.gather(codes, chosen_rows(log_ratio(forest, codes), candidates, source))
            return {"codes": codes}

        asked = [tf.TensorSpec((), tf.int64, name) for name in ("n", "seed")]
        self.draw = tf.function(draw, input_signature=asked, autograph=False)
        self.weights = list(self.draw.get_concrete_function().variables)  # else they would not be saved


def draw_context(model: Any, vae: ConditionalVAE, rows: tf.Tensor, source: tf.Tensor) -> tf.Tensor:
    """Return what the decoder is to know of rows of which nothing is given, shape ``(rows, context)``."""
    width = vae.config.latent_dim
    context = tf.zeros((rows, vae.config.context))
    if width:
        seed = tf.random.fold_in(source, LATENTS, alg=RANDOM)
        noise = tf.random.stateless_normal((rows, width), seed, alg=RANDOM)
        if isinstance(model, LatentGAN):
            standard = model.generated_latents(model.averaged, noise, context)
            latent = model.latent_mean + model.latent_scale * standard
        else:
            mean, log_var = vae.prior(context)
            latent = mean + tf.exp(log_var / 2) * noise
        context += vae.latent_net(latent)
    return vae.decoder.trunk(context) if isinstance(vae.decoder, LatentDecoder) else context


def draw_rows(arrays: DecoderArrays, context: tf.Tensor, source: tf.Tensor) -> tf.Tensor:
    """Return a row of codes for each context, int32; see `tabgen.models.sampling.draw_codes`."""
    codes: dict[int, tf.Tensor] = {}  # of tokens, and of crosses of theirs
    embedded = context[:, :0]  # what tokens so far say, then what hidden units do that see no later one
    hidden = [context[:, :0] for _ in arrays.biases]
    begun = 0
    for token, (offset, bias) in enumerate(zip(arrays.offsets, arrays.head_bias, strict=True)):
        logits = context @ arrays.context_to_heads[token]
        if begun:  # oneDNN has no product of nothing
            logits += hidden[-1] @ arrays.to_heads[token][:begun]
        expansion = arrays.basis[token]
        logits = (logits if expansion is None else logits @ expansion) + bias
        for parent, table in arrays.parents[token]:
            logits += tf.gather(table, codes[parent])
        code = _drawn(logits, tf.random.fold_in(source, CODES + token, alg=RANDOM))
        gate = arrays.space.gates[token]
        if gate >= 0:
            code = tf.where(codes[gate] == 0, code, len(bias) - 1)
        codes[token] = code
        for number in arrays.space.crosses_ended_by(token):
            own = arrays.space.crosses[number]
            steps = arrays.space.steps(number)
            codes[len(arrays.space.cardinalities) + number] = tf.add_n(
                [codes[t] * step for t, step in zip(own, steps, strict=True)]
            )
        embedded = tf.concat([embedded, tf.gather(arrays.table, int(offset) + code)], axis=1)
        done = int(arrays.stops[token])
        if done > begun:
            hidden = _with_units(arrays, context, embedded, hidden, slice(begun, done))
            begun = done
    return tf.stack([codes[token] for token in range(len(arrays.offsets))], axis=1)


def _with_units(
    arrays: DecoderArrays, context: tf.Tensor, embedded: tf.Tensor, hidden: list[tf.Tensor], units: slice
) -> list[tf.Tensor]:
    """Return hidden layers with the units that the last token has completed."""
    biases = [bias[units] for bias in arrays.biases]
    known = context @ arrays.from_context[:, units] + biases[0]
    fresh = tf.nn.silu(known + embedded @ arrays.first[: embedded.shape[1], units])
    layers = [tf.concat([hidden[0], fresh], axis=1)]
    for layer, kernel in enumerate(arrays.deeper, start=1):
        fresh += tf.nn.silu(biases[layer] + layers[-1] @ kernel[: units.stop, units])
        layers.append(tf.concat([hidden[layer], fresh], axis=1))
    return layers


def _drawn(logits: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Return the number of one entry of each row, drawn with the probability that the logits give it."""
    heap = tf.cumsum(tf.exp(logits - tf.reduce_max(logits, axis=1, keepdims=True)), axis=1)
    uniforms = tf.random.stateless_uniform((tf.shape(logits)[0], 1), seed, alg=RANDOM)
    return tf.reduce_sum(tf.cast(heap[:, :-1] <= uniforms * heap[:, -1:], tf.int32), axis=1)


def log_ratio(forest: Sequence[np.ndarray], codes: tf.Tensor) -> tf.Tensor:
    """Return what trees, as the arrays ``FOREST``, say of each row; see `TreeDiscriminator.log_ratio`."""
    token, threshold, left, right, value, roots, bias = forest
    numbers = np.arange(len(token), dtype=np.int32)
    left, right = np.where(left < 0, numbers, left), np.where(left < 0, numbers, right)  # leaves stay
    scores = tf.zeros(tf.shape(codes)[:1]) + bias[0]
    for start in range(0, len(roots), TREES_AT_ONCE):
        at = roots[start : start + TREES_AT_ONCE]
        node = tf.tile(at[None], [tf.shape(codes)[0], 1])  # (rows, trees)
        while (deeper := np.unique(np.concatenate([left[at], right[at]]))).tolist() != at.tolist():
            low = tf.gather(codes, tf.gather(token, node), batch_dims=1) <= tf.gather(threshold, node)
            node = tf.where(low, tf.gather(left, node), tf.gather(right, node))
            at = deeper
        scores += tf.reduce_sum(tf.gather(value, node), axis=1)
    return scores


def chosen_rows(ratios: tf.Tensor, candidates: int, source: tf.Tensor) -> tf.Tensor:
    """Return of each few rows the number of one, drawn by how real it is."""
    groups = tf.reshape(tf.clip_by_value(ratios, LOW, HIGH), (-1, candidates))
    chosen = _drawn(groups, tf.random.fold_in(source, CHOICE, alg=RANDOM))
    return tf.range(tf.shape(groups)[0]) * candidates + chosen
