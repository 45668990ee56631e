"""Keras layers for rows of tokens: codes to embeddings, masked dense layers, hidden units to logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

HARMONICS = 12  # cosines and sines of the leaf rank that an ordered code is embedded with
COSINES = 24  # coefficients of an ordered head: neighbouring leaves share what they learn
FREE_RANK = 24  # coefficients of free directions, for spikes that depend on other columns
WIDE_RANK = 64  # coefficients of an unordered head with many levels
MANY_TOKENS = 64  # with more tokens, ordered heads have half the coefficients: cost grows with their square
DIRECT_CODES = 40  # up to here a head has one coefficient a code
IMPOSSIBLE = -1e4  # bias of padding codes
MOST_LOGIT = 60.0  # exp of it is finite: no maximum to subtract


@dataclass(frozen=True)
class Bank:
    """Tokens whose heads are computed together: same kind, padded to the same number of codes."""

    tokens: tuple[int, ...]
    size: int
    fixed: np.ndarray  # fixed basis, (tokens, coefficients, size)
    rank: int  # learned basis directions on top


@dataclass(frozen=True)
class CodeSpace:
    """Where each code of each token stands in one flat axis of logits and embeddings.

    Attributes
    ----------
    cardinalities : tuple of int
        Codes of each token.
    ordered : tuple of bool
        Whether the codes are in order.
    gates : tuple of int
        The token before it that tells whether a token is missing: then, and only then, it has its last
        code. Negative without one.
    crosses : tuple of tuple of int
        Tokens that speak together to others, such as year, month and day. As parents they are numbered
        after the tokens.
    """

    cardinalities: tuple[int, ...]
    ordered: tuple[bool, ...]
    gates: tuple[int, ...]
    crosses: tuple[tuple[int, ...], ...] = ()

    @cached_property
    def parent_sizes(self) -> list[int]:
        """Codes of each token, then of each cross."""
        crossed = (int(np.prod([self.cardinalities[t] for t in own])) for own in self.crosses)
        return [*self.cardinalities, *crossed]

    def crosses_ended_by(self, token: int) -> list[int]:
        """Return the crosses that are known as soon as a token is."""
        return [number for number, own in enumerate(self.crosses) if max(own) == token]

    def steps(self, cross: int) -> np.ndarray:
        """Return how far apart codes of a cross lie that differ by one in one of its tokens."""
        sizes = [self.cardinalities[token] for token in self.crosses[cross]]
        return np.cumprod([1, *sizes[:0:-1]])[::-1].astype(np.int32)

    def crossed(self, codes: np.ndarray, cross: int) -> np.ndarray:
        """Return the code of a cross in rows of codes, shape ``(rows,)``."""
        return codes[:, self.crosses[cross]] @ self.steps(cross)

    def with_crosses(self, codes: np.ndarray) -> np.ndarray:
        """Return rows of codes with one more column for each cross."""
        more = [self.crossed(codes, number) for number in range(len(self.crosses))]
        return np.column_stack([codes, *more]) if more else codes

    @cached_property
    def sizes(self) -> list[int]:
        """Codes of each token that may be drawn, those that mean missing left out."""
        return [size - (gate >= 0) for size, gate in zip(self.cardinalities, self.gates, strict=True)]

    @property
    def missing_codes(self) -> np.ndarray:
        """The code that the gate decides, -1 without a gate: shape ``(tokens,)``."""
        return np.where(np.array(self.gates) >= 0, np.array(self.cardinalities) - 1, -1).astype(np.int32)

    def rows_with(self, codes: np.ndarray, token: int) -> np.ndarray:
        """Return the rows of codes, shape ``(rows, tokens)``, in which a token is not missing."""
        code = self.missing_codes[token]
        return codes if code < 0 else codes[codes[:, token] != code]

    @property
    def direct(self) -> list[int]:
        """Tokens whose heads have one coefficient a code."""
        return [t for t, size in enumerate(self.cardinalities) if size <= DIRECT_CODES]

    @property
    def banks(self) -> list[Bank]:
        """Tokens with many codes: the ordered ones, then the unordered ones."""
        long = [t for t, size in enumerate(self.cardinalities) if size > DIRECT_CODES]
        banks = []
        free = FREE_RANK if len(self.cardinalities) <= MANY_TOKENS else FREE_RANK // 2
        for ordered, rank in ((True, free), (False, WIDE_RANK)):
            members = tuple(t for t in long if self.ordered[t] == ordered)
            if members:
                size = max(self.cardinalities[t] for t in members)
                rows = [self._fixed_basis(t, size) if ordered else np.zeros((0, size)) for t in members]
                banks.append(Bank(members, size, np.stack(rows).astype(np.float32), rank))
        return banks

    @property
    def offsets(self) -> np.ndarray:
        """Position of code 0 of each token on the flat axis, shape ``(tokens,)``."""
        offsets = np.zeros(len(self.cardinalities), dtype=np.int32)
        position = 0
        for token in self.direct:
            offsets[token] = position
            position += self.cardinalities[token]
        for bank in self.banks:
            for token in bank.tokens:
                offsets[token] = position
                position += bank.size
        return offsets

    @property
    def block_widths(self) -> list[int]:
        """Lengths of the parts of the flat axis: tokens with few codes, then each bank."""
        return [
            sum(self.cardinalities[t] for t in self.direct),
            *(bank.size * len(bank.tokens) for bank in self.banks),
        ]

    @property
    def width(self) -> int:
        """Length of the flat axis, padding included."""
        return sum(self.block_widths)

    @property
    def padding(self) -> np.ndarray:
        """0 where a code may be drawn and a very negative number elsewhere, shape ``(width,)``."""
        bias = np.full(self.width, IMPOSSIBLE, dtype=np.float32)
        for offset, size in zip(self.offsets, self.sizes, strict=True):
            bias[offset : offset + size] = 0
        return bias

    @property
    def owner(self) -> np.ndarray:
        """Token of each position of the flat axis, shape ``(width,)``."""
        owner = np.zeros(self.width, dtype=np.int64)
        for token in self.direct:
            owner[self.offsets[token] : self.offsets[token] + self.cardinalities[token]] = token
        for bank in self.banks:
            for token in bank.tokens:
                owner[self.offsets[token] : self.offsets[token] + bank.size] = token
        return owner

    @property
    def coefficient_owner(self) -> np.ndarray:
        """Token of each head coefficient, shape ``(coefficients,)``."""
        direct = [np.full(self.cardinalities[t], t) for t in self.direct]
        long = [np.repeat(bank.tokens, bank.fixed.shape[1] + bank.rank) for bank in self.banks]
        return np.concatenate([*direct, *long]).astype(np.int64)

    @property
    def smoothed(self) -> list[int]:
        """Ordered tokens of three or more codes, which are embedded by smooth functions of their rank."""
        return [t for t, size in enumerate(self.sizes) if self.ordered[t] and size >= 3]

    @property
    def rank_features(self) -> np.ndarray:
        """Smooth functions of the rank of each code, 0 for unordered ones: ``(width, features)``."""
        features = np.zeros((self.width, 2 * HARMONICS + 1), dtype=np.float32)
        for token, (offset, leaves) in enumerate(zip(self.offsets, self.sizes, strict=True)):
            if not self.ordered[token] or leaves < 3:
                continue
            rank = (np.arange(leaves) + 0.5) / leaves
            waves = np.pi * np.arange(1, HARMONICS + 1) * rank[:, None]  # (leaves, harmonics)
            features[offset : offset + leaves] = np.c_[rank - 0.5, np.sin(waves), np.cos(waves)]
        return features

    def _fixed_basis(self, token: int, size: int) -> np.ndarray:
        """Return cosines of the leaf rank."""
        leaves = self.sizes[token]
        rank = (np.arange(leaves) + 0.5) / leaves
        waves = COSINES if len(self.cardinalities) <= MANY_TOKENS else COSINES // 2
        basis = np.zeros((waves, size))
        order = np.arange(1, waves + 1)[:, None]
        basis[:, :leaves] = np.cos(np.pi * order * rank) * np.sqrt(2 / waves)
        return basis


@keras.saving.register_keras_serializable("tabgen")
class TokenEmbedding(keras.layers.Layer):
    """Codes, shape ``(batch, tokens)``, to embeddings, shape ``(batch, tokens, width)``.

    The table is free for every code plus, for ordered tokens, a learned map of smooth functions of
    the leaf rank, so that neighbouring numbers start as neighbours.
    """

    def __init__(self, space: CodeSpace, width: int, seed: keras.random.SeedGenerator, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.space, self.width = space, width
        free = keras.initializers.RandomNormal(stddev=0.3, seed=seed)
        smooth = keras.initializers.RandomNormal(stddev=0.3, seed=seed)
        self.free = self.add_weight(shape=(space.width, width), initializer=free, name="free")
        smoothed = space.smoothed
        self.smooth: Any = None
        if smoothed:
            features, longest = space.rank_features, max(space.cardinalities[t] for t in smoothed)
            padded = np.zeros((len(smoothed), longest, features.shape[1]), dtype=np.float32)
            place = np.full(space.width, len(smoothed) * longest)  # the row of zeros after all others
            for row, token in enumerate(smoothed):
                offset, size = space.offsets[token], space.cardinalities[token]
                padded[row, :size] = features[offset : offset + size]
                place[offset : offset + size] = row * longest + np.arange(size)
            self.features, self.place = tf.constant(padded), tf.constant(place)
            shape = (len(smoothed), features.shape[1], width)
            self.smooth = self.add_weight(shape=shape, initializer=smooth, name="smooth")
        self.built = True

    def table(self) -> tf.Tensor:
        """Return the embedding of every code, shape ``(codes, width)``."""
        if self.smooth is None:
            return tf.convert_to_tensor(self.free)
        smooth = tf.reshape(self.features @ self.smooth, (-1, self.width))  # (tokens * longest, width)
        return self.free + tf.gather(tf.pad(smooth, ((0, 1), (0, 0))), self.place)

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Look the codes up."""
        return tf.gather(self.table(), codes + self.space.offsets)


