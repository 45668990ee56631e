"""The parents of tokens and their tables as a Keras layer: codes to what parents add to the logits."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tabgen.models.layers import CodeSpace
from tabgen.models.loglinear import Parents, Said, fit_tables


@keras.saving.register_keras_serializable("tabgen")
class ParentTables(keras.layers.Layer):
    """Codes, shape ``(batch, tokens)``, to what parents add to the logits, shape ``(batch, codes)``."""

    def __init__(self, space: CodeSpace, parents: Parents) -> None:
        super().__init__()
        self.space, self.parents = space, parents
        # heads of one kind stand side by side; each rank of parents is looked up in one gather
        groups = [tuple(space.direct), *(bank.tokens for bank in space.banks)]
        self.groups = [group for group in groups if group]
        self.lookups = [
            (group, rank, self._add_table(group, rank))
            for group in self.groups
            for rank in range(max(len(parents[token]) for token in group))
        ]
        self.built = True

    def _add_table(self, group: Sequence[int], rank: int) -> keras.Variable:
        size = max(self.space.cardinalities[t] for t in group)
        rows = 1 + sum(self._rows(t, rank) for t in group)  # the first row says nothing
        name = f"table_{self.groups.index(tuple(group))}_{rank}"
        return self.add_weight(shape=(rows, size), initializer="zeros", trainable=False, name=name)

    def _rows(self, token: int, rank: int) -> int:
        parents = self.parents[token]
        return self.space.parent_sizes[parents[rank]] if rank < len(parents) else 0

    def _starts(self, group: Sequence[int], rank: int) -> np.ndarray:
        """Return the first row of each token's table."""
        rows = [self._rows(token, rank) for token in group]
        return np.where(np.array(rows) > 0, 1 + np.cumsum([0, *rows[:-1]]), 0).astype(np.int32)

    def learn(self, codes: np.ndarray) -> None:
        """Fill the tables from rows of codes."""
        codes = self.space.with_crosses(codes)
        self.fill(
            [
                fit_tables(self.space.rows_with(codes, token), token, parents, self.space)
                for token, parents in enumerate(self.parents)
            ]
        )

    def fill(self, said: Sequence[Said]) -> None:
        """Fill the tables with what the parents of each token say."""
        for group, rank, table in self.lookups:
            values = np.zeros(table.shape, dtype=np.float32)
            for token, start in zip(group, self._starts(group, rank), strict=True):
                if rank < len(said[token]):
                    ratios = said[token][rank][1]
                    values[start : start + len(ratios), : ratios.shape[1]] = ratios
            table.assign(values)

    def of_token(self, token: int) -> Said:
        """Return the parents of one token and their tables, shape ``(parent codes, codes)`` each."""
        said = []
        for group, rank, table in self.lookups:
            if token in group and rank < len(self.parents[token]):
                start = self._starts(group, rank)[group.index(token)]
                rows = np.asarray(table)[start : start + self._rows(token, rank)]
                own = np.ascontiguousarray(rows[:, : self.space.cardinalities[token]])
                said.append((self.parents[token][rank], own))
        return said

    def _with_crosses(self, codes: tf.Tensor) -> tf.Tensor:
        """Return rows of codes with one more column for each cross."""
        more = []
        for number, own in enumerate(self.space.crosses):
            steps = self.space.steps(number)
            more.append(tf.reduce_sum(tf.gather(codes, own, axis=1) * steps, axis=1, keepdims=True))
        return tf.concat([codes, *more], axis=1) if more else codes

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Look up what the parents' codes say."""
        parts = []
        codes = self._with_crosses(codes)
        for group in self.groups:
            size = max(self.space.cardinalities[t] for t in group)
            flat = tf.zeros((tf.shape(codes)[0], len(group) * size))
            for own, rank, table in self.lookups:
                if own != group:
                    continue
                has = [rank < len(self.parents[t]) for t in group]
                parents = [self.parents[t][rank] if h else 0 for t, h in zip(group, has, strict=True)]
                chosen = tf.gather(codes, parents, axis=1) * np.array(has, dtype=np.int32)
                said = tf.gather(table, chosen + self._starts(group, rank))  # (batch, tokens, size)
                flat += tf.reshape(said, (-1, len(group) * size))
            if list(group) == self.space.direct:  # direct heads stand side by side without padding
                sizes = [self.space.cardinalities[t] for t in group]
                kept = [i * size + code for i, k in enumerate(sizes) for code in range(k)]
                flat = tf.gather(flat, kept, axis=1)
            parts.append(flat)
        return tf.concat(parts, axis=1)
