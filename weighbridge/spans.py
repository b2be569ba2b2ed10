"""Where the spans of one request come from: the API of Zipkin, or Jaeger's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from analyzer.errors import InputError, WorkError
from analyzer.trace.spans import GUID, Span, jaeger, zipkin

if TYPE_CHECKING:
    import requests

_TIMEOUT = 10.0
_AROUND = 600
"""Seconds around the request in which its spans are looked for."""
_SERVICES = 50


class SpansError(WorkError):
    """The spans cannot be had: the message says from where, the hint what to look at."""


class SpansUrlError(InputError):
    """No address of a Zipkin or a Jaeger."""


def fetch(url: str, trace_id: str | None, request_id: str | None, start: float) -> list[Span]:
    """The spans of the trace, or of the request with that id, which began at ``start`` (Unix seconds)."""
    import requests  # a third of a second, which a trace of the logs alone need not wait for

    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        raise SpansUrlError(f"{url!r} is no address", "write for example --zipkin http://127.0.0.1:9411")
    try:
        with requests.Session() as session:
            session.trust_env = False
            return _fetch(session, url.rstrip("/"), trace_id, request_id, start)
    except (requests.RequestException, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise SpansError(
            f"no spans from {url}: {error}", "does it answer? `weighbridge open zipkin`"
        ) from error


def _fetch(
    session: requests.Session, url: str, trace_id: str | None, request_id: str | None, start: float
) -> list[Span]:
    if trace_id:
        found = _get(session, f"{url}/api/v2/trace/{trace_id}")
        if found is not None:
            return zipkin(found)
        return jaeger(_get(session, f"{url}/api/traces/{trace_id}") or {"data": []})
    end = int(1000 * (start + _AROUND))
    query = {"annotationQuery": f"{GUID}={request_id}", "endTs": end, "lookback": 2000 * _AROUND, "limit": 10}
    found = _get(session, f"{url}/api/v2/traces", query)
    return zipkin(found) if found is not None else _of_jaeger(session, url, request_id, start)


def _of_jaeger(session: requests.Session, url: str, request_id: str | None, start: float) -> list[Span]:
    """Jaeger looks for tags within one service, so its services are asked one after the other."""
    services = (_get(session, f"{url}/api/services") or {}).get("data") or []
    for service in sorted(services, key=lambda name: "gateway" not in name)[:_SERVICES]:
        query = {
            "service": service,
            "tags": f'{{"{GUID}":"{request_id}"}}',
            "start": int(1e6 * (start - _AROUND)),
            "end": int(1e6 * (start + _AROUND)),
            "limit": 1,
        }
        if spans := jaeger(_get(session, f"{url}/api/traces", query) or {"data": []}):
            return spans
    return []


def _get(session: requests.Session, url: str, query: dict[str, Any] | None = None) -> Any:
    """The answer's JSON, None where there is no such page."""
    answer = session.get(url, params=query, timeout=_TIMEOUT)
    if answer.status_code == 404:
        return None
    answer.raise_for_status()
    return answer.json()
