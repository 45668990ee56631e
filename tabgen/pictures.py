"""Figures to pictures that stand in a page by themselves, readable on light and on dark paper."""

from __future__ import annotations

import base64
import io
import re
import warnings
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

MOST_BYTES = 200_000  # of an SVG picture; a larger one becomes PNG
DPI = 110  # of a PNG picture
NO_METADATA = dict.fromkeys(("Date", "Format", "Type", "Creator"))
FONT = "text{font-family:system-ui,'Noto Sans',sans-serif !important}"
# on dark paper: pale ink, and the lighter blue of the same palette (Okabe & Ito 2008)
DARK = {"#262626": "#e6e6e6", "#000000": "#e6e6e6", "#808080": "#9a9a9a", "#0072b2": "#56b4e9"}


@dataclass(frozen=True)
class Picture:
    """A picture in a page.

    Attributes
    ----------
    source : str
        Address of the picture, which holds the picture itself (``data:image/...``).
    alt : str
        What it shows, in words.
    width, height : int
        Size in CSS pixels.
    """

    source: str
    alt: str
    width: int
    height: int


def picture(figure: Figure, alt: str) -> Picture:
    """Return a figure as a picture: SVG, of which text and lines turn pale on dark paper, or a large one PNG.

    Letters are left to the fonts of the reader, who has those of the language of the table.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        What to show.
    alt : str
        What it shows, in words.

    Examples
    --------
    >>> figure = Figure(figsize=(2, 1))
    >>> shown = picture(figure, "nothing")
    >>> shown.source[:19], shown.width, shown.height
    ('data:image/svg+xml;', 192, 96)
    """
    width, height = (round(96 * inches) for inches in figure.get_size_inches())
    svg = _svg(figure).encode()
    if len(svg) <= MOST_BYTES:
        return Picture(f"data:image/svg+xml;base64,{base64.b64encode(svg).decode()}", alt, width, height)
    png = base64.b64encode(_saved(figure, "png", facecolor="white")).decode()
    return Picture(f"data:image/png;base64,{png}", alt, width, height)


def _svg(figure: Figure) -> str:
    """Return a figure as SVG with a style sheet of its own."""
    text = _saved(figure, "svg", facecolor="none").decode()
    start = text.index("<svg ")  # what stands before names addresses of standards, and no reader needs it
    dark = "".join(
        f"[style*='{kind}: {light}']{{{kind}:{pale} !important}}"
        for light, pale in DARK.items()
        for kind in ("fill", "stroke")
    )
    pale = DARK["#262626"]
    sheet = f"<style>{FONT}@media (prefers-color-scheme:dark){{text{{fill:{pale} !important}}{dark}}}</style>"
    head, body = re.split(r"(?<=>)\n", text[start:], maxsplit=1)
    return head + sheet + re.sub(r"\n\s*", " ", body)


def _saved(figure: Figure, format: str, facecolor: str) -> bytes:
    buffer = io.BytesIO()
    settings = {"svg.fonttype": "none", "svg.hashsalt": "tabgen", "axes.unicode_minus": False}
    with mpl.rc_context(settings), warnings.catch_warnings():
        # no font has all letters: in PNG a box is drawn for those it lacks
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.set_facecolor(facecolor)
        if format == "svg":  # savefig draws twice
            FigureCanvasSVG(figure).print_svg(buffer, metadata=NO_METADATA)
        else:
            figure.savefig(buffer, format=format, dpi=DPI)
    return buffer.getvalue()
