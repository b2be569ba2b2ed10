"""Charts of latency and failures: each version's quantiles, how versions compare, how often each failed."""

from __future__ import annotations

from math import log10

from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from ..judgement import Judgement
from ..records import Outcome
from . import figures
from .canvas import INK, ZONE, Canvas, beside, grid, logarithmic, plain, words
from .plots import Colours

_QUANTILES = (0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999)
_ROW = 30
TONES = {
    Outcome.PASS: "var(--pass)",
    Outcome.FAIL: "var(--fail)",
    Outcome.UNDECIDED: "var(--undecided)",
}


def quantiles(judgement: Judgement, colours: Colours) -> Markup | None:
    """Each version's latency at every quantile, with its interval; higher up are the slower pages.

    The scale is that of the part still slower: as far from p50 to p95 as from p90 to p99.
    """
    told = [curve for curve in judgement.curves if len(curve.points) > 1]
    if not told:
        return None
    canvas = Canvas(400, 280, left=58)
    axes = canvas.axes
    for curve in told:
        colour = canvas.colour(colours[curve.version])
        height = [-log10(1 - point.quantile) for point in curve.points]
        low, high = [point.low for point in curve.points], [point.high for point in curve.points]
        axes.fill_betweenx(height, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.plot([point.milliseconds for point in curve.points], height, color=colour, linewidth=2)
    top = max(-log10(1 - curve.points[-1].quantile) for curve in told)
    ticks = [q for q in _QUANTILES if -log10(1 - q) <= top + 0.02]
    axes.set_yticks([-log10(1 - q) for q in ticks], [figures.quantile(q) if q else "fastest" for q in ticks])
    axes.set_ylim(0, max(1.05, top * 1.02))
    spans = [point for curve in told for point in curve.points]
    logarithmic(axes, min(point.low for point in spans), max(point.high for point in spans))
    axes.set_xlabel("milliseconds a page")
    grid(canvas, "both")
    ends = "; ".join(
        f"{one.version} p50 {figures.milliseconds(one.p50)}, p99 {figures.milliseconds(one.p99)}"
        for one in judgement.performance.versions
    )
    return canvas.svg(f"Latency of each version at every quantile: {ends}")


def ratios(judgement: Judgement) -> Markup | None:
    """How much slower each version is than the one with the largest weight, on the zone allowed."""
    told = [one for one in judgement.performance.comparisons if one.ratio and one.interval][::-1]
    if not told:
        return None
    canvas = Canvas(400, 46 + _ROW * len(told), left=100, right=56)
    axes, margin = canvas.axes, told[0].margin
    low = min(0.8, *(one.interval.low for one in told if one.interval))
    high = max(1 + 2 * margin, *(one.interval.high for one in told if one.interval))
    axes.axvspan(low / 2, 1 + margin, color=canvas.colour(ZONE), linewidth=0)
    axes.axvline(1, color=canvas.colour(INK), linewidth=1, alpha=0.5)
    for row, one in enumerate(told):
        colour = canvas.colour(TONES[one.outcome])
        if one.interval and one.ratio:
            axes.hlines(row, one.interval.low, one.interval.high, color=colour, linewidth=3)
            axes.plot([one.ratio], [row], marker="o", color=colour, markersize=8)
            beside(canvas, row, f"{one.ratio:.2f} ×")
    names = [
        f"{words(one.candidate, 6)} / {words(one.baseline, 6)}  {figures.quantile(one.quantile)}"
        for one in told
    ]
    axes.set_yticks(range(len(told)), names)
    axes.set_ylim(-0.6, len(told) - 0.4)
    axes.set_xscale("log")
    axes.set_xlim(low * 0.97, high * 1.03)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(plain)
    axes.xaxis.set_minor_locator(MaxNLocator(1))
    axes.xaxis.set_minor_formatter(lambda value, _: "")
    axes.set_xlabel("times as slow")
    grid(canvas, "x")
    return canvas.svg("How versions compare: " + " ".join(one.reason for one in told[::-1]))


def failures(judgement: Judgement, colours: Colours) -> Markup | None:
    """The part of each version's calls that failed, with its exact interval; None where none did."""
    told = judgement.error_rates[::-1]
    if not any(one.failed for one in told):
        return None
    canvas = Canvas(400, 46 + _ROW * len(told), left=100, right=56)
    axes = canvas.axes
    for row, one in enumerate(told):
        colour = canvas.colour(colours[one.version])
        axes.hlines(row, 100 * one.interval.low, 100 * one.interval.high, color=colour, linewidth=3)
        axes.plot([100 * (one.rate or 0)], [row], marker="o", color=colour, markersize=8, clip_on=False)
        beside(canvas, row, figures.percent(one.rate))
    axes.set_yticks(range(len(told)), [words(one.version, 14) for one in told])
    axes.set_ylim(-0.6, len(told) - 0.4)
    axes.set_xlim(0, 106 * max(one.interval.high for one in told))
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g} %")
    axes.set_xlabel("of its calls failed")
    grid(canvas, "x")
    parts = "; ".join(
        f"{one.version} {figures.percent(one.rate)} ({figures.span(one.interval)})" for one in told[::-1]
    )
    return canvas.svg(f"Failed calls by version: {parts}")
