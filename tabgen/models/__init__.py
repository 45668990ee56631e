"""Codes to a fitted Keras model and back to codes; nothing here ever sees a data frame."""

from __future__ import annotations

from tabgen.models.checkpoint import seed_of
from tabgen.models.fitting import Fitted, Task, fit_model, open_checkpoint
from tabgen.models.gan import LatentGAN
from tabgen.models.guided import GuidedModel
from tabgen.models.training import TrainingConfig
from tabgen.models.vae import ConditionalVAE

__all__ = [
    "ConditionalVAE",
    "Fitted",
    "GuidedModel",
    "LatentGAN",
    "Task",
    "TrainingConfig",
    "fit_model",
    "open_checkpoint",
    "seed_of",
]
