"""The judgement's plots as inline SVG in the page's own colours, so that they follow its dark mode."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ..judgement import Judgement, Share
from ..performance.versions import VersionPerformance

_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text: it can be read aloud, searched and scaled
    "svg.hashsalt": "weighbridge",  # the same judgement gives the same bytes
    "font.family": "sans-serif",
    "font.size": 10,
    "figure.facecolor": "none",  # the page's own paper shows through, dark or light
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
}
_INK, _PROMISE, _SEEN = "#010101", "#020202", "#030303"
"""Stand-ins, replaced by the page's colours below: matplotlib takes no CSS variables."""
_COLOURS = {_INK: "var(--ink)", _PROMISE: "var(--promise)", _SEEN: "var(--seen)"}
_WIDE, _NARROW = 5.4, 4.2
"""Inches; the page scales a figure to its card, and a small one stays readable on a phone."""


def shares(judgement: Judgement) -> str:
    """Each version's promise as a band and its seen share as a point with its interval, in percent."""
    shown = judgement.shares[::-1]
    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDE, 0.7 + 0.42 * len(shown)), layout="constrained")
        axes = figure.add_subplot()
        for row, share in enumerate(shown):
            _promise(axes, row, share, judgement.run.promise.within)
            _seen(axes, row, share)
        _rows(axes, [share.version for share in shown])
        axes.set_xlim(-1, 101)
        axes.set_xlabel("percent of the judged requests")
        return _inline(figure, "Shares by version: the promised band and the seen share with its interval")


def trajectories(judgement: Judgement) -> Iterator[str]:
    """For each version its share and its always-valid band after so many requests, around its promise."""
    if len(judgement.looks) < 2:
        return
    for index, version in enumerate(judgement.run.promise.weights.versions):
        with rc_context(_STYLE):
            figure = Figure(figsize=(_NARROW, 2.7), layout="constrained")
            _trajectory(figure.add_subplot(), judgement, index)
            yield _inline(figure, f"How the share of {version} closed in while requests came")


def _trajectory(axes: Axes, judgement: Judgement, index: int) -> None:
    promise, looks = judgement.run.promise, judgement.looks
    version = promise.weights.versions[index]
    middle, within = 100 * promise.weights.share(version), promise.within
    requests = [look.requests for look in looks]
    bands = [look.shares[index][2] for look in looks]
    seen = [(look.requests, 100 * share) for look in looks if (share := look.shares[index][1]) is not None]
    axes.axhspan(middle - within, middle + within, color=_PROMISE, alpha=0.3, linewidth=0)
    axes.axhline(middle, color=_PROMISE, linewidth=1.2)
    low, high = [100 * band.low for band in bands], [100 * band.high for band in bands]
    axes.fill_between(requests, low, high, color=_SEEN, alpha=0.18, linewidth=0)
    axes.plot(*zip(*seen, strict=True) if seen else ((), ()), color=_SEEN, linewidth=1.8)
    if after := judgement.split.certain_after:
        axes.axvline(after, color=_INK, linewidth=1, linestyle=(0, (2, 2)))
    reach = max(4 * within, abs((seen[-1][1] if seen else middle) - middle) + 2 * within)
    axes.set_ylim(max(0.0, middle - reach), min(100.0, middle + reach))
    axes.set_xscale("log")
    axes.set_xlim(max(1, requests[-1] / 1000), requests[-1])
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.set_xlabel("requests")
    axes.set_ylabel(f"percent {version}")
    _inked(axes)
    axes.grid(axis="y", color=_INK, alpha=0.12)


def latencies(judgement: Judgement) -> str | None:
    """Quantiles of each version's pages on a logarithmic scale; None where no version answered."""
    shown = judgement.performance.versions[::-1]
    if not shown:
        return None
    with rc_context(_STYLE):
        figure = Figure(figsize=(_WIDE, 0.7 + 0.42 * len(shown)), layout="constrained")
        axes = figure.add_subplot()
        for row, one in enumerate(shown):
            _quantiles(axes, row, one)
        _rows(axes, [one.version for one in shown])
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: f"{value:g}" if _leads(value) else ""))
        axes.set_xlabel("milliseconds")
        return _inline(figure, "Latency by version: p50, p90, p95 and p99")


def _quantiles(axes: Axes, row: int, one: VersionPerformance) -> None:
    axes.hlines(row, one.p50, one.p99, color=_SEEN, linewidth=2.5, alpha=0.45)
    axes.plot([one.p50], [row], marker="o", color=_SEEN, markersize=8)
    axes.plot([one.p90, one.p95, one.p99], [row] * 3, marker="|", color=_SEEN, linestyle="", markersize=12)


def _leads(value: float) -> bool:
    """Whether a minor tick is a 2 or a 5: more labels would run into each other."""
    return f"{value:e}"[0] in "25"


def _promise(axes: Axes, row: int, share: Share, within: float) -> None:
    low, high = max(0.0, 100 * share.promised - within), min(100.0, 100 * share.promised + within)
    axes.barh(row, high - low, left=low, height=0.62, color=_PROMISE, alpha=0.35)
    axes.vlines(100 * share.promised, row - 0.31, row + 0.31, color=_PROMISE)


def _seen(axes: Axes, row: int, share: Share) -> None:
    axes.hlines(row, 100 * share.interval.low, 100 * share.interval.high, color=_SEEN, linewidth=2.5)
    if share.seen is not None:
        axes.plot([100 * share.seen], [row], marker="o", color=_SEEN, markersize=7)


def _rows(axes: Axes, names: list[str]) -> None:
    """One row a version, named on the left."""
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    _inked(axes)
    axes.grid(axis="x", color=_INK, alpha=0.12)


def _inked(axes: Axes) -> None:
    axes.tick_params(which="both", colors=_INK, left=False)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(_INK)
    axes.spines["bottom"].set_color(_INK)


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
