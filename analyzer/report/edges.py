"""An edge of the service graph as lines with their words: one, or one to each version with its share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import NamedTuple

from ..access_log.graph import Edge, Part
from ..records import Version
from . import figures
from .layers import Place
from .log_tables import short

_LABEL = 0.68
"""Where on its first curve an edge has its words: where those of one box have parted."""
_BEFORE = 50.0
"""How many pixels before its end each part of an edge tells its share."""


class Curve(NamedTuple):
    """A cubic Bézier curve."""

    start: Place
    leaves: Place
    arrives: Place
    end: Place


@dataclass(frozen=True, slots=True)
class Line:
    """``path`` is an SVG path, ``thickness`` grows with the logarithm of the calls, ``failing`` is 0 to 1.

    ``version`` is the one that the calls went to where a service has several, None where all went one way.
    """

    path: str
    thickness: float
    failing: float
    title: str
    version: Version | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """Words with their middle at (x, y); ``failed`` goes below them."""

    words: str
    failed: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawn:
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]


def drawn(edge: Edge, points: Sequence[Place], bottom: float, rows: Mapping[Version, float]) -> Drawn:
    """Through ``points``, as ``layers.draw`` gives them; ``rows`` is where each version of the box stands."""
    if len(rows) < 2 or runs_back(points):
        return _whole(edge, points, bottom)
    parts = [_part(edge, part, points, bottom, rows[part.version]) for part in edge.versions]
    return Drawn(tuple(line for line, _ in parts), tuple(label for _, label in parts))


def runs_back(points: Sequence[Place]) -> bool:
    return points[-1].x <= points[0].x


def _whole(edge: Edge, points: Sequence[Place], bottom: float) -> Drawn:
    curves = _curves(points, bottom)
    words, failed = _calls(edge, edge.calls), _failed(edge.failed, edge.calls)
    told = f"{_way(edge)}: {', '.join(filter(None, (words, failed)))}"
    title = told + ("" if edge.p50 is None else f", p50 {edge.p50} ms")
    line = Line(_path(curves), _thickness(edge.calls), edge.failed / edge.calls, title)
    at = _at(curves[0], 0.5 if runs_back(points) else _LABEL)
    return Drawn((line,), (Label(words, failed, *at),))


def _part(edge: Edge, part: Part, points: Sequence[Place], bottom: float, y: float) -> tuple[Line, Label]:
    """The line to one version's row."""
    end = Place(points[-1].x, y)
    share, failed = figures.percent(part.calls / edge.calls), _failed(part.failed, part.calls)
    told = ", ".join(filter(None, (share, _calls(edge, part.calls), failed)))
    return Line(
        _path(_curves([*points[:-1], end], bottom)),
        _thickness(part.calls),
        part.failed / part.calls,
        f"{_way(edge)} {part.version}: {told}",
        part.version,
    ), Label(
        f"{share} ✗ {figures.percent(part.failed / part.calls)}"
        if part.failed
        else f"{share} · {figures.count(part.calls)}",
        "",
        end.x - _BEFORE,
        y + 2.0,
    )


def _way(edge: Edge) -> str:
    return f"{short(edge.caller.name)} → {short(edge.destination.name)}"


def _calls(edge: Edge, number: int) -> str:
    return f"{figures.count(number)} {'connections' if edge.tcp else 'calls'}"


def _failed(failed: int, calls: int) -> str:
    return f"{figures.percent(failed / calls)} failed" if failed else ""


def _thickness(calls: int) -> float:
    return 1.2 + 0.9 * log10(calls)


def _curves(points: Sequence[Place], bottom: float) -> list[Curve]:
    """Smooth from point to point; from foot to foot it hangs down to ``bottom``."""
    curves = []
    for left, right in pairwise(points):
        if right.x <= left.x:
            low = (8 * bottom - left.y - right.y) / 6  # so that the middle of the curve lies at the bottom
            curves.append(Curve(left, Place(left.x, low), Place(right.x, low), right))
        else:
            reach = (right.x - left.x) / 2
            curves.append(Curve(left, Place(left.x + reach, left.y), Place(right.x - reach, right.y), right))
    return curves


def _path(curves: Sequence[Curve]) -> str:
    start = curves[0].start
    return f"M{start.x:.1f},{start.y:.1f}" + "".join(
        " C" + " ".join(f"{x:.1f},{y:.1f}" for x, y in curve[1:]) for curve in curves
    )


def _at(curve: Curve, t: float) -> Place:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
    return Place(
        sum(weight * point.x for weight, point in zip(weights, curve, strict=True)),
        sum(weight * point.y for weight, point in zip(weights, curve, strict=True)),
    )
