"""What all pictures share in: colours, sizes, figures, and labels that fit."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import takewhile

import matplotlib as mpl
import numpy as np
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tabgen.evaluation import Comparison
from tabgen.schema import Column

REAL, SYNTHETIC, THIRD = "#0072b2", "#d55e00", "#009e73"  # Okabe & Ito 2008: told apart by every eye
INK, FAINT = "#262626", "#808080"
PAPER = "#f7f7f7"  # the middle of the differences
LABEL_LENGTH, TITLE_LENGTH = 18, 34
LOOK = {
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.titlesize": 10,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "hatch.linewidth": 0.6,
}


def new_grid(count: int, across: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """Return a figure of as many equal axes, which no window manager knows of: nothing leaks.

    Parameters
    ----------
    count : int
        Number of axes; at least one is made.
    across : int
        Most axes side by side.
    width, height : float
        Inches of each.
    """
    across = min(across, max(count, 1))
    down = max(-(-count // across), 1)
    with sns.axes_style("ticks", LOOK), mpl.rc_context(LOOK):
        figure = Figure(figsize=(width * across, height * down), layout="constrained")
        axes = np.atleast_1d(figure.subplots(down, across)).ravel().tolist()
    for spare in axes[max(count, 1) :]:
        spare.set_axis_off()
    return figure, axes[: max(count, 1)]


def axes_or_new(ax: Axes | None, width: float = 4.2, height: float = 2.8) -> Axes:
    """Return the axes to draw in: those given, or those of a figure of their own."""
    return new_grid(1, 1, width, height)[1][0] if ax is None else ax


def facts_of(tables: Comparison, name: Hashable) -> Column:
    """Return what is known of a column.

    Raises
    ------
    ValueError
        If the tables have no such column, or it is replaced and never learned.
    """
    if name not in tables.real:
        raise ValueError(f"There is no column {name!r} to draw. The columns: {list(tables.real.columns)}.")
    return next(column for column in tables.schema.columns if column.name == name)


def shorten(text: object, length: int = LABEL_LENGTH) -> str:
    r"""Return a label that fits and in which matplotlib sees no formula.

    >>> shorten("a name of many letters", 10), shorten("$5")
    ('a name of…', '\\$5')
    """
    line = " ".join(str(text).split())
    short = line if len(line) <= length else line[: length - 1].rstrip() + "…"
    return short.replace("$", r"\$")  # two dollars would make a formula of what is between them


def short_names(names: Sequence[Hashable], length: int = LABEL_LENGTH) -> list[str]:
    """Return labels that fit and differ: of names that begin alike, what comes after is kept.

    >>> short_names(["monthly income, before tax", "monthly income, after tax", "age"], 12)
    ['mont…before…', 'mont…after…', 'age']
    """
    short = [shorten(name, length) for name in names]
    labels = []
    for name, label in zip(names, short, strict=True):
        alike = [str(other) for other, same in zip(names, short, strict=True) if same == label]
        if len(set(alike)) > 1:
            head, common = length // 3, _alike(alike)
            label = shorten(f"{str(name)[:head]}…{str(name)[max(common, head) :].lstrip()}", length)
        labels.append(label)
    return labels


def _alike(texts: Sequence[str]) -> int:
    """Return how many of their first letters texts have in common."""
    letters = zip(*texts, strict=False)
    return len(list(takewhile(lambda column: len(set(column)) == 1, letters)))


def in_percent(axis: Axis) -> None:
    """Write the shares along an axis as percentages."""
    axis.set_major_locator(MaxNLocator(4))
    axis.set_major_formatter(lambda share, _: f"{100 * share:.3g} %")


def add_legend(ax: Axes, place: str = "best") -> None:
    """Tell what is what, without a frame."""
    ax.legend(loc=place, frameon=False, fontsize=8, title=None)


def differences() -> Colormap:
    """Return the colours from too few synthetic rows (blue: real) to too many (orange)."""
    return LinearSegmentedColormap.from_list("differences", [REAL, PAPER, SYNTHETIC])


def amounts() -> Colormap:
    """Return the colours from nothing to much, ever darker for every eye."""
    return sns.light_palette(REAL, as_cmap=True)
