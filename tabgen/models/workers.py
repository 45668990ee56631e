"""A model and data to training on several machines, in which all workers see, and decide, the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import keras
import tensorflow as tf

Step: TypeAlias = Callable[[tf.Tensor], dict[str, tf.Tensor]]


def join_workers(model: keras.Model) -> None:
    """Prepare a model for `tf.distribute.MultiWorkerMirroredStrategy`, if its scope is open."""
    if _has_workers():
        model.train_step, model.test_step = _listed(model.train_step), _listed(model.test_step)


def _listed(step: Step) -> Step:
    """Return a step whose losses have an axis: along it, Keras takes means over workers."""
    return lambda codes: {name: tf.reshape(value, (1,)) for name, value in step(codes).items()}


def unshared(data: tf.data.Dataset) -> tf.data.Dataset:
    """Return data that each worker sees all of: by what they measure on it, all end at the same epoch."""
    if not _has_workers():  # the devices of one machine share their batches
        return data
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return data.with_options(options)


def _has_workers() -> bool:
    return isinstance(tf.distribute.get_strategy(), tf.distribute.MultiWorkerMirroredStrategy)
