"""Stages of training to a table of them, one row an epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

ENOUGH = "held-out rows gain no more"  # how a stage ends that was given all the time it needs
INTERRUPTED = "it was interrupted"  # how a stage ends by Ctrl-C


def history_of(stages: Sequence[Any]) -> pd.DataFrame:
    """Return stages of training as rows; the last one of each says why it ended.

    Parameters
    ----------
    stages : sequence of tabgen.models.training.Stage
        In order; none for an empty table.
    """
    frames = []
    for stage in stages:
        frame = pd.DataFrame(stage.curves)
        frame.insert(0, "stage", stage.name)
        frame.insert(1, "epoch", np.arange(1, len(frame) + 1))
        frames.append(frame.assign(ended=[""] * (len(frame) - 1) + [stage.ended]))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()
