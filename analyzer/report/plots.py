"""The judgement's charts of the split: each share against its promise, and how it came there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from ..judgement import Judgement, Share
from ..records import Version
from . import figures
from .canvas import FAIL, INK, PASS, ZONE, Canvas, beside, grid, plain, words

Colours = Mapping[Version, str]
PANEL = (300, 180)
"""Pixels of a small chart, of which several stand side by side."""
_ROW = 34


def shares(judgement: Judgement, colours: Colours) -> Markup:
    """How far each version's share is off its promise, in points, with its interval, on the zone allowed."""
    shown, within = judgement.shares[::-1], judgement.run.promise.within
    canvas = Canvas(380, 46 + _ROW * len(shown), left=86, right=74)
    axes, ink = canvas.axes, canvas.colour(INK)
    for row, share in enumerate(shown):
        _off(canvas, row, share, within, canvas.colour(colours[share.version]))
    reach = max(1.7 * within, *(1.08 * abs(edge) for share in shown for edge in _edges(share)))
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.set_yticks(range(len(shown)), [_row_name(share) for share in shown])
    axes.axvline(0, color=ink, linewidth=1, alpha=0.5)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:+g}" if value else "0"))
    axes.set_xlabel("points off the promise")
    grid(canvas, "x")
    told = "; ".join(
        f"{share.version} {figures.percent(share.seen)}, promised {figures.percent(share.promised)}, "
        f"interval {figures.span(share.interval)}"
        for share in judgement.shares
    )
    return canvas.svg(f"Shares against their promise, allowed {within:g} points: {told}")


def _row_name(share: Share) -> str:
    return f"{words(share.version, 9)}   {figures.percent(share.promised, 0)}"


def _edges(share: Share) -> tuple[float, float]:
    """The interval in points off the promise."""
    return 100 * (share.interval.low - share.promised), 100 * (share.interval.high - share.promised)


def _off(canvas: Canvas, row: int, share: Share, within: float, colour: str) -> None:
    axes, zone = canvas.axes, canvas.colour(ZONE)
    low, high = max(-within, -100 * share.promised), min(within, 100 * (1 - share.promised))
    if share.weight:
        axes.barh(row, high - low, left=low, height=0.66, color=zone, linewidth=0)
    if share.seen is None:
        return
    axes.hlines(row, *_edges(share), color=colour, linewidth=3)
    axes.plot([100 * (share.seen - share.promised)], [row], marker="o", color=colour, markersize=9)
    beside(canvas, row, figures.percent(share.seen))
    if min(_edges(share)) > high or max(_edges(share)) < low:
        beside(canvas, row, "✗", colour=FAIL, at=1.22)
    elif share.weight and low < min(_edges(share)) and max(_edges(share)) < high:
        beside(canvas, row, "✓", colour=PASS, at=1.22)


def trajectories(judgement: Judgement, colours: Colours) -> Iterator[tuple[Version, Markup]]:
    """For each version its share and its always-valid band after so many requests, around its promise."""
    if len(judgement.looks) < 2:
        return
    for index, version in enumerate(judgement.run.promise.weights.versions):
        yield version, _trajectory(judgement, index, colours[version])


def _trajectory(judgement: Judgement, index: int, css: str) -> Markup:
    promise, looks = judgement.run.promise, judgement.looks
    version = promise.weights.versions[index]
    middle, within = 100 * promise.weights.share(version), promise.within
    canvas = Canvas(*PANEL)
    axes, colour, ink = canvas.axes, canvas.colour(css), canvas.colour(INK)
    requests = [look.requests for look in looks]
    bands = [look.shares[index][2] for look in looks]
    seen = [(look.requests, 100 * share) for look in looks if (share := look.shares[index][1]) is not None]
    if middle:  # one answer of a version without weight is one too many
        axes.axhspan(middle - within, middle + within, color=canvas.colour(ZONE), linewidth=0)
    axes.axhline(middle, color=ink, linewidth=1, alpha=0.5)
    low, high = [100 * band.low for band in bands], [100 * band.high for band in bands]
    axes.fill_between(requests, low, high, color=colour, alpha=0.22, linewidth=0)
    axes.plot(*zip(*seen, strict=True) if seen else ((), ()), color=colour, linewidth=2)
    if after := judgement.split.certain_after:
        axes.axvline(after, color=ink, linewidth=1.2, linestyle=(0, (2, 2)))
    reach = max(4 * within, abs((seen[-1][1] if seen else middle) - middle) + 2 * within)
    axes.set_ylim(max(0.0, middle - reach), min(100.0, middle + reach))
    axes.set_xscale("log")
    axes.set_xlim(max(1, requests[-1] / 1000), requests[-1])
    axes.xaxis.set_major_locator(LogLocator(numticks=5))
    axes.xaxis.set_major_formatter(FuncFormatter(plain))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    axes.set_xlabel("requests")
    grid(canvas, "y")
    last = figures.percent(looks[-1].shares[index][1])
    return canvas.svg(
        f"Share of {version} while requests came in: at the end {last}, "
        f"with the band {figures.span(bands[-1])}, promised {middle:.1f} % ± {within:g} points"
    )
