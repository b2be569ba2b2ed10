"""What Kiali's graph shows of a run: the rates on the edges to reviews, as shares.

The answer of ``/api/namespaces/graph`` (Kiali 1.42 and 2.x alike): all numbers are text, with two decimals.
``httpPercentReq`` is of all that the source node sends, so shares are made of the rates.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from ..errors import JudgementError
from ..records import Version
from ..run import calls
from ..run.folder import Run
from ..typed_json import NoRecordError, decode
from .comparison import Comparison, rows
from .own import Own, version_of
from .prometheus import until

_UNIT = "share of reviews calls"
_POINT = 0.01
"""Kiali's rates come from samples that need not lie at the ends of the run, and are extrapolated to them."""
_SCRAPE = 15
"""Seconds; Istio's addon reads so often."""


def question(run: Run, namespace: str) -> Mapping[str, str]:
    """The parameters of the graph of exactly the time of the run, and of a scrape after it."""
    seconds = math.ceil(until(run) - run.started) + 2 * _SCRAPE
    return {
        "namespaces": namespace,
        "graphType": "versionedApp",
        "injectServiceNodes": "true",
        "duration": f"{seconds}s",
        "queryTime": str(math.ceil(until(run)) + _SCRAPE),
    }


def rates(answer: bytes, run: Run) -> Counter[Version]:
    """Requests per second to each version of reviews; raises JudgementError for what is no graph.

    With service nodes the edges start at the service; without, at the caller. Whoever else calls reviews
    (a version of its own, a gateway) is left out where the caller can be told.
    """
    try:
        graph = decode(answer, _Graph)
    except NoRecordError as error:
        raise JudgementError(f"this is no graph of Kiali: {error}") from error
    nodes = {one.data.id: one.data for one in graph.elements.nodes}
    found: Counter[Version] = Counter()
    for edge in graph.elements.edges:
        source, target = nodes.get(edge.data.source), nodes.get(edge.data.target)
        if source and target and _is_meant(source, target):
            version = version_of(run, target.workload, target.version, target.version)
            for rate in _rates(edge.data.traffic):
                found[version] += rate  # type: ignore[assignment] # a rate is no whole number
    return found


def compare(ours: Own, url: str, found: Mapping[Version, float]) -> Comparison:
    """Shares by Kiali's rates beside ours: a point apart at most, and what its rounded rates may add."""
    whole, total = sum(found.values()), ours.total or 1
    if not whole:
        return Comparison(
            "kiali", url, _UNIT, (), "its graph has no traffic to reviews in the time of the run"
        )
    theirs = {version: rate / whole for version, rate in found.items()}
    own = {version: count / total for version, count in ours.served.items()}
    slack = dict.fromkeys({*theirs, *own}, _POINT + 0.005 * (1 + len(found)) / whole)
    notes = (f"{whole:.2f} requests per second over the window that Kiali shows",)
    return Comparison("kiali", url, _UNIT, rows(own, theirs, slack), "", (), notes)


def _is_meant(source: _Node, target: _Node) -> bool:
    if target.nodeType == "service" or target.app != calls.SERVICE:
        return False
    return (source.nodeType == "service" and source.service == calls.SERVICE) or source.app == calls.CALLER


def _rates(traffic: Any) -> Iterator[float]:
    rates = traffic.get("rates") if isinstance(traffic, dict) else None
    told = rates.get("http") if isinstance(rates, dict) else None
    if isinstance(told, str):
        try:
            rate = float(told)
        except ValueError:
            return
        if math.isfinite(rate) and rate >= 0:
            yield rate


class _Node(msgspec.Struct):
    id: str
    nodeType: str = ""  # noqa: N815 - Kiali's names
    app: str = ""
    version: str = ""
    workload: str = ""
    service: str = ""


class _Edge(msgspec.Struct):
    source: str
    target: str
    traffic: Any = None


class _NodeOf(msgspec.Struct):
    data: _Node


class _EdgeOf(msgspec.Struct):
    data: _Edge


class _Elements(msgspec.Struct):
    nodes: list[_NodeOf] = []
    edges: list[_EdgeOf] = []


class _Graph(msgspec.Struct):
    elements: _Elements
