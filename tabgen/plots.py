"""Histories and tidy frames to seaborn figures."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

import matplotlib.dates
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tabgen.evaluation import Comparison
from tabgen.schema import Column

REAL, SYNTHETIC = "#0072b2", "#d55e00"  # Okabe & Ito: told apart by every eye
PALETTE = {"real": REAL, "synthetic": SYNTHETIC}
SHOWN_LEVELS = 12
LABEL_LENGTH = 18
NAMED_ROWS = 5  # real rows from which a level is named: a rarer one could point to a person
ROW_BINS = 40


@dataclass(frozen=True)
class Panel:
    """A few curves of a training history that belong in one picture.

    Attributes
    ----------
    title : str
        What is on the vertical axis.
    stages : tuple of str
        Which stages of training it is about.
    curves : dict of str to str
        Columns of the history and what to call them.
    over : str
        The column on the horizontal axis.
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
    across = min(4, max(len(known), 1))
    down = max(-(-len(known) // across), 1)
    figure = _figure(4.0 * across, 3.0 * down)
    axes = np.atleast_1d(figure.subplots(down, across)).ravel()
    for axis, panel in zip(axes, known, strict=False):
        _draw_curves(_rows_of(panel, history), panel, axis)
    for axis in axes[max(len(known), 1) :]:
        axis.set_axis_off()
    sns.despine(figure)
    return figure


def _rows_of(panel: Panel, history: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of a panel in long form; no row where the history has not all of them."""
    if not {"stage", *panel.curves, panel.over} <= set(history.columns):
        return pd.DataFrame()
    rows = history[history["stage"].isin(panel.stages)]
    return rows.melt(panel.over, list(panel.curves), "curve").replace({"curve": panel.curves}).dropna()


def _draw_curves(long: pd.DataFrame, panel: Panel, axis: Axes) -> None:
    colours = _colours(len(panel.curves))
    few = len(long) <= 12 * len(panel.curves)  # points that a line alone would hide
    sns.lineplot(
        long, x=panel.over, y="value", hue="curve", ax=axis, palette=colours, marker="o" if few else None
    )
    if panel.level is not None:
        axis.axhline(panel.level, color="0.6", linestyle=":", linewidth=1)
    axis.set(title=panel.title, ylabel="", xlabel=panel.over)
    axis.title.set_fontsize(10)
    legend = axis.legend(title=None, frameon=False, fontsize=8)
    if len(colours) == 1:
        legend.remove()


def plot_columns(tables: Comparison, columns: list[Hashable] | None = None) -> Figure:
    """Draw the distribution of each column, real over synthetic.

    Parameters
    ----------
    tables : Comparison
        From `tabgen.evaluation.compare`.
    columns : list of Hashable, optional
        Which columns; by default all.

    Returns
    -------
    matplotlib.figure.Figure
    """
    facts = {column.name: column for column in tables.schema.columns}
    names = list(tables.real.columns) if columns is None else columns
    across = min(4, max(len(names), 1))
    down = max(-(-len(names) // across), 1)
    figure = _figure(3.4 * across, 2.5 * down)
    axes = np.atleast_1d(figure.subplots(down, across)).ravel()
    for axis, name in zip(axes, names, strict=False):
        draw_column(tables.real[name], tables.synthetic[name], facts[name], axis)
    for axis in axes[len(names) :]:
        axis.set_axis_off()
    for axis in axes[1 : len(names)]:
        if axis.get_legend() is not None:
            axis.get_legend().remove()
    sns.despine(figure)
    return figure


def draw_column(real: pd.Series, synthetic: pd.Series, column: Column, axis: Axes) -> Axes:
    """Draw one column: bars for levels, histograms for numbers and moments."""
    both = pd.concat({"real": real, "synthetic": synthetic}, names=["table"])
    long = both.rename("value").reset_index("table")
    if isinstance(real.dtype, pd.CategoricalDtype):
        _draw_levels(long, column, axis)
    else:
        _draw_histogram(long.dropna(), axis)
    axis.set(title=_shorten(str(column.name), 32), xlabel="", ylabel="")
    axis.tick_params(labelsize=8)
    return axis


def _draw_levels(long: pd.DataFrame, column: Column, axis: Axes) -> None:
    codes = long["value"].cat.codes.astype(int)  # and not labels: those may be alike
    rows = codes[(long["table"] == "real") & (codes >= 0)].value_counts()
    named = [rows.get(number, 0) >= NAMED_ROWS for number in range(len(column.levels))]
    names = [str(level) if own else "rare level" for level, own in zip(column.levels, named, strict=True)]
    labels = [*map(_shorten, names), "missing"]
    numbers = codes.where(codes >= 0, len(column.levels)).astype(str).rename("value")
    counts = numbers.groupby(long["table"]).value_counts(normalize=True).rename("share").reset_index()
    top = counts.groupby("value")["share"].max().nlargest(SHOWN_LEVELS).index
    order = list(top) if column.kind == "categorical" else sorted(top, key=int)
    sns.barplot(
        counts[counts["value"].isin(order)], y="value", x="share", hue="table", order=order,
        hue_order=list(PALETTE), palette=PALETTE, orient="y", ax=axis,
    )  # fmt: skip
    axis.set_yticks(range(len(order)), [labels[int(number)] for number in order])
    axis.legend(title=None, frameon=False, fontsize=8)


def _draw_histogram(long: pd.DataFrame, axis: Axes) -> None:
    values = long["value"]
    log = False
    if not pd.api.types.is_datetime64_dtype(values.dtype) and len(values):
        low, middle, high = values.quantile([0.0, 0.5, 1.0])
        log = bool(low > 0 and high > 50 * middle)
        values = values.to_numpy()
        if not log:  # a few far values must not squeeze all others into one bar
            bound = np.quantile(values, 0.995) if high > 20 * max(abs(middle), 1e-12) else high
            long = long[long["value"] <= bound]
    distinct = long["value"].nunique()
    sns.histplot(
        long, x="value", hue="table", hue_order=list(PALETTE), palette=PALETTE, stat="density",
        common_norm=False, element="step", alpha=0.25, log_scale=log,
        bins=int(np.clip(distinct, 1, ROW_BINS)), ax=axis,
    )  # fmt: skip
    axis.set_yticks([])
    legend = axis.get_legend()
    if legend is not None:
        legend.set(title=None, frame_on=False)
        for text in legend.get_texts():
            text.set_fontsize(8)
    if pd.api.types.is_datetime64_dtype(long["value"].dtype):
        locator = matplotlib.dates.AutoDateLocator(minticks=2, maxticks=5)
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(locator))


def _figure(width: float, height: float) -> Figure:
    """Return a figure that no window manager knows of: nothing to close, nothing to leak."""
    with sns.axes_style("ticks"):
        return Figure(figsize=(width, height), layout="constrained")


def _colours(count: int) -> list[str]:
    return [REAL, SYNTHETIC][:count]


def _shorten(text: str, length: int = LABEL_LENGTH) -> str:
    short = text if len(text) <= length else text[: length - 1] + "…"
    return short.replace("$", r"\$")  # two dollars would make a formula of what is between them
