"""What Zipkin has of a run: the spans of reviews calls, each held against the log line of the same page.

The answer of ``/api/v2/traces`` (https://zipkin.io/zipkin-api/). Envoy's spans bear the User-Agent, in which
every page of a run has its number, and the cluster that was chosen. A sample is enough.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from ..access_log.cluster import cluster
from ..errors import JudgementError
from ..records import UNKNOWN, Version
from ..run import calls
from ..run.folder import Run
from ..typed_json import NoRecordError, decode
from .comparison import Comparison, rows
from .own import Own, Place, place
from .prometheus import until

LIMIT = 2000
"""Traces to ask for; Zipkin gives the newest."""
_UNIT = "traced reviews calls"
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Traced:
    """The versions called for each page that was traced; ``traces`` counts what came, whoever made it."""

    drawn: Mapping[Place, Counter[Version]]
    traces: int


def question(run: Run, namespace: str) -> Mapping[str, str]:
    """The parameters for the traces that touched productpage while the run lasted."""
    ended = math.ceil(until(run)) + 5
    return {
        "serviceName": f"{calls.CALLER}.{namespace}",
        "endTs": str(1000 * ended),
        "lookback": str(1000 * (ended - math.floor(run.started) + 5)),
        "limit": str(LIMIT),
    }


def traced(answer: bytes, run: Run) -> Traced:
    """The reviews calls that productpage's proxy reported; raises JudgementError for what are no traces."""
    try:
        traces = decode(answer, list[list[_Span]])
    except NoRecordError as error:
        raise JudgementError(f"these are no traces of Zipkin: {error}") from error
    labels = run.versions_by_ip()
    drawn: dict[Place, Counter[Version]] = {}
    spans = [span for trace in traces for span in trace]
    answered = {span.parentId: _address(span) for span in spans if span.kind == "SERVER"}
    for span in spans:
        where, page = (
            cluster(span.tags.get("upstream_cluster")),
            place(span.tags.get("user_agent", ""), run.id),
        )
        if span.kind == "CLIENT" and page and (where.host or "").partition(".")[0] == calls.SERVICE:
            version = where.subset or labels.get(answered.get(span.id, ""), UNKNOWN)
            drawn.setdefault(page, Counter())[version] += 1
    return Traced(drawn, len(traces))


def compare(ours: Own, url: str, found: Traced) -> Comparison:
    """Page by page: a traced call that no log line has, or of another version, is a difference."""
    if not found.drawn:
        return Comparison("zipkin", url, _UNIT, (), f"it has no trace of this run{_why(ours.run)}")
    theirs: Counter[Version] = Counter()
    own: Counter[Version] = Counter()
    wrong: list[str] = []
    for page, versions in sorted(found.drawn.items()):
        logged = ours.drawn.get(page, Counter())
        theirs.update(versions)
        own.update(logged)
        if versions != logged:
            wrong.append(f"page {page[0]}.{page[1]}: traced {_words(versions)}, logged {_words(logged)}")
    troubles = (
        *wrong[:_SHOWN],
        *([f"{len(wrong) - _SHOWN} more pages like these"] if wrong[_SHOWN:] else []),
    )
    notes = [f"{len(found.drawn)} of {len(ours.drawn)} pages were traced"]
    if found.traces >= LIMIT:
        notes.append(f"Zipkin was asked for its newest {LIMIT} traces; it may have more")
    return Comparison("zipkin", url, _UNIT, rows(own, theirs, {}), "", troubles, tuple(notes))


def _why(run: Run) -> str:
    mesh = run.mesh or {}
    if mesh.get("kind") != "local":
        return ""
    if not mesh.get("zipkin"):
        return ": the mesh was started without --zipkin"
    return f" (the mesh traces {mesh.get('trace_sampling')} % of all pages)"


def _words(versions: Mapping[Version, int]) -> str:
    return ", ".join(f"{version} {count}" for version, count in sorted(versions.items())) or "nothing"


def _address(span: _Span) -> str:
    """The pod whose proxy reported the span: ``sidecar~127.1.0.13~reviews-v2-…``."""
    return [*span.tags.get("node_id", "").split("~"), ""][1]


class _Span(msgspec.Struct):
    id: str = ""
    parentId: str | None = None  # noqa: N815 - Zipkin's name
    kind: str = ""
    tags: dict[str, str] = {}
