"""Made-up training curves are read as what they are."""

import numpy as np
import pandas as pd
import pytest

from tabgen.history import ENOUGH
from tabgen.reading import read_training

EPOCHS = np.arange(20)
FALLING = 10 - 0.2 * EPOCHS
LEVEL = 5 + 4 * np.exp(-EPOCHS / 2)
RISING = LEVEL + 0.1 * np.clip(EPOCHS - 8, 0, None)


def _losses(val_loss, stage="vae", **curves):
    return pd.DataFrame(
        {"stage": stage, "epoch": EPOCHS + 1, "loss": FALLING, "val_loss": val_loss, **curves}
    )


def _ended(why):
    return [""] * (len(EPOCHS) - 1) + [why]


def _contest(two_sample, accuracy):
    return pd.DataFrame(
        {
            "stage": "contest",
            "two_sample": two_sample,
            "val_real_accuracy": accuracy,
            "val_generated_accuracy": accuracy,
        }
    )


def _discriminator(accuracy):
    losses = {"val_loss": [0.7, 0.6, 0.65]}
    return pd.DataFrame(
        {"stage": "discriminator", "real_accuracy": accuracy, "generated_accuracy": accuracy, **losses}
    )


CURVES = {
    "level": (_losses(LEVEL), "converged", True),
    "level, then annealed on all rows": (_losses(np.where(EPOCHS < 15, LEVEL, np.nan)), "converged", True),
    "falling to the end": (_losses(FALLING), "still improving", False),
    "rising while training falls": (_losses(RISING), "overfit", False),
    "rising with training": (_losses(RISING).assign(loss=RISING), "converged", True),
    "rising, but the best was gone on from": (_losses(RISING, ended=_ended(ENOUGH)), "converged", True),
    "rising, and all epochs done": (_losses(RISING, ended=_ended("all epochs are done")), "overfit", False),
    "falling, and no time left": (_losses(FALLING, ended=_ended("the time is up")), "still improving", False),
    "never below the first": (
        _losses(np.full(20, 49.3)).assign(loss=np.r_[49, [1e5] * 19]),
        "diverged",
        False,
    ),
    "two epochs": (_losses(LEVEL).head(2), "too short", False),
    "noise about a level": (_losses(LEVEL + 0.004 * (-1) ** EPOCHS), "converged", True),
    "test fooled": (_contest([0.9, 0.7, 0.53], 0.6), "fooled", True),
    "critic dead": (_contest([0.9, 0.8, 0.8], 0.5), "dead critic", False),
    "critic alive, test level": (_contest([0.9, 0.7, 0.7, 0.7, 0.7, 0.7], 0.7), "converged", True),
    "test falling": (_contest([0.9, 0.85, 0.8, 0.75, 0.7], 0.7), "still improving", False),
    "trees guess": (_discriminator([0.6, 0.52, 0.6]), "fooled", True),
    "trees find something": (_discriminator([0.5, 0.7, 0.5]), "guides", True),
}


@pytest.mark.parametrize(("history", "state", "good"), CURVES.values(), ids=CURVES)
def test_curves_are_read_as_what_they_are(history, state, good):
    (finding,) = read_training(history)
    assert (finding.state, finding.good) == (state, good)
    assert finding.text.endswith(".")


def test_figures_are_told():
    text = read_training(_losses(RISING))[0].text
    assert text.startswith("Overfit from epoch 9 on: the validation loss rose by 1.0")
    scored = _losses(LEVEL, two_sample=[np.nan] * 19 + [0.512])
    assert read_training(scored)[0].text.endswith("with an AUC of 0.512.")
    assert "right on 70 % of held-out" in read_training(_discriminator([0.5, 0.7, 0.5]))[0].text


def test_every_stage_has_its_say():
    stages = _losses(LEVEL, "autoencoder"), _contest([0.9, 0.7, 0.53], 0.6), _discriminator([0.6, 0.52, 0.6])
    found = read_training(pd.concat(stages, ignore_index=True))
    assert [finding.stage for finding in found] == ["autoencoder", "contest", "discriminator"]


def test_what_was_trained_is_read(fitted):
    assert read_training(fitted.history_)[0].stage == "vae"


@pytest.mark.parametrize("history", [pd.DataFrame(), pd.DataFrame({"stage": ["vae"], "loss": [1.0]})])
def test_without_curves_there_is_nothing_to_say(history):
    assert read_training(history) == ()
