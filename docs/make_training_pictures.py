"""Fits that go well and fits that go wrong to the picture of their curves in tuning.md.

python docs/make_training_pictures.py    some minutes; prints what `read_training` says of each fit
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from tabgen import TabularGAN
from tabgen.reading import read_training
from tabgen.tables import read_table

ROOT = Path(__file__).parent
CURVES = {"val_loss": "validation loss (nats a row)", "loss": "training loss (nats a row)"}


def measured(rows: int, columns: int = 8, causes: int = 3) -> pd.DataFrame:
    """Return measurements that have hidden causes in common, so that there is something to learn."""
    hidden = np.random.default_rng(0).normal(size=(rows, causes))
    weights = np.random.default_rng(1).normal(size=(causes, columns))
    noise = np.random.default_rng(2).normal(size=(rows, columns))
    values = np.tanh(hidden @ weights) + 0.1 * noise
    return pd.DataFrame(values.round(2), columns=[f"x{number}" for number in range(columns)])


def draw(histories: dict[str, pd.DataFrame]) -> plt.Figure:
    """Draw validation above training loss, a column a fit; the scales of both are their own."""
    figure, axes = plt.subplots(2, len(histories), figsize=(12, 4.6), layout="constrained", sharex="col")
    for column, (title, history) in zip(axes.T, histories.items(), strict=True):
        column[0].set_title(title)
        column[1].set_xlabel("epoch")
        for ax, curve, colour in zip(column, CURVES, ("#d55e00", "#0072b2"), strict=True):
            ax.plot(history["epoch"], history[curve], color=colour, marker="o", markersize=3)
            ax.spines[["top", "right"]].set_visible(False)
    for ax, label in zip(axes[:, 0], CURVES.values(), strict=True):
        ax.set_ylabel(label)
    return figure


if __name__ == "__main__":
    customers = read_table(ROOT.parent / "sample_data" / "customers.csv").frame
    fits = {
        "converged": (measured(4_000), {}),
        "too short": (measured(4_000), {"epochs": 8}),
        "overfit": (customers.head(300), {"epochs": 60}),
        "learning rate too high": (measured(4_000), {"epochs": 30, "learning_rate": 0.3}),
    }
    histories = {}
    for title, (table, parameters) in fits.items():
        gan = TabularGAN(model="vae", **parameters, random_state=0).fit(table)
        histories[title] = gan.history_
        print(title, *read_training(gan.history_), sep="\n  ", flush=True)
    draw(histories).savefig(ROOT / "training-wrong.png", dpi=80, facecolor="white")
