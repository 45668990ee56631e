"""Histories and tidy frames to seaborn figures."""

from __future__ import annotations

from collections.abc import Hashable

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
ROW_BINS = 40


def plot_training(history: pd.DataFrame) -> Figure:
    """Draw training curves: total loss, loss terms and learning rate by epoch.

    Parameters
    ----------
    history : pandas.DataFrame
        One row an epoch, as in ``TabularGAN.history_``.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> history = pd.DataFrame({"epoch": [1, 2], "loss": [9.0, 7.0], "val_loss": [9.5, 8.0]})
    >>> len(plot_training(history).axes)
    1
    """
    panels = [
        ("loss (nats a row)", {"loss": "training, some columns given", "val_loss": "validation"}),
        (
            "validation terms (nats a row)",
            {"val_reconstruction": "reconstruction", "val_kl": "Kullback-Leibler"},
        ),
        ("learning rate", {"learning_rate": "learning rate"}),
    ]
    known = [(title, curves) for title, curves in panels if set(curves) <= set(history.columns)]
    figure = _figure(4.2 * max(len(known), 1), 3.2)
    axes = np.atleast_1d(figure.subplots(1, max(len(known), 1)))
    for axis, (title, curves) in zip(axes, known, strict=False):
        long = history.melt("epoch", list(curves), "curve").replace({"curve": curves})
        sns.lineplot(long, x="epoch", y="value", hue="curve", ax=axis, palette=_colours(len(curves)))
        axis.set(title=title, ylabel="")
        axis.legend(title=None, frameon=False)
        if len(curves) == 1:
            axis.get_legend().remove()
    if {"val_loss", "epoch"} <= set(history.columns) and len(history):
        best = history.loc[history["val_loss"].idxmin(), "epoch"]
        axes[0].axvline(best, color="0.6", linestyle=":", linewidth=1)
        axes[0].annotate(" kept", (best, axes[0].get_ylim()[1]), va="top", color="0.4", fontsize=8)
    sns.despine(figure)
    return figure


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
    labels = [*(_shorten(str(level)) for level in column.levels), "missing"]
    codes = long["value"].cat.codes.astype(int)  # and not labels: those may be alike
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
