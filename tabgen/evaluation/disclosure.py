"""Real, held-out and synthetic rows to how near the synthetic ones come to those that were learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Distances:
    """Distances between nearest rows, see `tabgen.evaluation.features.places`.

    Attributes
    ----------
    to_real, to_holdout : numpy.ndarray of float
        Distance of each sampled synthetic row to the nearest of a number of real rows, and to the
        nearest of as many held-out ones, shape ``(synthetic rows,)``.
    holdout_to_real : numpy.ndarray of float
        Distance of each sampled held-out row to the nearest of those real rows.
    """

    to_real: np.ndarray
    to_holdout: np.ndarray
    holdout_to_real: np.ndarray
