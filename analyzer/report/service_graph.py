"""The service graph as boxes and lines with their places, for a template to print (and to escape)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ..access_log.graph import Graph, Node
from ..records import Version
from . import edges, figures
from .edges import Label, Line
from .layers import Place, Size, draw
from .log_tables import short

_DRAWN = 80
"""Edges that a drawing can hold and still be read."""
_MARGIN = 12.0
_WIDTH = 190.0
_TITLE, _ROW, _MIDDLE = 34.0, 21.0, 8.0
_LONGEST = 23
_HANG = 30.0
"""How far below the boxes an edge hangs that runs back."""


class Share(NamedTuple):
    """A version's row in a box; ``label`` is as much of its name as there is room for."""

    version: Version
    label: str
    words: str
    share: float
    y: float


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
class Picture:
    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]
    left_out: int


def picture(graph: Graph) -> Picture:
    """The busiest edges, from the callers at the left to whom they call."""
    drawn = graph.edges[:_DRAWN]
    nodes = list(dict.fromkeys(node for edge in drawn for node in (edge.caller, edge.destination)))
    sizes = {_id(node): _size(graph.versions.get(node, {})) for node in nodes}
    drawing = draw(sizes, [(_id(edge.caller), _id(edge.destination)) for edge in drawn])
    ways = [[Place(x + _MARGIN, y + _MARGIN) for x, y in points] for points in drawing.paths]
    bottom = drawing.height + _MARGIN + (_HANG if any(map(edges.runs_back, ways)) else 0.0)
    boxes = {node: _box(node, drawing.places[_id(node)], graph) for node in nodes}
    found = [
        edges.drawn(edge, points, bottom, _rows(boxes[edge.destination]))
        for edge, points in zip(drawn, ways, strict=True)
    ]
    return Picture(
        drawing.width + 2 * _MARGIN,
        bottom + _MARGIN,
        tuple(boxes.values()),
        tuple(line for one in found for line in one.lines),
        tuple(label for one in found for label in one.labels),
        len(graph.edges) - len(drawn),
    )


def _rows(box: Box) -> dict[Version, float]:
    """Where in the drawing each version of a box has its row."""
    return {share.version: box.y + share.y + _MIDDLE for share in box.shares}


def _id(node: Node) -> str:
    return node.name if node.is_known else f"{node.name} {'caller' if node.calls else 'destination'}"


def _size(versions: dict[Version, int]) -> Size:
    return Size(_WIDTH, _TITLE + _ROW * len(versions) + (6.0 if versions else 0.0))


def _box(node: Node, place: Place, graph: Graph) -> Box:
    versions = graph.versions.get(node, {})
    calls = sum(versions.values())
    shares = tuple(
        Share(
            version,
            figures.cut(version, 9),
            figures.percent(count / calls),
            count / calls,
            _TITLE + row * _ROW,
        )
        for row, (version, count) in enumerate(versions.items())
    )
    label = short(_id(node))
    room = label if len(label) <= _LONGEST else label.partition(".")[0]  # the tooltip has the namespace
    size = _size(versions)
    return Box(
        label,
        figures.cut(room, _LONGEST),
        place.x + _MARGIN,
        place.y + _MARGIN,
        *size,
        node.is_known,
        shares,
    )
