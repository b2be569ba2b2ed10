"""The lines of one request as a tree: who called whom, when, how often, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..access_log.cluster import Direction, cluster
from ..access_log.flags import meaning
from ..access_log.keys import ip
from ..records import UNKNOWN, Version
from ..run.folder import Run, RunPod
from .found import Found, Line

TICK = 0.002
"""Seconds by which two proxies' logs may disagree about one moment."""
NO_ARRIVAL = "its arrival is in no log"
NO_CALL = "no line of a call that led here"


@dataclass(frozen=True, slots=True)
class Step:
    """One line. ``offset`` is milliseconds after the first line's start, ``parent`` an index into the steps.

    ``outbound`` tells a call from an arrival. ``attempt`` numbers the arrivals of one call where there are
    several, ``copy`` is one at a version that was not called: a mirror's. ``note`` is what is odd about it.
    """

    depth: int
    parent: int | None
    proxy: str
    app: str
    outbound: bool
    destination: str
    version: Version
    offset: float
    duration: int | None
    code: int
    flags: str
    path: str
    upstream: str
    attempt: int | None = None
    copy: bool = False
    note: str = ""

    @property
    def meaning(self) -> str:
        """The flags in words, and what is odd."""
        return "; ".join(filter(None, (meaning(self.flags) if self.flags else "", self.note)))

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__} | {"meaning": self.meaning}


@dataclass(slots=True)
class _Node:
    line: Line
    outbound: bool
    destination: str
    version: Version
    parent: _Node | None = None
    attempt: int | None = None
    copy: bool = False
    note: str = ""

    @property
    def start(self) -> float:
        return self.line.entry.start

    @property
    def end(self) -> float:
        return self.start + (self.line.entry.duration or 0) / 1000

    def spans(self, other: _Node) -> bool:
        return self.start - TICK <= other.start <= self.end + TICK


def waterfall(found: Found, run: Run) -> tuple[Step, ...]:
    """Every line once, each behind the one that led to it."""
    pods = {pod.ip: pod for pod in run.pods}
    nodes = [_node(line, pods) for line in found.lines]
    calls, arrivals = ([node for node in nodes if node.outbound is side] for side in (True, False))
    for arrival in arrivals:
        arrival.parent = _caller(arrival, calls)
        arrival.note = "" if arrival.parent else NO_CALL
    for call in calls:
        inside = [one for one in arrivals if one.line.pod == call.line.pod and one.spans(call)]
        call.parent = max(inside, key=lambda one: one.start, default=None)
    logged = {node.line.pod.name for node in nodes}
    for call in calls:
        _number(call, [one for one in arrivals if one.parent is call], pods, logged)
    return tuple(_laid_out(nodes))


def _node(line: Line, pods: Mapping[str, RunPod]) -> _Node:
    entry, where = line.entry, cluster(line.entry.upstream_cluster)
    if where.direction is Direction.INBOUND:
        return _Node(line, False, _app(line.pod), line.pod.labels.get("version", UNKNOWN))
    called = pods.get(ip(entry.upstream_host))
    host = (where.host or entry.authority or UNKNOWN).partition(":")[0].partition(".")[0]
    version = where.subset or (called.labels.get("version") if called else None) or UNKNOWN
    return _Node(line, True, host, version)


def _app(pod: RunPod) -> str:
    return pod.labels.get("app", pod.name)


def _caller(arrival: _Node, calls: Sequence[_Node]) -> _Node | None:
    """The call that led here: over the same connection, else to this pod, else to this service."""
    peer = arrival.line.entry.downstream_remote_address
    around = [one for one in calls if one.destination == arrival.destination and one.spans(arrival)]
    same_pod = [one for one in around if ip(one.line.entry.upstream_host) == arrival.line.pod.ip]
    connected = [one for one in same_pod if one.line.entry.upstream_local_address == peer]
    for candidates in (
        connected,
        same_pod,
        [one for one in around if one.version == arrival.version],
        around,
    ):
        if candidates:
            return max(candidates, key=lambda one: one.start)
    return None


def _number(call: _Node, arrivals: Sequence[_Node], pods: Mapping[str, RunPod], logged: set[str]) -> None:
    """Tell tries from copies, and a call whose arrival is missing."""
    called = pods.get(ip(call.line.entry.upstream_host))
    tries = []
    for one in arrivals:
        one.copy = (
            one.version != call.version and called is not None and one.version != called.labels.get("version")
        )
        tries += [] if one.copy else [one]
    for number, one in enumerate(sorted(tries, key=_order), 1):
        one.attempt = number if len(tries) > 1 else None
    if called and called.name not in logged and not tries and not call.line.entry.response_flags:
        call.note = NO_ARRIVAL


def _order(node: _Node) -> tuple[float, float]:
    """What begins in the same millisecond and ends first was first."""
    return node.start, node.end


def _laid_out(nodes: Sequence[_Node]) -> Iterator[Step]:
    """Depth first, each level in the order of its start."""
    first = min(node.start for node in nodes)
    placed: list[_Node] = []
    waiting = [(node, 0) for node in reversed(nodes) if node.parent is None]
    while waiting:
        node, depth = waiting.pop()
        parent = next((at for at, one in enumerate(placed) if one is node.parent), None)
        placed.append(node)
        yield _step(node, depth, parent, first)
        children = [one for one in nodes if one.parent is node]
        waiting += [(one, depth + 1) for one in sorted(children, key=_order)[::-1]]


def _step(node: _Node, depth: int, parent: int | None, first: float) -> Step:
    entry = node.line.entry
    return Step(
        depth=depth,
        parent=parent,
        proxy=node.line.pod.name,
        app=_app(node.line.pod),
        outbound=node.outbound,
        destination=node.destination,
        version=node.version,
        offset=round(1000 * (node.start - first), 3),
        duration=entry.duration,
        code=entry.response_code,
        flags=entry.response_flags or "",
        path=entry.path or "",
        upstream=entry.upstream_host or "",
        attempt=node.attempt,
        copy=node.copy,
        note=node.note,
    )
