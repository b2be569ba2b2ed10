"""A chart as inline SVG in the page's own colours, drawn by matplotlib: one unit is one pixel of the page."""

from __future__ import annotations

import io
import re
import warnings
from hashlib import sha256
from html import escape
from typing import Any

from markupsafe import Markup
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from .. import harmless
from . import figures

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and scaled
    "svg.hashsalt": "weighbridge",  # the same judgement gives the same bytes
    "font.family": "sans-serif",
    "font.size": 11,
    "figure.facecolor": "none",  # the page's own paper shows through, dark or light
    "axes.facecolor": "none",
    "axes.linewidth": 1,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.major.size": 3,
    "xtick.minor.size": 2,
    "ytick.major.size": 0,
    "path.simplify": True,
}
_PIXELS = 72
"""To the inch: so that sizes are pixels."""
INK, SOFT, ZONE, PASS, FAIL = "var(--ink)", "var(--soft)", "var(--zone)", "var(--pass)", "var(--fail)"
_TALLER = 1.35
"""How much larger than drawn a chart may be shown."""


class Canvas:
    """A figure of fixed size with one pair of axes; margins in pixels, so that neighbours line up."""

    def __init__(
        self, width: float, height: float, *, left: float = 44, bottom: float = 34, right: float = 10
    ) -> None:
        self._size = (width, height)
        self._colours: dict[str, str] = {}
        with rc_context(_STYLE):
            figure = Figure(figsize=(width / _PIXELS, height / _PIXELS), dpi=_PIXELS)
            top = 8.0
            self.axes: Axes = figure.add_axes(
                (
                    left / width,
                    bottom / height,
                    (width - left - right) / width,
                    (height - top - bottom) / height,
                )
            )
        self._figure = figure

    def colour(self, css: str) -> str:
        """A stand-in for a colour of the page, since matplotlib takes no CSS variables."""
        return self._colours.setdefault(css, f"#0000{len(self._colours) + 1:02x}")

    def svg(self, title: str) -> Markup:
        """As an ``<svg>`` of its place's width and the page's colours; ``title`` says what it shows."""
        self._ink()
        target = io.StringIO()
        with rc_context(_STYLE), warnings.catch_warnings():
            # Names may be in letters that matplotlib's own font lacks; the reader's browser has them.
            warnings.filterwarnings("ignore", r"Glyph \d+ .*missing from", UserWarning)
            FigureCanvasSVG(self._figure).print_svg(  # type: ignore[no-untyped-call] # left untyped there
                target, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
            )
        return Markup(harmless.text(self._inline(target.getvalue(), title)))  # noqa: S704 - matplotlib escapes its text

    def _ink(self) -> None:
        axes, soft = self.axes, self.colour(SOFT)
        axes.tick_params(which="both", colors=soft)
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set_color(soft)
        axes.spines["bottom"].set_color(soft)

    def _inline(self, svg: str, title: str) -> str:
        svg = svg[svg.index("<svg") :]
        for css, stand_in in self._colours.items():
            svg = svg.replace(stand_in, css)
        svg = _own_ids(re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL), title)
        width, height = self._size
        head = (
            f'<svg class="plot" viewBox="0 0 {width:g} {height:g}" style="max-width:{_TALLER * width:g}px" '
            f'role="img" aria-label="{escape(title)}">'
        )
        return re.sub(r"<svg [^>]*>", lambda _: head, svg, count=1)


_REFERENCE = re.compile(r"(?<=url\(#)[\w.-]+|(?<=href=\"#)[\w.-]+")
_ID = re.compile(r' id="([\w.-]+)"')


def _own_ids(svg: str, title: str) -> str:
    """Only the ids that something refers to, told apart from those of the page's other charts.

    matplotlib names a mark by its shape and colour, and our stand-ins are the same in every chart.
    """
    mine = f"c{sha256(title.encode()).hexdigest()[:8]}-"
    used = set(_REFERENCE.findall(svg))
    svg = _ID.sub(lambda found: f' id="{mine}{found[1]}"' if found[1] in used else "", svg)
    return _REFERENCE.sub(lambda found: mine + found[0], svg)


def grid(canvas: Canvas, axis: str) -> None:
    canvas.axes.grid(axis=axis, color=canvas.colour(INK), alpha=0.1, linewidth=1)  # type: ignore[arg-type]
    canvas.axes.set_axisbelow(True)


def words(text: str, longest: int) -> str:
    """A name from elsewhere as matplotlib may print it: no formula, no control character, not too long."""
    shown = "".join(character if character.isprintable() else "\ufffd" for character in text)
    return figures.cut(shown, longest).replace("$", r"\$")


def beside(canvas: Canvas, row: float, told: str, *, colour: str = INK, at: float = 1.02) -> None:
    """Words at the right of a row; ``at`` is in widths of the axes."""
    axes = canvas.axes
    axes.text(at, row, told, transform=axes.get_yaxis_transform(), va="center", color=canvas.colour(colour))


def plain(value: float, _: float = 0) -> str:
    """A tick's number as people write it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:g}"


def logarithmic(axes: Axes, least: float, most: float) -> None:
    """A horizontal scale from ``least`` to ``most`` with as many numbers as there is room for."""
    told = "1235" if most / least < 30 else "1" if most / least > 3000 else "125"
    axes.set_xscale("log")
    axes.set_xlim(least / 1.05, most * 1.05)
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    axes.xaxis.set_minor_formatter(
        FuncFormatter(lambda value, _: plain(float(f"{value:.3g}")) if f"{value:e}"[0] in told else "")
    )
