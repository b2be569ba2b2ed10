"""One figure of every run, by side, in the order of time: lines with their places, for a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..compare.comparison import Side
from ..compare.metrics import Metric
from .comparison_tables import value

WIDTH, HEIGHT = 320.0, 150.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 10.0, 12.0, 26.0


@dataclass(frozen=True, slots=True)
class Line:
    """``number`` is a colour's of style.css; ``points`` are an SVG polyline's, ``dots`` x, y and words."""

    label: str
    number: int
    points: str
    dots: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True, slots=True)
class RunLines:
    name: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, str], ...]
    runs: int


def run_lines(sides: Sequence[Side], metric: Metric) -> RunLines | None:
    """None where a run has no such figure, or where there is one run a side only."""
    runs = max(len(side.figures) for side in sides)
    found = [[run.values.get(metric) for run in side.figures] for side in sides]
    known = [number for of_side in found for number in of_side if number is not None]
    if runs < 2 or len(known) < sum(map(len, found)):
        return None
    most = 1.1 * max(known)  # from 0, so that noise does not look like a mountain
    lines = []
    for index, (side, numbers) in enumerate(zip(sides, found, strict=True)):
        dots = tuple(
            (_x(place, runs), _y(number, most), f"{side.label}, run {place + 1}: {value(metric, number)}")
            for place, number in enumerate(numbers)
            if number is not None
        )
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in dots)
        lines.append(Line(side.label, index % 8, points, dots))
    ticks = tuple((_y(part * most, most), value(metric, part * most)) for part in (0.0, 0.5, 1.0))
    return RunLines(metric.name, tuple(lines), ticks, runs)


def _x(place: int, runs: int) -> float:
    return _LEFT + (WIDTH - _LEFT - _RIGHT) * (place + 0.5) / runs


def _y(number: float, most: float) -> float:
    return HEIGHT - _BOTTOM - (HEIGHT - _TOP - _BOTTOM) * (number / most if most else 0.0)
