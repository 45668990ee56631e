"""Codes to a fitted Keras model and back to codes; nothing here ever sees a data frame."""

from __future__ import annotations

from tabgen.models.training import TrainingConfig, train
from tabgen.models.vae import ConditionalVAE, vae_config

__all__ = ["ConditionalVAE", "TrainingConfig", "train", "vae_config"]
