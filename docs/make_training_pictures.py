"""Fits that go well and fits that go wrong to the pictures of their curves in tuning.md.

python docs/make_training_pictures.py    about three minutes; prints what `read_training` says of each fit
"""

from pathlib import Path

import pandas as pd

from tabgen import TabularGAN
from tabgen.plots import plot_training
from tabgen.reading import read_training
from tabgen.tables import read_table

LOSSES = ["stage", "epoch", "loss", "val_loss"]
FITS = {  # name of the picture: rows to learn from, parameters
    "training-good": (2_000, {"model": "vae"}),
    "training-short": (2_000, {"model": "vae", "epochs": 5}),
    "training-overfit": (300, {"model": "vae", "epochs": 150}),
    "training-hot": (300, {"model": "vae", "epochs": 40, "learning_rate": 0.2}),
    "training-contest": (2_000, {"model": "gan"}),
}


def curves_of(name: str, history: pd.DataFrame) -> pd.DataFrame:
    """Return the part of a history that a picture shows: the contest of a GAN, otherwise the losses."""
    if name == "training-contest":
        return history[history["stage"] == "contest"]
    return history[LOSSES]


if __name__ == "__main__":
    root = Path(__file__).parent
    real = read_table(root.parent / "sample_data" / "customers.csv").frame
    for name, (rows, parameters) in FITS.items():
        gan = TabularGAN(**parameters, random_state=0).fit(real.head(rows))
        figure = plot_training(curves_of(name, gan.history_))
        figure.savefig(root / f"{name}.png", dpi=90, facecolor="white")
        print(name, *read_training(gan.history_), sep="\n  ")
