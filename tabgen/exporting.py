"""A fitted model to a folder that plain TensorFlow draws rows of codes from; such codes to a table."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tabgen.drawing import look
from tabgen.errors import TableError
from tabgen.folders import whole_folder
from tabgen.modelfile import FittedParts, load_parts, save_parts
from tabgen.relations import unrelate

DECODER = Path("assets.extra", "decoder.tabgen")  # where a SavedModel has room for files of others
MEMBERS = ("saved_model.pb", "variables", "assets", "assets.extra", "fingerprint.pb")


def export_parts(parts: FittedParts, folder: str | os.PathLike[str], *, force: bool = True) -> None:
    """Write fitted parts as a TensorFlow SavedModel; see `TabularGAN.export`."""
    if parts.model is None:
        raise TableError("No column of the table varies, so that there is no network to export. Use save.")
    import tensorflow as tf

    from tabgen.models.exported import CodeSampler

    with whole_folder(folder, *MEMBERS, force=force) as unfinished:
        (unfinished / DECODER).parent.mkdir()
        save_parts(replace(parts, model=None), unfinished / DECODER)
        sampler = CodeSampler(parts.model)
        tf.saved_model.save(sampler, str(unfinished), signatures=sampler.draw)


def decode_exported(
    folder: str | os.PathLike[str], codes: np.ndarray, seed: int | None = None
) -> pd.DataFrame:
    """Turn codes that an exported model drew into a table; no TensorFlow is needed.

    Parameters
    ----------
    folder : path
        A folder that `TabularGAN.export` wrote.
    codes : numpy.ndarray
        What its signature returns as ``codes``: int32, shape ``(n, tokens)``.
    seed : int, optional
        Seed of all that a code leaves open: where in its interval a number lies, keys, personal data.

    Returns
    -------
    pandas.DataFrame
        One row for each row of codes, with the columns, order and dtypes of the training table.

    Raises
    ------
    ModelFileError
        If the folder holds no decoder.
    TableError
        If the codes are not of this model.

    Examples
    --------
    >>> import tensorflow as tf
    >>> from tabgen import TabularGAN
    >>> people = pd.DataFrame({"age": [31, 45, 28, 62] * 20, "smokes": ["no", "yes", "no", "no"] * 20})
    >>> folder = getfixture("tmp_path") / "exported"
    >>> TabularGAN(epochs=1, random_state=0).fit(people).export(folder)
    >>> draw = tf.saved_model.load(str(folder)).signatures["serving_default"]
    >>> codes = draw(n=tf.constant(5, tf.int64), seed=tf.constant(1, tf.int64))["codes"].numpy()
    >>> decode_exported(folder, codes, seed=1).shape
    (5, 2)
    """
    parts = load_parts(Path(folder) / DECODER, network=False)
    codes = _checked(codes, parts)
    source = np.random.SeedSequence(seed)
    tidy = parts.encoder.decode(codes, np.random.default_rng(source.spawn(1)[0]), stratified=True)
    return look(unrelate(tidy, parts.relations), parts, source)


def _checked(codes: Any, parts: FittedParts) -> np.ndarray:
    own, most = np.asarray(codes), np.array(parts.encoder.layout.cardinalities)
    if own.ndim != 2 or own.shape[1] != len(most) or own.dtype.kind not in "iu":
        raise TableError(
            f"Codes must be whole numbers of shape (rows, {len(most)}). Draw them from the export."
        )
    if ((own < 0) | (own >= most)).any():
        raise TableError("Some codes are none of this model. Draw them from the export in the same folder.")
    return own.astype(np.int32)
