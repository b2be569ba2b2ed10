"""Charts over time: each version's share window by window, where the weights changed, and the load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.ticker import FuncFormatter, MaxNLocator

from ..judgement import Judgement
from ..records import Version, Weights
from ..split.windows import Window
from ..wilson import wilson
from . import figures
from .canvas import INK, SOFT, ZONE, Canvas, grid, plain
from .plots import PANEL, Colours


@dataclass(frozen=True, slots=True)
class Stretch:
    """Weights and how long they were in force, in seconds since the first window; None where open."""

    weights: Weights
    within: float
    since: float
    until: float


def stretches(judgement: Judgement) -> list[Stretch]:
    """The promises of the run, one after the other, as far as the windows reach."""
    if not judgement.windows:
        return []
    begin, end = judgement.windows[0].at, judgement.windows[-1].at + judgement.windows[-1].seconds
    run = judgement.run
    spans = [(one.promise, one.live, one.ended) for one in run.earlier] + [(run.promise, run.live, end)]
    return [
        Stretch(promise.weights, promise.within, max(0.0, (live or begin) - begin), ended - begin)
        for promise, live, ended in spans
    ]


def shares(judgement: Judgement, colours: Colours) -> Iterator[tuple[Version, Markup]]:
    """For each version its share per window with its interval, on the zone that was promised then."""
    told = stretches(judgement)
    if len(judgement.windows) < 3 or not any(one.labelled for one in judgement.windows):
        return
    for version in dict.fromkeys(version for one in told for version in one.weights.versions):
        yield version, _share(judgement, told, version, colours[version])


def _share(judgement: Judgement, told: Sequence[Stretch], version: Version, css: str) -> Markup:
    canvas = Canvas(*PANEL)
    axes, colour = canvas.axes, canvas.colour(css)
    for one in told:
        middle = 100 * one.weights.share(version)
        zone = (max(0.0, middle - one.within), min(100.0, middle + one.within))
        if middle:  # one answer of a version without weight is one too many
            axes.fill_between([one.since, one.until], *zone, color=canvas.colour(ZONE), linewidth=0)
        axes.hlines(middle, one.since, one.until, color=canvas.colour(INK), linewidth=1, alpha=0.5)
    seen = [one for one in judgement.windows if one.labelled]
    middles = [_middle(judgement, one) for one in seen]
    counts = [dict(one.counts).get(version, 0) for one in seen]
    values = [100 * count / one.labelled for count, one in zip(counts, seen, strict=True)]
    alpha = judgement.run.promise.alpha
    spans = [wilson(count, one.labelled, alpha) for count, one in zip(counts, seen, strict=True)]
    axes.vlines(
        middles,
        [100 * one.low for one in spans],
        [100 * one.high for one in spans],
        color=colour,
        alpha=0.4,
        linewidth=2,
    )
    axes.plot(middles, values, color=colour, marker="o", markersize=4.5, linewidth=1, alpha=0.9)
    _changes(canvas, told)
    promised = [100 * one.weights.share(version) for one in told]
    low, high = (
        min([*promised, *(100 * one.low for one in spans)]),
        max([*promised, *(100 * one.high for one in spans)]),
    )
    room = max(0.05 * (high - low), 1.4 * told[-1].within)
    axes.set_ylim(max(-1.0, low - room), min(101.0, high + room))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))
    _clock(canvas, judgement.windows)
    return canvas.svg(f"Share of {version} over time, between {min(values):.1f} % and {max(values):.1f} %")


def load(judgement: Judgement) -> Markup | None:
    """Judged calls a second, window by window."""
    if len(judgement.windows) < 3:
        return None
    canvas = Canvas(*PANEL)
    begin, whole = judgement.windows[0].at, judgement.windows[:-1]  # the last one ends with the load
    rates = [one.calls / one.seconds for one in whole]
    canvas.axes.bar(
        [one.at - begin for one in whole],
        rates,
        [0.92 * one.seconds for one in whole],
        align="edge",
        color=canvas.colour(SOFT),
        alpha=0.4,
        linewidth=0,
    )
    _changes(canvas, stretches(judgement))
    canvas.axes.set_ylim(0, 1.15 * max(rates))
    canvas.axes.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    canvas.axes.yaxis.set_major_formatter(FuncFormatter(plain))
    _clock(canvas, judgement.windows)
    return canvas.svg(f"Calls a second over time, at most {figures.rate(max(rates))}")


def _middle(judgement: Judgement, one: Window) -> float:
    return one.at - judgement.windows[0].at + one.seconds / 2


def _changes(canvas: Canvas, told: Sequence[Stretch]) -> None:
    """A line where other weights came into force."""
    for one in told[1:]:
        canvas.axes.axvline(one.since, color=canvas.colour(INK), linewidth=1.2, linestyle=(0, (2, 2)))


def _clock(canvas: Canvas, windows: Sequence[Window]) -> None:
    last = windows[-1].at + windows[-1].seconds - windows[0].at
    unit, name = next(
        (u, n) for u, n in ((3600, "hours"), (60, "minutes"), (1, "seconds")) if last >= 2 * u or u == 1
    )
    canvas.axes.set_xlim(0, last)
    canvas.axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10] if unit == 1 else [1, 2, 3, 6]))
    canvas.axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: plain(value / unit)))
    canvas.axes.set_xlabel(f"{name} since the first call")
    grid(canvas, "y")
