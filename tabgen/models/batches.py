"""Rows of codes to batches: shuffled anew each pass and known from seed and step, or as they stand."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

MOST_PASSES = 2**40


def batches(codes: np.ndarray, batch_size: int, seed: int, start: int = 0) -> tf.data.Dataset:
    """Return endless shuffled batches; codes stay in memory once, only row numbers are shuffled.

    The order of each pass over the rows follows from the seed and the number of the pass alone, so that
    training can go on from any step.

    Parameters
    ----------
    codes : numpy.ndarray
        int32, shape ``(rows, tokens)``.
    batch_size : int
        Rows in a batch; the last one of a pass may have fewer.
    seed : int
        Seed of the order.
    start : int
        Number of the first batch.
    """
    held, rows = tf.constant(codes), len(codes)
    first, skipped = divmod(start, math.ceil(rows / batch_size))

    def one_pass(number: tf.Tensor) -> tf.data.Dataset:
        chosen = tf.random.experimental.stateless_shuffle(tf.range(rows), tf.stack([seed, number]))
        starts = tf.data.Dataset.range(0, rows, batch_size)
        return starts.map(lambda at: tf.gather(held, chosen[at : at + batch_size]))

    return (
        tf.data.Dataset.range(first, MOST_PASSES)
        .flat_map(one_pass)
        .skip(skipped)
        .prefetch(2)
        .with_options(untuned())
    )


def in_order(codes: np.ndarray, batch_size: int) -> tf.data.Dataset:
    """Return batches of rows as they stand, once."""
    return tf.data.Dataset.from_tensor_slices(codes).batch(batch_size).with_options(untuned())


def untuned() -> tf.data.Options:
    """Return options without autotune: there is nothing to tune, and its thread holds up the end of a fit."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return options
