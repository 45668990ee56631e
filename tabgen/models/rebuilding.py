"""Bytes of a ``.keras`` file to the model that it tells of, built from numbers by tabgen's own classes."""

from __future__ import annotations

import io
import json
import math
import tempfile
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from tabgen.archives import zip_members
from tabgen.errors import ModelFileError
from tabgen.models.discriminator import TreeDiscriminator
from tabgen.models.gan import GANConfig, LatentGAN
from tabgen.models.guided import GuidedModel
from tabgen.models.layers import CodeSpace
from tabgen.models.sizes import VAEConfig
from tabgen.models.vae import ConditionalVAE

CONFIG, WEIGHTS = "config.json", "model.weights.h5"
MEMBERS = ("metadata.json", CONFIG, WEIGHTS)
MOST = 2**31  # any whole number in a configuration is below
MOST_CANDIDATES = 100
TUPLES = ("cardinalities", "ordered", "gates", "columns")
REALS = ("dropout", "beta", "evidence_rate", "penalty", "averaging")


def model_from(data: bytes) -> keras.Model:
    """Return the model of a ``.keras`` file.

    Keras would import and call whatever a file names. Here a file names one of three kinds of model, and
    numbers, which are checked against the weights that the file has before anything of their size is made.

    Parameters
    ----------
    data : bytes
        The file.

    Raises
    ------
    ValueError
        If it tells of anything else, or its weights do not fit.
    ModelFileError
        If there is no room to unpack it.
    """
    members = zip_members(data, MEMBERS)
    told = json.loads(members[CONFIG])
    stored = stored_weights(members[WEIGHTS])
    needed = weights_of(told)
    if needed > stored:
        raise ValueError(f"the network has {needed:,} weights or more, the file {stored:,}")
    model = build(told)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS
        try:
            path.write_bytes(members[WEIGHTS])
        except OSError as error:
            raise ModelFileError(f"Cannot unpack the model into {folder!r}: {error.strerror}.") from error
        model.load_weights(path)
    if isinstance(model, GuidedModel) and model.discriminator is not None:
        check_trees(model.discriminator, model.space)
    bad = [weight.path for weight in model.weights if not np.isfinite(np.asarray(weight)).all()]
    if bad:
        raise ValueError(f"the weights {bad[0]} are no finite numbers")
    return model


def stored_weights(data: bytes) -> int:
    """Return how many numbers an HDF5 file holds, all of them inside the file itself.

    Raises
    ------
    ValueError
        If it refers to other files or places, holds anything but numbers, or says to hold more than it can.
    """
    with h5py.File(io.BytesIO(data), "r") as file:
        sizes = list(_sizes(file, depth=0))
    if sum(sizes) > len(data):  # Keras packs no weights, and no number is smaller than a byte
        raise ValueError("the weights file says to hold more than it can")
    return sum(sizes)


def _sizes(group: h5py.Group, depth: int) -> Iterator[int]:
    if depth > 20:
        raise ValueError("the weights file is nested too deeply")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"the weights file refers to something else as {name!r}")
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from _sizes(item, depth + 1)
        elif item.external or item.is_virtual or item.chunks or item.dtype.kind not in "biuf":
            raise ValueError(f"the weights file holds {name!r}, which is no plain array of numbers")
        else:
            yield math.prod(item.shape)


def build(told: Any) -> keras.Model:
    """Return an untrained model of a configuration as Keras writes it."""
    kind, facts = told["class_name"], told["config"]
    match kind:
        case "ConditionalVAE":
            return ConditionalVAE(vae_config_from(facts["config"]))
        case "LatentGAN":
            return LatentGAN(gan_config_from(facts["config"]))
        case "GuidedModel":
            trees = facts["discriminator"]
            discriminator = None if trees is None else TreeDiscriminator(*_trees_of(trees))
            candidates = _whole(facts, "candidates", 1, MOST_CANDIDATES)
            return GuidedModel(build(_unguided(facts)), discriminator, candidates)
    raise ValueError(f"it holds a {kind!r}, which is no model of tabgen")


def weights_of(told: Any) -> int:
    """Return how many weights a configuration asks for at least; nothing of their size is made."""
    kind, facts = told["class_name"], told["config"]
    match kind:
        case "ConditionalVAE":
            return weights_of_vae(vae_config_from(facts["config"]))
        case "LatentGAN":
            sizes = gan_config_from(facts["config"])
            inputs = 7 * sizes.autoencoder.latent_dim + sizes.autoencoder.context
            one = inputs * sizes.width + sizes.depth * sizes.width**2
            return weights_of_vae(sizes.autoencoder) + 3 * one
        case "GuidedModel":
            trees = facts["discriminator"]
            return weights_of(_unguided(facts)) + (0 if trees is None else sum(_trees_of(trees)))
    raise ValueError(f"it holds a {kind!r}, which is no model of tabgen")


