"""Given rows to what a fitted model makes of their latents, and of the latents between two of them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

from tabgen.drawing import look
from tabgen.known import read_rows
from tabgen.modelfile import FittedParts
from tabgen.relations import relate, unrelate

LIVE = 1.0  # nats a row that a latent says, at least, where rows made from it are more than fresh draws


def encode_latents(parts: FittedParts, table: pd.DataFrame) -> np.ndarray:
    """Return the means of the latents of rows, shape ``(rows, latent)``.

    Parameters
    ----------
    parts : FittedParts
        The fitted model.
    table : pandas.DataFrame
        All columns of the training table.

    Raises
    ------
    ValueError
        If the model has no latent.

    Warns
    -----
    UserWarning
        If the latent says less than ``LIVE`` nats a row.
    """
    from tabgen.models.latents import latents_of

    private = parts.spending is not None
    if parts.model is None or private or not parts.parameters["latent_dim"]:
        raise ValueError(
            "This model has no latent. Fit with latent_dim=16 and without privacy a table in which a column "
            "varies."
        )
    nats = float(parts.history["val_kl"].dropna().iloc[-1])
    if nats < LIVE:
        warnings.warn(
            f"The latent of this model says {nats:.2f} nats a row: rows made from it are little more than "
            'fresh draws. Fit model="gan" for a latent that carries meaning.',
            UserWarning,
            stacklevel=3,
        )
    return latents_of(parts.model, parts.encoder.encode(relate(read_rows(table, parts), parts.relations)))


def decode_latents(
    parts: FittedParts, latents: np.ndarray, source: np.random.SeedSequence, *, alike: bool = False
) -> pd.DataFrame:
    """Return one row for each latent, in the form of the training table.

    Parameters
    ----------
    parts : FittedParts
        The fitted model.
    latents : numpy.ndarray
        float32, shape ``(rows, latent)``.
    source : numpy.random.SeedSequence
        Seed of all draws.
    alike : bool
        Whether all rows use the same random numbers, so that like latents make like rows.
    """
    from tabgen.models.latents import rows_of

    draws, decoding = (np.random.default_rng(seed) for seed in source.spawn(2))
    codes = rows_of(parts.model, latents, draws, alike=alike)
    tidy = parts.encoder.decode(codes, decoding, stratified=False)
    return look(unrelate(tidy, parts.relations), parts, source)
