"""Rows of codes to the best single predictor of each token, and what it says: a smoothed table.

Each token may have one parent among the tokens before it (a tree, after Chow & Liu 1968). What the parent
says is added to the token's logits from the start, so that functional dependencies and spikes that
follow another column hold from the first step, and the network learns only what is left.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tabgen.models.layers import CodeSpace

CHOICE_ROWS = 20_000  # rows that the choice of parents looks at
CHOICE_PAIRS = 5_000  # with more pairs of tokens than this, it looks at fewer rows
SMOOTHING = (0.1, 0.5, 2.0, 8.0, 32.0, 128.0)  # rows that the marginal law counts for, to choose from
LEAST_GAIN = 0.01  # nats a row that a parent must save on rows not seen
NO_PARENT = -1


def choose_parents(codes: np.ndarray, cardinalities: Sequence[int]) -> tuple[int, ...]:
    """Return the parent of each token, ``NO_PARENT`` where none helps.

    Parameters
    ----------
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``, in random or any order.
    cardinalities : sequence of int
        Codes of each token.

    Returns
    -------
    tuple of int
        A token number smaller than the token's own, or ``NO_PARENT``.

    Examples
    --------
    >>> city = np.random.default_rng(0).integers(0, 6, 500)
    >>> codes = np.stack([city // 3, np.random.default_rng(1).integers(0, 4, 500), city], axis=1)
    >>> choose_parents(codes, (2, 4, 6))
    (-1, -1, 0)
    """
    tokens = len(cardinalities)
    rows = CHOICE_ROWS if tokens * (tokens - 1) / 2 <= CHOICE_PAIRS else CHOICE_ROWS // 4
    seen = codes[:: max(1, len(codes) // rows)]
    parents = []
    for child in range(tokens):
        gains = [
            max(gains_of(seen[:, parent], seen[:, child], cardinalities[child])) for parent in range(child)
        ]
        best = int(np.argmax(gains)) if gains else NO_PARENT
        parents.append(best if gains and gains[best] > LEAST_GAIN else NO_PARENT)
    return tuple(parents)


def gains_of(parent: np.ndarray, child: np.ndarray, size: int) -> list[float]:
    """Return for each smoothing the nats a row that the parent saves, each row judged by the others."""
    pairs, cells = np.unique(parent.astype(np.int64) * size + child, return_counts=True)
    whole = np.bincount(parent)[pairs // size]
    share = ((np.bincount(child, minlength=size) + 0.5) / (len(child) + size / 2))[pairs % size]
    return [
        float(cells @ np.log((cells - 1 + s * share) / (whole - 1 + s) / share) / len(child))
        for s in SMOOTHING
    ]


def log_ratios(parent: np.ndarray, child: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return log p(child | parent) - log p(child), smoothed as suits rows not seen.

    Parameters
    ----------
    parent, child : numpy.ndarray
        Codes, shape ``(rows,)``.
    shape : tuple of int
        Codes of parent and child.

    Returns
    -------
    numpy.ndarray
        float32, of the given shape.
    """
    smoothing = SMOOTHING[int(np.argmax(gains_of(parent, child, shape[1])))]
    cells = np.bincount(parent.astype(np.int64) * shape[1] + child, minlength=shape[0] * shape[1])
    cells = cells.reshape(shape)
    share = (cells.sum(axis=0) + 0.5) / (len(child) + shape[1] / 2)
    law = (cells + smoothing * share) / (cells.sum(axis=1, keepdims=True) + smoothing)
    return np.log(law / share).astype(np.float32)


@keras.saving.register_keras_serializable("tabgen")
class ParentTables(keras.layers.Layer):
    """Codes, shape ``(batch, tokens)``, to what parents add to the logits, shape ``(batch, codes)``."""

    def __init__(self, space: CodeSpace, parents: Sequence[int]) -> None:
        super().__init__()
        self.space, self.parents = space, parents
        groups = [tuple(space.direct), *(bank.tokens for bank in space.banks)]
        self.groups = [group for group in groups if group]
        self.sizes = [max(space.cardinalities[t] for t in group) for group in self.groups]
        self.tables = [
            self.add_weight(
                shape=(1 + sum(self._rows(t) for t in group), size),  # the first row says nothing
                initializer="zeros",
                trainable=False,
                name=f"table_{number}",
            )
            for number, (group, size) in enumerate(zip(self.groups, self.sizes, strict=True))
        ]

    def _rows(self, token: int) -> int:
        return 0 if self.parents[token] < 0 else self.space.cardinalities[self.parents[token]]

    def _starts(self, group: Sequence[int]) -> np.ndarray:
        """Return the first row of each token's table."""
        rows = [self._rows(token) for token in group]
        return np.where(np.array(rows) > 0, 1 + np.cumsum([0, *rows[:-1]]), 0)

    def learn(self, codes: np.ndarray) -> None:
        """Fill the tables from rows of codes."""
        for group, table in zip(self.groups, self.tables, strict=True):
            values = np.zeros(table.shape, dtype=np.float32)
            for token, start in zip(group, self._starts(group), strict=True):
                parent = self.parents[token]
                if parent >= 0:
                    shape = self.space.cardinalities[parent], self.space.cardinalities[token]
                    ratios = log_ratios(codes[:, parent], codes[:, token], shape)
                    values[start : start + shape[0], : shape[1]] = ratios
            table.assign(values)

    def of_token(self, token: int) -> np.ndarray | None:
        """Return the table of one token, shape ``(parent codes, codes)``, or None without a parent."""
        if self.parents[token] < 0:
            return None
        for group, table in zip(self.groups, self.tables, strict=True):
            if token in group:
                start = self._starts(group)[group.index(token)]
                rows = np.asarray(table)[start : start + self._rows(token)]
                return np.ascontiguousarray(rows[:, : self.space.cardinalities[token]])
        raise ValueError(f"There is no token {token}.")

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Look up what the parents' codes say."""
        parts = []
        for number, (group, size) in enumerate(zip(self.groups, self.sizes, strict=True)):
            has = np.array([self.parents[t] >= 0 for t in group], dtype=np.int32)
            chosen = tf.gather(codes, [max(self.parents[t], 0) for t in group], axis=1) * has
            said = tf.gather(self.tables[number], chosen + self._starts(group).astype(np.int32))
            flat = tf.reshape(said, (-1, len(group) * size))  # (batch, tokens * size)
            if number == 0 and self.space.direct:  # direct heads stand side by side without padding
                sizes = [self.space.cardinalities[t] for t in group]
                kept = [i * size + code for i, k in enumerate(sizes) for code in range(k)]
                flat = tf.gather(flat, kept, axis=1)
            parts.append(flat)
        return tf.concat(parts, axis=1)