def weights_of_vae(sizes: VAEConfig) -> int:
    """Return how many weights an autoencoder has at least."""
    tokens, context = len(sizes.cardinalities), sizes.context
    flat = tokens * sizes.embedding
    codes = sum(sizes.cardinalities)  # not padded yet: padding is bounded by the first sum
    if tokens * max(sizes.cardinalities) <= 2**24:
        codes = CodeSpace(sizes.cardinalities, sizes.ordered, sizes.gates).width
    encoders = (flat + tokens) * context + context**2 + sizes.latent_dim * context
    deeper = (sizes.depth - 1) * sizes.width**2
    decoder = (flat * sizes.causal + context) * sizes.width
    tables = max((sum(sizes.space.parent_sizes[p] for p in own) for own in sizes.parents), default=0)
    return codes * (1 + sizes.embedding) + encoders + deeper + decoder + tables


def vae_config_from(facts: Any) -> VAEConfig:
    """Return the sizes that a configuration tells, each of its kind and within bounds."""
    names = {field.name for field in fields(VAEConfig)}
    if set(facts) != names:
        raise ValueError(f"the sizes of the network lack or add {sorted(set(facts) ^ names)[0]!r}")
    tokens = len(facts["cardinalities"])
    if tokens == 0 or any(len(facts[name]) != tokens for name in (*TUPLES, "parents")):
        raise ValueError("the sizes of the network are not of one number of tokens")
    for name in ("width", "depth", "embedding", "context"):
        _whole(facts, name, 1)
    for name in ("latent_dim", "seed"):
        _whole(facts, name, 0)
    _check_reals(facts)
    if not isinstance(facts["causal"], bool):
        raise ValueError("causal is neither true nor false")
    for name, low, high in (("cardinalities", 1, MOST), ("gates", -1, tokens), ("columns", 0, tokens)):
        for number in facts[name]:
            _whole({name: number}, name, low, high - 1)
    if not all(isinstance(flag, bool) for flag in facts["ordered"]):
        raise ValueError("ordered is neither true nor false")
    for own in facts["crosses"]:
        for number in own:
            _whole({"crosses": number}, "crosses", 0, tokens - 1)
        if len(own) < 2 or math.prod(facts["cardinalities"][token] for token in own) > MOST:
            raise ValueError("tokens that speak together are fewer than two, or have too many codes")
    for own in facts["parents"]:
        if len(own) > tokens:
            raise ValueError("a token has more parents than there are tokens")
        for number in own:
            _whole({"parents": number}, "parents", 0, tokens + len(facts["crosses"]) - 1)
    return VAEConfig.from_json(facts)


def gan_config_from(facts: Any) -> GANConfig:
    """Return the sizes that a configuration tells, each of its kind and within bounds."""
    _check_reals({"penalty": facts["penalty"], "averaging": facts["averaging"]})
    width, depth = _whole(facts, "width", 1), _whole(facts, "depth", 1)
    own = vae_config_from(facts["autoencoder"])
    return GANConfig(own, width, depth, facts["penalty"], facts["averaging"])


def check_trees(trees: TreeDiscriminator, space: CodeSpace) -> None:
    """Refuse trees that do not end, or that look at what there is not.

    Raises
    ------
    ValueError
        If a child does not stand behind its parent, or anything else is out of range.
    """
    token, left, right, roots = (np.asarray(a) for a in (trees.token, trees.left, trees.right, trees.roots))
    places = np.arange(trees.nodes)
    inner = left >= 0
    children = np.stack([left[inner], right[inner]])
    fine = (children > places[inner]).all() and (children < trees.nodes).all()
    fine = fine and ((token >= 0) & (token < len(space.cardinalities))).all()
    if not fine or not ((roots >= 0) & (roots < trees.nodes)).all():
        raise ValueError("the trees of the discriminator are not in order")


def _unguided(facts: Any) -> Any:
    if facts["generator"]["class_name"] == "GuidedModel":
        raise ValueError("the generator of the guided model is a guided one itself")
    return facts["generator"]


def _trees_of(told: Any) -> tuple[int, int]:
    if told["class_name"] != "TreeDiscriminator":
        raise ValueError(f"it holds a {told['class_name']!r}, which is no discriminator of tabgen")
    return _whole(told["config"], "nodes", 1), _whole(told["config"], "trees", 1)


def _check_reals(facts: Any) -> None:
    for name in set(REALS) & set(facts):
        value = facts[name]
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < MOST:
            raise ValueError(f"{name} is {str(value)[:40]}, no number in its range")


def _whole(facts: Any, name: str, low: int, high: int = MOST) -> int:
    value = facts[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} is {str(value)[:40]}, no whole number in its range")
    return value
