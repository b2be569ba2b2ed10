"""The service graph as boxes and lines with their places, for a template to print (and to escape)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log10
from typing import NamedTuple

from ..access_log.graph import Edge, Graph, Node
from ..records import Version
from . import figures
from .layers import Place, Size, draw
from .log_tables import short

_DRAWN = 80
"""Edges that a drawing can hold and still be read."""
_MARGIN = 12.0
_WIDTH = 190.0
_TITLE, _ROW = 34.0, 21.0
_LONGEST = 23
_HANG = 30.0
"""How far below the boxes an edge hangs that runs back."""
_LABEL = 0.68
"""Where on its first curve an edge has its words: where those of one box have parted."""


class Share(NamedTuple):
    """A version's line in a box."""

    version: Version
    words: str
    share: float
    y: float


class Curve(NamedTuple):
    """A cubic Bézier curve."""

    start: Place
    leaves: Place
    arrives: Place
    end: Place


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    label: str
    x: float
    y: float
    width: float
    height: float
    is_known: bool
    shares: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """``path`` is an SVG path, ``thickness`` grows with the logarithm of the calls, ``failing`` is 0 to 1."""

    path: str
    thickness: float
    failing: float
    words: tuple[str, ...]
    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Picture:
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    left_out: int


def picture(graph: Graph) -> Picture:
    """The busiest edges, from the callers at the left to whom they call."""
    edges = graph.edges[:_DRAWN]
    nodes = list(dict.fromkeys(node for edge in edges for node in (edge.caller, edge.destination)))
    sizes = {_id(node): _size(graph.versions.get(node, {})) for node in nodes}
    drawing = draw(sizes, [(_id(edge.caller), _id(edge.destination)) for edge in edges])
    hang = _HANG if any(map(_runs_back, drawing.paths)) else 0.0
    bottom = drawing.height + _MARGIN + hang
    return Picture(
        drawing.width + 2 * _MARGIN,
        bottom + _MARGIN,
        tuple(_box(node, drawing.places[_id(node)], graph) for node in nodes),
        tuple(_line(edge, points, bottom) for edge, points in zip(edges, drawing.paths, strict=True)),
        len(graph.edges) - len(edges),
    )


def _runs_back(points: Sequence[Place]) -> bool:
    return points[-1].x <= points[0].x


def _id(node: Node) -> str:
    return node.name if node.is_known else f"{node.name} {'caller' if node.calls else 'destination'}"


def _size(versions: dict[Version, int]) -> Size:
    return Size(_WIDTH, _TITLE + _ROW * len(versions) + (6.0 if versions else 0.0))


def _box(node: Node, place: Place, graph: Graph) -> Box:
    versions = graph.versions.get(node, {})
    calls = sum(versions.values())
    shares = tuple(
        Share(_cut(version, 9), figures.percent(count / calls), count / calls, _TITLE + row * _ROW)
        for row, (version, count) in enumerate(versions.items())
    )
    label = short(_id(node))
    size = _size(versions)
    return Box(
        label, _cut(label, _LONGEST), place.x + _MARGIN, place.y + _MARGIN, *size, node.is_known, shares
    )


def _line(edge: Edge, points: Sequence[Place], bottom: float) -> Line:
    moved = [Place(x + _MARGIN, y + _MARGIN) for x, y in points]
    failing = edge.failed / edge.calls
    unit = "connections" if edge.tcp else "calls"
    words = [f"{figures.count(edge.calls)} {unit}"]
    if edge.failed:
        words.append(f"{figures.percent(failing)} failed")
    curve = _curves(moved, bottom)
    words_at = _at(curve[0], 0.5 if _runs_back(moved) else _LABEL)
    return Line(
        _path(curve),
        1.2 + 0.9 * log10(edge.calls),
        failing,
        tuple(words),
        *words_at,
        f"{short(edge.caller.name)} → {short(edge.destination.name)}: {', '.join(words)}"
        + ("" if edge.p50 is None else f", p50 {edge.p50} ms"),
    )


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


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
