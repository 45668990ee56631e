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
    """Codes, shape ``(batch, tokens)``, to what parents add to the blocks of logits.

    Each block of `tabgen.models.layers.TokenHeads` has one table: a row of zeros, then for each token and
    each of its parents one row a code of the parent.
    """

    def __init__(self, space: CodeSpace, parents: Parents) -> None:
        super().__init__()
        self.space, self.parents = space, parents
        self.groups = [tuple(space.direct), *(bank.tokens for bank in space.banks)]
        self.tables = [self._add_table(number, group) for number, group in enumerate(self.groups)]
        self.built = True

    def _add_table(self, number: int, group: Sequence[int]) -> keras.Variable:
        size = max((self.space.cardinalities[t] for t in group), default=1)
        rows = 1 + sum(self.space.parent_sizes[p] for t in group for p in self.parents[t])
        name = f"table_{number}"
        return self.add_weight(shape=(rows, size), initializer="zeros", trainable=False, name=name)

    def _starts(self, group: Sequence[int]) -> list[list[int]]:
        """Return the first row of each parent of each token."""
        sizes = [[self.space.parent_sizes[p] for p in self.parents[t]] for t in group]
        ends = iter(np.cumsum([1, *(size for own in sizes for size in own)]).tolist())
        return [[next(ends) for _ in own] for own in sizes]

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
        for group, table in zip(self.groups, self.tables, strict=True):
            values = np.zeros(table.shape, dtype=np.float32)
            for token, starts in zip(group, self._starts(group), strict=True):
                for (_, ratios), start in zip(said[token], starts, strict=False):  # none without rows
                    values[start : start + len(ratios), : ratios.shape[1]] = ratios
            table.assign(values)

    def of_token(self, token: int) -> Said:
        """Return the parents of one token and their tables, shape ``(parent codes, codes)`` each."""
        number = next(n for n, group in enumerate(self.groups) if token in group)
        group, size = self.groups[number], self.space.cardinalities[token]
        rows, starts = np.asarray(self.tables[number]), self._starts(group)[group.index(token)]
        return [
            (parent, np.ascontiguousarray(rows[start : start + self.space.parent_sizes[parent], :size]))
            for parent, start in zip(self.parents[token], starts, strict=True)
        ]

    def _with_crosses(self, codes: tf.Tensor) -> tf.Tensor:
        """Return rows of codes with one more column for each cross."""
        more = []
        for number, own in enumerate(self.space.crosses):
            steps = self.space.steps(number)
            more.append(tf.reduce_sum(tf.gather(codes, own, axis=1) * steps, axis=1, keepdims=True))
        return tf.concat([codes, *more], axis=1) if more else codes

    def call(self, codes: tf.Tensor) -> list[tf.Tensor]:
        """Look up what the parents' codes say."""
        codes = tf.transpose(self._with_crosses(codes))
        direct, *blocks = [self._said(*each, codes) for each in zip(self.groups, self.tables, strict=True)]
        # heads of few codes stand side by side without padding
        sizes = [self.space.cardinalities[t] for t in self.space.direct]
        kept = [i * direct.shape[2] + code for i, size in enumerate(sizes) for code in range(size)]
        flat = tf.reshape(tf.transpose(direct, (1, 0, 2)), (-1, direct.shape[0] * direct.shape[2]))
        return [tf.gather(flat, np.array(kept, dtype=np.int32), axis=1), *blocks]

    def _said(self, group: Sequence[int], table: keras.Variable, codes: tf.Tensor) -> tf.Tensor:
        """Return what the parents of some tokens say, shape ``(tokens, batch, size)``."""
        starts, batch, many = self._starts(group), tf.shape(codes)[1], len(group)
        most = max(map(len, starts), default=0)
        parents, begins, counts = np.zeros((3, many, most), dtype=np.int32)
        for place, (token, own) in enumerate(zip(group, starts, strict=True)):
            parents[place, : len(own)], begins[place, : len(own)] = self.parents[token], own
            counts[place, : len(own)] = 1  # where there is no parent, the row of zeros
        rows = tf.gather(codes, parents) * counts[:, :, None] + begins[:, :, None]  # (tokens, ranks, batch)
        sums = tf.sparse.segment_sum(
            table, tf.reshape(tf.transpose(rows, (0, 2, 1)), (-1,)), tf.repeat(tf.range(many * batch), most),
            num_segments=many * batch,
        )  # fmt: skip
        return tf.reshape(sums, (many, -1, table.shape[1]))
