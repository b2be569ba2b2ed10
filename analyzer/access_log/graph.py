"""The service graph that access logs tell of: who calls whom how often, and which versions answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..records import UNKNOWN, Version
from .summary import Split
from .survey import RECEIVING, seen


class Node(NamedTuple):
    """A service by its name; whoever calls without a name is nobody's callee, and the other way round."""

    name: str
    is_known: bool = True
    calls: bool = True


class Part(NamedTuple):
    """What of an edge one version of the called service got."""

    version: Version
    calls: int
    failed: int


@dataclass(frozen=True, slots=True)
class Edge:
    """All calls, or with ``tcp`` all connections, from one service to another, and which version got them."""

    caller: Node
    destination: Node
    tcp: bool
    calls: int
    failed: int
    p50: int | None
    versions: tuple[Part, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {
            "caller": self.caller.name,
            "destination": self.destination.name,
            "calls": self.calls,
            "failed": self.failed,
            "versions": {part.version: part.calls for part in self.versions},
        }


@dataclass(frozen=True, slots=True)
class Graph:
    """``versions`` are the calls that each version of a service answered; edges come the busiest first."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    versions: dict[Node, dict[Version, int]]


def graph(splits: Sequence[Split]) -> Graph:
    """Each way once, from the side best placed; what only the called side saw, where nobody else did."""
    ways = [one.split for one in seen(splits)]
    sent = {(split.way.destination, split.way.tcp) for split in ways if split.way.reporter not in RECEIVING}
    drawn = [split for split in ways if not _is_seen_otherwise(split, sent)]
    edges = tuple(sorted((_edge(split) for split in drawn), key=lambda edge: -edge.calls))
    versions: dict[Node, dict[Version, int]] = {}
    for split, edge in zip(drawn, map(_edge, drawn), strict=True):
        counts = versions.setdefault(edge.destination, {})
        for one in split.versions:
            counts[one.version] = counts.get(one.version, 0) + one.count
    nodes = dict.fromkeys(node for edge in edges for node in (edge.caller, edge.destination))
    return Graph(
        tuple(nodes), edges, {node: dict(sorted(counts.items())) for node, counts in versions.items()}
    )


def _is_seen_otherwise(split: Split, sent: set[tuple[str, bool]]) -> bool:
    """Whether nameless calls that arrived are those that a caller with a name has logged."""
    way = split.way
    return way.reporter in RECEIVING and way.caller == UNKNOWN and (way.destination, way.tcp) in sent


def _edge(split: Split) -> Edge:
    way = split.way
    busiest = max(split.versions, key=lambda one: one.count)
    return Edge(
        _node(way.caller, calls=True),
        _node(way.destination, calls=False),
        way.tcp,
        split.calls,
        sum(one.failed for one in split.versions),
        busiest.latency.p50,
        tuple(Part(one.version, one.count, one.failed) for one in split.versions),
    )


def _node(name: str, *, calls: bool) -> Node:
    return Node(name, is_known=False, calls=calls) if name == UNKNOWN else Node(name)
