"""A drawing of a directed graph in layers, after Sugiyama, Tagawa and Toda (IEEE Trans. SMC 11, 1981).

For small graphs: cycles are opened by a depth-first search, layers are longest paths, edges over several
layers run through points between the boxes, and crossings are reduced by barycentres. Lengths are pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

BETWEEN_LAYERS = 125.0
_BETWEEN_BOXES = 26.0
_POINT = 14.0
"""Height that an edge takes where it passes a layer."""
_SWEEPS = 12


class Size(NamedTuple):
    width: float
    height: float


class Place(NamedTuple):
    """Of a box's upper left corner."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Drawing:
    """``paths`` are the points that each edge runs through, in the order of the edges that were given."""

    width: float
    height: float
    places: dict[str, Place]
    paths: list[list[Place]]


class _Bend(NamedTuple):
    """A point of a long edge in a layer."""

    edge: int
    layer: int


Item = str | _Bend


def draw(sizes: Mapping[str, Size], edges: Sequence[tuple[str, str]]) -> Drawing:
    """Boxes from left to right, each edge leaving at the right and arriving at the left where it can."""
    layer = _layers(list(sizes), [edges[number] for number in _forward(list(sizes), edges)])
    chains = [_chain(number, one, layer) for number, one in enumerate(edges)]
    rows = _rows(sizes, layer, chains)
    heights = {
        item: _POINT if isinstance(item, _Bend) else sizes[item].height for row in rows for item in row
    }
    tallest = max(sum(heights[item] + _BETWEEN_BOXES for item in row) for row in rows) - _BETWEEN_BOXES
    widths = [max(sizes[item].width for item in row if isinstance(item, str)) for row in rows]
    places: dict[Item, Place] = {}
    x = 0.0
    for row, width in zip(rows, widths, strict=True):
        y = (tallest - sum(heights[item] + _BETWEEN_BOXES for item in row) + _BETWEEN_BOXES) / 2
        for item in row:
            places[item] = Place(x, y)
            y += heights[item] + _BETWEEN_BOXES
        x += width + BETWEEN_LAYERS
    middles = {item: Place(place.x, place.y + heights[item] / 2) for item, place in places.items()}
    paths = [_path(chain, middles, sizes, widths) for chain in chains]
    return Drawing(x - BETWEEN_LAYERS, tallest, {node: places[node] for node in sizes}, paths)


def _forward(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[int]:
    """The numbers of the edges that remain when every cycle is opened; without recursion, for long chains."""
    leaving: dict[str, list[int]] = {node: [] for node in nodes}
    entered = {head for _, head in edges}
    for number, (tail, _) in enumerate(edges):
        leaving[tail].append(number)
    kept: list[int] = []
    state: dict[str, int] = {}
    for root in sorted(nodes, key=lambda node: node in entered):  # whom nobody calls comes first
        stack = [(root, iter(leaving[root]))] if root not in state else []
        state.setdefault(root, 1)
        while stack:
            node, rest = stack[-1]
            for number in rest:
                head = edges[number][1]
                if state.get(head) == 1:
                    continue
                kept.append(number)
                if head not in state:
                    state[head] = 1
                    stack.append((head, iter(leaving[head])))
                    break
            else:
                state[node] = 2
                stack.pop()
    return kept


def _layers(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    layer = dict.fromkeys(nodes, 0)
    for _ in nodes:
        moved = False
        for tail, head in edges:
            if layer[head] <= layer[tail]:
                layer[head], moved = layer[tail] + 1, True
        if not moved:
            break
    return layer


def _chain(number: int, edge: tuple[str, str], layer: Mapping[str, int]) -> list[Item]:
    """An edge with its bends in the layers that it passes; one that runs back has none."""
    tail, head = edge
    return [tail, *(_Bend(number, between) for between in range(layer[tail] + 1, layer[head])), head]


def _rows(
    nodes: Iterable[str], layer: Mapping[str, int], chains: Sequence[Sequence[Item]]
) -> list[list[Item]]:
    """The items of each layer from top to bottom."""
    rows: list[list[Item]] = [[] for _ in range(max(layer.values()) + 1)]
    for node in nodes:
        rows[layer[node]].append(node)
    before: dict[Item, list[Item]] = {}
    after: dict[Item, list[Item]] = {}
    for chain in chains:
        for item in chain[1:-1]:
            if isinstance(item, _Bend):
                rows[item.layer].append(item)
        for left, right in pairwise(chain):
            before.setdefault(right, []).append(left)
            after.setdefault(left, []).append(right)
    height = {item: place for row in rows for item, place in _heights(row).items()}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            _sort(row, height, before if down else after)
            height |= _heights(row)
    return rows


def _heights(row: Sequence[Item]) -> dict[Item, float]:
    """0 to 1 from the top of a layer to its foot."""
    return {item: (place + 0.5) / len(row) for place, item in enumerate(row)}


def _sort(row: list[Item], height: Mapping[Item, float], neighbours: Mapping[Item, Sequence[Item]]) -> None:
    """By the mean height of an item's neighbours; without any it stays about where it is."""

    def mean(item: Item) -> float:
        near = [height[one] for one in neighbours.get(item, ())]
        return sum(near) / len(near) if near else height[item]

    row.sort(key=mean)


def _runs_back(chain: Sequence[Item], middles: Mapping[Item, Place]) -> bool:
    return middles[chain[-1]].x <= middles[chain[0]].x


def _foot(item: Item, middles: Mapping[Item, Place], sizes: Mapping[str, Size]) -> Place:
    size = sizes[item] if isinstance(item, str) else Size(0, 0)
    return Place(middles[item].x + size.width / 2, middles[item].y + size.height / 2)


def _path(
    chain: Sequence[Item], middles: Mapping[Item, Place], sizes: Mapping[str, Size], widths: Sequence[float]
) -> list[Place]:
    """From the right of the first box to the left of the last, straight through the layers between.

    An edge that runs back, or to its own box, goes from foot to foot: its two points lie below the boxes.
    """
    if _runs_back(chain, middles):
        tail, head = (_foot(item, middles, sizes) for item in (chain[0], chain[-1]))
        return [Place(tail.x + _BETWEEN_BOXES, tail.y), Place(head.x - _BETWEEN_BOXES, head.y)]
    points = []
    for item in chain[:-1]:
        x, y = middles[item]
        if isinstance(item, _Bend):
            points += [Place(x, y), Place(x + widths[item.layer], y)]
        else:
            points.append(Place(x + sizes[item].width, y))
    return [*points, middles[chain[-1]]]
