"""Real and synthetic rows as numbers to how well a classifier tells them apart, and by which columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TwoSample:
    """What a classifier made of rows that it had not seen.

    Attributes
    ----------
    false_positive_rate, true_positive_rate : numpy.ndarray of float
        The ROC curve, shape ``(points,)``; a synthetic row is a positive.
    auc : float
        The area under it: .5 where no row can be told, 1 where all can; NaN for too few rows.
    """

    false_positive_rate: np.ndarray
    true_positive_rate: np.ndarray
    auc: float
