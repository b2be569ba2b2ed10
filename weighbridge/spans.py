"""Where the spans of one request come from: the API of Zipkin, or Jaeger's own."""

from __future__ import annotations

import re
from typing import Any

from analyzer.errors import InputError, WorkError
from analyzer.trace.spans import GUID, Span, jaeger, zipkin
from analyzer.typed_json import NoRecordError, decode

from . import telemetry_servers as servers

_AROUND = 600
"""Seconds around the request in which its spans are looked for."""
_SERVICES = 50
_TRACE_ID = re.compile(r"[0-9a-f]{1,32}")
_NAME = "Zipkin"


class SpansError(WorkError):
    """The spans cannot be had: the message says from where, the hint what to look at."""


class TraceIdError(InputError):
    """No id of a trace."""


def fetch(url: str, trace_id: str | None, request_id: str | None, start: float) -> list[Span]:
    """The spans of the trace, or of the request with that id, which began at ``start`` (Unix seconds)."""
    url = servers.checked(_NAME, url, 9411)
    trace = trace_id.lower() if trace_id else None
    if trace and not _TRACE_ID.fullmatch(trace):
        raise TraceIdError(f"{trace_id!r} is no trace id", "it has 16 or 32 hexadecimal digits")
    if _get(f"{url}/api/v2/services") is not None:
        return _of_zipkin(url, trace, request_id, start)
    services = _get(f"{url}/api/services")
    if services is None:
        raise SpansError(
            f"{url} answers neither as Zipkin nor as Jaeger",
            "give the address in front of their /api/, such as http://127.0.0.1:9411",
        )
    if trace:
        return jaeger(_get(f"{url}/api/traces/{trace}") or {"data": []})
    return _of_jaeger(url, services, request_id, start)


def _of_zipkin(url: str, trace: str | None, request_id: str | None, start: float) -> list[Span]:
    if trace:
        return zipkin(_get(f"{url}/api/v2/trace/{trace}") or [])
    end = int(1000 * (start + _AROUND))
    query = {"annotationQuery": f"{GUID}={request_id}", "endTs": end, "lookback": 2000 * _AROUND, "limit": 10}
    return zipkin(_get(f"{url}/api/v2/traces", query) or [])


def _of_jaeger(url: str, services: Any, request_id: str | None, start: float) -> list[Span]:
    """Jaeger looks for tags within one service, so its services are asked one after the other."""
    names = services.get("data") if isinstance(services, dict) else None
    named = sorted(
        (one for one in names or [] if isinstance(one, str)), key=lambda name: "gateway" not in name
    )
    for service in named[:_SERVICES]:
        query = {
            "service": service,
            "tags": f'{{"{GUID}":"{request_id}"}}',
            "start": int(1e6 * (start - _AROUND)),
            "end": int(1e6 * (start + _AROUND)),
            "limit": 1,
        }
        if spans := jaeger(_get(f"{url}/api/traces", query) or {"data": []}):
            return spans
    return []


def _get(url: str, query: dict[str, Any] | None = None) -> Any:
    """The answer's JSON; None where there is no such page, or a page for people, which Jaeger has instead."""
    answer = servers.find(_NAME, url, {name: str(value) for name, value in (query or {}).items()})
    try:
        return None if answer is None else decode(answer, object)
    except NoRecordError:
        return None
