"""The judgement's plots as inline SVG in the page's own colours, so that they follow its dark mode."""

from __future__ import annotations

import io
import re
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from ..judgement import Judgement, Share

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and scaled
    "svg.hashsalt": "weighbridge",  # the same judgement gives the same bytes
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}
_INK, _PROMISE, _SEEN = "#010101", "#020202", "#030303"
"""Stand-ins, replaced by the page's colours below: matplotlib takes no CSS variables."""
_COLOURS = {_INK: "var(--ink)", _PROMISE: "var(--promise)", _SEEN: "var(--seen)"}


def shares(judgement: Judgement) -> str:
    """Each version's promise as a band and its seen share as a point with its interval, in percent."""
    shown = judgement.shares[::-1]
    with rc_context(_STYLE):
        figure = Figure(figsize=(8, 0.9 + 0.6 * len(shown)), layout="constrained")
        axes = figure.add_subplot()
        for row, share in enumerate(shown):
            _promise(axes, row, share, judgement.run.promise.within)
            _seen(axes, row, share)
        axes.set_yticks(range(len(shown)), [share.version for share in shown])
        axes.set_ylim(-0.6, len(shown) - 0.4)
        axes.set_xlim(0, 100)
        axes.set_xlabel(f"share of {judgement.unit.split(',')[0]}, percent")
        axes.tick_params(colors=_INK, left=False)
        axes.xaxis.label.set_color(_INK)
        axes.spines["bottom"].set_color(_INK)
        axes.grid(axis="x", color=_INK, alpha=0.12)
        return _inline(figure, "Shares by version: the promised band and the seen share with its interval")


def _promise(axes: Axes, row: int, share: Share, within: float) -> None:
    low, high = max(0.0, 100 * share.promised - within), min(100.0, 100 * share.promised + within)
    axes.barh(row, high - low, left=low, height=0.62, color=_PROMISE, alpha=0.35)
    axes.vlines(100 * share.promised, row - 0.31, row + 0.31, color=_PROMISE)


def _seen(axes: Axes, row: int, share: Share) -> None:
    axes.hlines(row, 100 * share.interval.low, 100 * share.interval.high, color=_SEEN, linewidth=2.5)
    if share.seen is not None:
        axes.plot([100 * share.seen], [row], marker="o", color=_SEEN, markersize=7)


def _inline(figure: Figure, title: str) -> str:
    """The figure as an ``<svg>`` element that takes the page's width and colours."""
    target = io.StringIO()
    FigureCanvasSVG(figure).print_svg(  # type: ignore[no-untyped-call] # matplotlib leaves this one untyped
        target, metadata={"Date": None, "Creator": None}
    )
    svg = target.getvalue()
    svg = svg[svg.index("<svg") :]
    for stand_in, colour in _COLOURS.items():
        svg = svg.replace(stand_in, colour)
    svg = re.sub(
        r'<svg [^>]*?viewBox="([^"]+)"[^>]*>', rf'<svg viewBox="\1" role="img" aria-label="{title}">', svg
    )
    return re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
