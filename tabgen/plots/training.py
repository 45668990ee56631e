"""Training histories to their curves."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tabgen.plots.style import FAINT, REAL, SYNTHETIC, add_legend, new_grid


@dataclass(frozen=True)
class Panel:
    """A few curves of a training history that belong in one picture.

    Attributes
    ----------
    title : str
        What is on the vertical ax.
    stages : tuple of str
        Which stages of training it is about.
    curves : dict of str to str
        Columns of the history and what to call them.
    over : str
        The column on the horizontal ax.
    level : float or None
        Where to draw a line, for instance chance.
    """

    title: str
    stages: tuple[str, ...]
    curves: dict[str, str]
    over: str = "epoch"
    level: float | None = None


PANELS = (
    Panel(
        "loss (nats a row)",
        ("vae", "autoencoder"),
        {"loss": "training, some columns given", "val_loss": "validation"},
    ),
    Panel(
        "validation terms (nats a row)",
        ("vae", "autoencoder"),
        {"val_reconstruction": "reconstruction", "val_kl": "Kullback-Leibler"},
    ),
    Panel("learning rate", ("vae", "autoencoder"), {"learning_rate": "learning rate"}),
    Panel("two-sample score", ("vae", "autoencoder"), {"two_sample": "autoencoder"}, level=0.5),
    Panel(
        "contest: losses (nats)",
        ("contest",),
        {"generator_loss": "generator", "critic_loss": "critic"},
        level=0.693,
    ),
    Panel(
        "contest: critic's accuracy on held-out rows",
        ("contest",),
        {"val_real_accuracy": "real", "val_generated_accuracy": "generated"},
        level=0.5,
    ),
    Panel("contest: two-sample score", ("contest",), {"two_sample": "generator"}, level=0.5),
    Panel(
        "discriminator's accuracy on held-out rows",
        ("discriminator",),
        {"real_accuracy": "real", "generated_accuracy": "generated"},
        over="trees",
        level=0.5,
    ),
)


def plot_training(history: pd.DataFrame) -> Figure:
    """Draw training curves: losses, their terms, learning rate, two-sample scores, accuracies.

    Parameters
    ----------
    history : pandas.DataFrame
        One row an epoch, as in ``TabularGAN.history_``.

    Returns
    -------
    matplotlib.figure.Figure
        One panel for each group of curves that the history holds.

    Examples
    --------
    >>> losses = {"loss": [9.0, 7.0], "val_loss": [9.5, 8.0]}
    >>> history = pd.DataFrame({"stage": "vae", "epoch": [1, 2], **losses})
    >>> len(plot_training(history).axes)
    1
    """
    known = [panel for panel in PANELS if not _rows_of(panel, history).empty]
    figure, axes = new_grid(len(known), 4, 4.0, 3.0)
    for ax, panel in zip(axes, known, strict=False):
        _draw_curves(_rows_of(panel, history), panel, ax)
    return figure


def _rows_of(panel: Panel, history: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of a panel in long form; no row where the history has not all of them."""
    if not {"stage", *panel.curves, panel.over} <= set(history.columns):
        return pd.DataFrame()
    rows = history[history["stage"].isin(panel.stages)]
    return rows.melt(panel.over, list(panel.curves), "curve").replace({"curve": panel.curves}).dropna()


def _draw_curves(long: pd.DataFrame, panel: Panel, ax: Axes) -> None:
    colours = [REAL, SYNTHETIC][: len(panel.curves)]
    few = len(long) <= 12 * len(panel.curves)  # points that a line alone would hide
    sns.lineplot(
        long, x=panel.over, y="value", hue="curve", ax=ax, palette=colours, marker="o" if few else None
    )
    if panel.level is not None:
        ax.axhline(panel.level, color=FAINT, linestyle=":", linewidth=1)
    ax.set(title=panel.title, ylabel="", xlabel=panel.over)
    if len(colours) == 1:
        ax.legend().remove()
    else:
        add_legend(ax)