@keras.saving.register_keras_serializable("tabgen")
class MaskedDense(keras.layers.Layer):
    """A dense layer whose kernel is multiplied by a constant 0/1 mask (Germain et al. 2015, MADE)."""

    def __init__(
        self,
        mask: np.ndarray,
        seed: keras.random.SeedGenerator,
        use_bias: bool = True,
        scale: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mask = tf.constant(mask, dtype=tf.float32)
        # each unit sees only part of its inputs: scale by what it sees, not by the full width
        fan_in = np.maximum(mask.sum(axis=0), 1).mean()
        initial = keras.initializers.RandomNormal(stddev=scale / np.sqrt(fan_in), seed=seed)
        self.kernel = self.add_weight(shape=mask.shape, initializer=initial, name="kernel")
        self.bias = None
        if use_bias:
            self.bias = self.add_weight(shape=mask.shape[1:], initializer="zeros", name="bias")
        self.built = True

    def masked_kernel(self) -> tf.Tensor:
        """Return the kernel with forbidden entries at 0, shape ``(inputs, units)``."""
        return self.kernel * self.mask

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return ``inputs @ kernel + bias``."""
        outputs = inputs @ self.masked_kernel()
        return outputs if self.bias is None else outputs + self.bias


@keras.saving.register_keras_serializable("tabgen")
class TokenHeads(keras.layers.Layer):
    """Head coefficients, shape ``(batch, coefficients)``, to blocks of logits.

    The first block has all tokens with few codes, shape ``(batch, codes)``; one of shape ``(tokens, batch,
    size)`` follows for each bank, token by token as products and sums over codes take them.

    Tokens with few codes have one coefficient a code. Ordered tokens with many codes get cosines of
    the leaf rank plus a few free directions; unordered ones get free directions only.
    """

    def __init__(self, space: CodeSpace, seed: keras.random.SeedGenerator, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.space = space
        self.direct_width = sum(space.cardinalities[t] for t in space.direct)
        self.padding = tf.constant(space.padding)
        self.bias = self.add_weight(shape=(space.width,), initializer="zeros", name="bias")
        self.banks = space.banks
        self.fixed = [tf.constant(bank.fixed) for bank in self.banks]
        self.learned = [
            self.add_weight(
                shape=(len(bank.tokens), bank.rank, bank.size),
                initializer=keras.initializers.RandomNormal(stddev=bank.rank**-0.5, seed=seed),
                name=f"free_{number}",
            )
            for number, bank in enumerate(self.banks)
        ]
        self.built = True

    def bases(self) -> list[tf.Tensor]:
        """Return the basis of each bank, shape ``(tokens, coefficients, size)``."""
        return [
            tf.concat([fixed, learned], axis=1)
            for fixed, learned in zip(self.fixed, self.learned, strict=True)
        ]

    def call(self, coefficients: tf.Tensor) -> list[tf.Tensor]:
        """Expand coefficients to blocks of logits; padding codes get a very negative one."""
        bases, tokens = self.bases(), [len(bank.tokens) for bank in self.banks]
        widths = [self.direct_width, *(basis.shape[0] * basis.shape[1] for basis in bases)]
        direct, *parts = tf.split(coefficients, widths, axis=1)
        bias, *biases = tf.split(self.bias + self.padding, self.space.block_widths)
        blocks = [direct + bias]
        for many, part, basis, own in zip(tokens, parts, bases, biases, strict=True):
            by_token = tf.transpose(tf.reshape(part, (-1, *basis.shape[:2])), (1, 0, 2))
            blocks.append(by_token @ basis + tf.reshape(own, (many, 1, -1)))
        return blocks


def side_by_side(blocks: Sequence[tf.Tensor]) -> tf.Tensor:
    """Return blocks as `TokenHeads` makes them on the flat axis of all codes, shape ``(batch, width)``."""
    direct, *banks = blocks
    turned = (tf.reshape(tf.transpose(b, (1, 0, 2)), (-1, b.shape[0] * b.shape[2])) for b in banks)
    return tf.concat([direct, *turned], axis=1)


def log_likelihood(logits: Sequence[tf.Tensor], codes: tf.Tensor, space: CodeSpace) -> tf.Tensor:
    """Return log p of each token's code.

    Parameters
    ----------
    logits : sequence of tf.Tensor
        Blocks as `TokenHeads` makes them.
    codes : tf.Tensor
        int32, shape ``(batch, tokens)``.
    space : CodeSpace
        Where the codes stand.

    Returns
    -------
    tf.Tensor
        Shape ``(batch, tokens)``.
    """
    bounded = tf.clip_by_value(logits[0], -MOST_LOGIT, MOST_LOGIT)
    member = np.eye(len(space.cardinalities), dtype=np.float32)[space.owner[: bounded.shape[1]]]
    few = np.array(space.direct, dtype=np.int32)
    normaliser = tf.math.log(tf.exp(bounded) @ member[:, few])
    places = tf.gather(codes, few, axis=1) + space.offsets[few]
    parts = [tf.gather(bounded, places, batch_dims=1) - normaliser]
    for bank, block in zip(space.banks, logits[1:], strict=True):
        own = tf.gather(tf.transpose(codes), bank.tokens)  # (tokens, batch)
        parts.append(tf.transpose(bank_log_likelihood(block, own)))
    tokens = [*space.direct, *(token for bank in space.banks for token in bank.tokens)]
    return tf.gather(tf.concat(parts, axis=1), np.argsort(tokens), axis=1)


@tf.custom_gradient
def bank_log_likelihood(logits: tf.Tensor, codes: tf.Tensor) -> tuple[tf.Tensor, Any]:
    """Return log p of codes, shape ``(tokens, batch)``, from logits, shape ``(tokens, batch, size)``.

    The gradient, what is there less what was expected, is written out: TensorFlow's own takes twice as many
    passes over an array of the size of the logits.
    """
    bounded = tf.clip_by_value(logits, -MOST_LOGIT, MOST_LOGIT)
    weights = tf.exp(bounded)
    sums = tf.reduce_sum(weights, axis=2)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
        expected = weights * tf.math.reciprocal(sums)[:, :, None]
        return (tf.one_hot(codes, logits.shape[2]) - expected) * upstream[:, :, None], None

    return tf.gather(bounded, codes, batch_dims=2) - tf.math.log(sums), gradient


def mlp(
    widths: Sequence[int], initializer: keras.initializers.Initializer, name: str, *, head: int = 0
) -> keras.Sequential:
    """Return silu layers of the given widths, the first of which is the input's, and a linear head.

    The head, if any, starts at zero: a mean of 0 and a log variance of 0.
    """
    layers = [
        keras.layers.Dense(width, activation="silu", kernel_initializer=initializer) for width in widths[1:]
    ]
    if head:
        layers.append(keras.layers.Dense(head, kernel_initializer="zeros"))
    return keras.Sequential([keras.Input((widths[0],)), *layers], name=name)
