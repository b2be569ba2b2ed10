"""Differences with their intervals as lines and dots with their places, for a template to print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from ..compare.comparison import Difference
from ..compare.metrics import Kind
from ..compare.words import Word
from .comparison_tables import change, words

WIDTH = 640.0
_LEFT, _RIGHT = 120.0, 16.0
_ROW = 40.0
_BOTTOM = 30.0
_MOST = 2.0
"""Beyond three times the baseline, or less than nothing, an interval ends at the edge."""


@dataclass(frozen=True, slots=True)
class Row:
    """One difference; places are in the drawing's units. ``noise`` is half the width of the A/A band."""

    name: str
    y: float
    low: float
    middle: float
    high: float
    noise: float
    tone: str
    told: str


@dataclass(frozen=True, slots=True)
class Forest:
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    none: float
    """Where no difference stands."""
    height: float


def forest(differences: Sequence[Difference]) -> Forest | None:
    """Differences of one scale under each other; None where there is none to draw."""
    shown = [one for one in differences if one.interval is not None]
    if not shown:
        return None
    bounds = [_bounds(one) for one in shown]
    reach = max(0.01, *(min(_MOST, abs(bound)) for three in bounds for bound in three))
    step = _step(reach)
    edge = step * ceil(reach / step - 1e-9)
    scale = (WIDTH - _LEFT - _RIGHT) / (2 * edge)

    def x(part: float) -> float:
        return _LEFT + scale * (min(edge, max(-edge, part)) + edge)

    rows = []
    for index, (one, three) in enumerate(zip(shown, bounds, strict=True)):
        noise = scale * min(edge, one.noise or 0.0)
        told = f"{change(one.metric, one.change)}, {words(one)}"
        low, middle, high = map(x, three)
        rows.append(Row(one.metric.name, _ROW * (index + 0.5), low, middle, high, noise, _tone(one), told))
    unit = "%" if shown[0].metric.is_ratio else "points"
    count = floor(edge / step + 1e-9)
    ticks = tuple((x(n * step), _tick(100 * n * step, unit)) for n in range(-count, count + 1))
    return Forest(tuple(rows), ticks, x(0.0), _ROW * len(rows) + _BOTTOM)


def _bounds(one: Difference) -> tuple[float, float, float]:
    """Lower bound, middle and upper bound; 0 is no difference."""
    if one.interval is None or one.change is None:
        return 0.0, 0.0, 0.0
    low, middle, high = (_around(one, bound) for bound in (one.interval.low, one.change, one.interval.high))
    return low, middle, high


def _around(one: Difference, number: float) -> float:
    """As a part of the baseline, or a share: 0 is no difference."""
    return number - 1 if one.metric.is_ratio else number


def _step(reach: float) -> float:
    """1, 2 or 5 of some power of ten, so that two or three ticks stand on each side."""
    rough = reach / 2.5
    power = 10.0 ** floor(log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)


def _tick(value: float, unit: str) -> str:
    return f"{value:+.3g}".replace("-", "−") if abs(value) > 1e-9 else f"0 {unit}"


def _tone(one: Difference) -> str:
    """Whether a difference is good or bad news; a share is neither."""
    if not one.word.is_difference or one.metric.kind is Kind.SHARE:
        return "open" if one.word is Word.UNKNOWN else "same"
    worse = {Kind.LATENCY: Word.SLOWER, Kind.ERRORS: Word.MORE, Kind.THROUGHPUT: Word.LESS}
    return "worse" if worse[one.metric.kind] is one.word else "better"
