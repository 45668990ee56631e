"""Parameters of `TabularGAN` to training settings, or one sentence on which of them is wrong."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from tabgen.privacy import DifferentialPrivacy
from tabgen.protection import Protection
from tabgen.relations import Relation

if TYPE_CHECKING:
    from tabgen.models import TrainingConfig

MODELS = ("vae", "gan", "vae-gan")
SEED_RULE = "None or a whole number from 0 on"


def training_settings(gan: Any) -> TrainingConfig:
    """Return the training settings, or say which parameter is wrong."""
    rules: dict[Hashable, tuple[bool, str]] = {
        "model": (gan.model in MODELS, 'one of "vae", "gan" and "vae-gan"'),
        "epochs": (_auto_or_count(gan.epochs), '"auto" or a whole number from 1 on'),
        "batch_size": (_auto_or_count(gan.batch_size), '"auto" or a whole number from 1 on'),
        "max_minutes": (
            gan.max_minutes is None or _is_between(gan.max_minutes, 0, np.inf),
            "None or above 0",
        ),
        "learning_rate": (_auto_or_rate(gan.learning_rate), '"auto" or between 0 and 1'),
        "latent_dim": (is_whole(gan.latent_dim), "0 or above"),
        "relations": (_auto_or_relations(gan.relations), '"auto" or a sequence of relations'),
        "protection": (
            gan.protection in ("auto", "strict", None) or isinstance(gan.protection, Protection),
            '"auto", "strict", None or a Protection',
        ),
        "privacy": (
            gan.privacy is None or isinstance(gan.privacy, DifferentialPrivacy),
            "None or a DifferentialPrivacy",
        ),
        "random_state": (gan.random_state is None or is_whole(gan.random_state), SEED_RULE),
    }
    for name, (valid, rule) in rules.items():
        if not valid:
            raise ValueError(f"{name} must be {rule}, but is {getattr(gan, str(name))!r}.")
    from tabgen.models import TrainingConfig

    seed = np.random.SeedSequence(gan.random_state).generate_state(1)[0]
    return TrainingConfig(
        epochs=gan.epochs if isinstance(gan.epochs, str) else int(gan.epochs),
        batch_size=gan.batch_size if isinstance(gan.batch_size, str) else int(gan.batch_size),
        max_minutes=gan.max_minutes,
        learning_rate=gan.learning_rate,
        seed=int(seed) % 2**31,
    )


def _auto_or_count(value: Any) -> bool:
    return value == "auto" if isinstance(value, str) else is_whole(value) and value >= 1


def _auto_or_rate(value: Any) -> bool:
    return value == "auto" if isinstance(value, str) else _is_between(value, 0, 1)


def _auto_or_relations(value: Any) -> bool:
    if isinstance(value, str):
        return value == "auto"
    return isinstance(value, Sequence) and all(isinstance(relation, Relation) for relation in value)


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number, 0 or more."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool) and int(value) >= 0


def _is_between(value: Any, low: float, high: float) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and low < float(value) < high


def check_seed(seed: Any) -> None:
    """Refuse what is no seed."""
    if seed is not None and not is_whole(seed):
        raise ValueError(f"seed must be {SEED_RULE}, but is {seed!r}.")


def row_count(n: Any) -> int:
    """Return a number of rows."""
    if not is_whole(n):
        raise ValueError(f"n must be a whole number of rows, 0 or more, but is {n!r}.")
    return int(n)
