"""The spans of one trace as Zipkin and Jaeger give them, in one form, each beside the line it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from ..errors import JudgementError
from .waterfall import Step

GUID = "guid:x-request-id"
"""The tag by which Envoy names the request in its spans."""
_TICK = 5.0
"""Milliseconds by which a span's clock and a log's may differ."""


@dataclass(frozen=True, slots=True)
class Span:
    """``offset`` is milliseconds after the trace began, ``line`` the number of its step, or None."""

    service: str
    name: str
    outbound: bool | None
    start: float
    offset: float
    duration: float
    code: str
    flags: str
    upstream: str
    request_id: str
    line: int | None = None

    def as_dict(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name not in ("start", "request_id")}


def zipkin(answer: Any) -> list[Span]:
    """Of ``/api/v2/trace/{id}``: a list of spans; or of ``/api/v2/traces``: the first such list."""
    try:
        if answer and isinstance(answer[0], list):
            answer = answer[0]
        return _placed([_of_zipkin(one) for one in answer])
    except (TypeError, KeyError, IndexError, AttributeError, ValueError) as error:
        raise JudgementError(
            "the answer holds no spans of Zipkin", "is --zipkin the API of a Zipkin?"
        ) from error


def jaeger(answer: Any) -> list[Span]:
    """Of ``/api/traces/{id}`` or ``/api/traces?…``: the first trace under ``data``."""
    try:
        trace = next(iter(answer["data"] or []), None)
        if trace is None:
            return []
        processes = {name: one["serviceName"] for name, one in trace["processes"].items()}
        return _placed([_of_jaeger(one, processes) for one in trace["spans"]])
    except (TypeError, KeyError, IndexError, AttributeError, ValueError) as error:
        raise JudgementError(
            "the answer holds no trace of Jaeger", "is --zipkin the API of a Jaeger?"
        ) from error


def beside(spans: Sequence[Span], steps: Sequence[Step]) -> list[Span]:
    """Each span with the number of its step: the same app and side, the nearest start, every step once."""
    free: set[int | None] = set(range(len(steps)))
    found = []
    shift = _shift(spans, steps)
    for span in spans:
        near = [
            (abs(steps[at].offset - span.offset - shift), at)
            for at in range(len(steps))
            if at in free and _fits(span, steps[at]) and abs(steps[at].offset - span.offset - shift) <= _TICK
        ]
        line = min(near)[1] if near else None
        free -= {line}
        found.append(replace(span, line=line))
    return found


def _shift(spans: Sequence[Span], steps: Sequence[Step]) -> float:
    """How much later the first line began than the first span."""
    first = next((step.offset for step in steps if spans and _fits(spans[0], step)), 0.0)
    return first - (spans[0].offset if spans else 0.0)


def _fits(span: Span, step: Step) -> bool:
    app = span.service.partition(".")[0]
    side = span.outbound is None or span.outbound == step.outbound
    return side and app == step.app


def _placed(spans: list[Span]) -> list[Span]:
    first = min((span.start for span in spans), default=0.0)
    placed = [replace(span, offset=round(span.start - first, 3)) for span in spans]
    return sorted(placed, key=lambda span: (span.offset, -span.duration))


def _of_zipkin(one: Mapping[str, Any]) -> Span:
    tags = one.get("tags") or {}
    kind = {"CLIENT": True, "SERVER": False}.get(one.get("kind", ""))
    service = (one.get("localEndpoint") or {}).get("serviceName", "")
    return _span(service, str(one.get("name", "")), kind, one["timestamp"], one.get("duration", 0), tags)


def _of_jaeger(one: Mapping[str, Any], processes: Mapping[str, str]) -> Span:
    tags = {tag["key"]: str(tag["value"]) for tag in one.get("tags") or []}
    kind = {"client": True, "server": False}.get(tags.get("span.kind", ""))
    return _span(
        processes[one["processID"]], one["operationName"], kind, one["startTime"], one["duration"], tags
    )


def _span(
    service: str, name: str, outbound: bool | None, start: int, duration: int, tags: Mapping[str, str]
) -> Span:
    """``start`` and ``duration`` are microseconds, in both APIs."""
    outbound = outbound if "upstream_cluster" not in tags else not _inbound(tags["upstream_cluster"])
    flags = tags.get("response_flags", "-")
    return Span(
        service=service,
        name=name,
        outbound=outbound,
        start=start / 1000,
        offset=0.0,
        duration=duration / 1000,
        code=tags.get("http.status_code", ""),
        flags="" if flags == "-" else flags,
        upstream=tags.get("upstream_cluster", ""),
        request_id=tags.get(GUID, ""),
    )


def _inbound(name: str) -> bool:
    return name.startswith(("inbound|", "InboundPassthrough"))
