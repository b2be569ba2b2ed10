"""Access lines written as Envoy writes them, for tests to read back: the inverse of what they test."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime
from enum import StrEnum

from analyzer.records import LogEntry


class Format(StrEnum):
    F1 = "Istio 1.3 to 1.7"
    F2 = "Istio 1.8"
    F3 = "Istio 1.9 and later"
    JSON = "JSON"


CALL = LogEntry(
    start=1645034180.03,
    method="GET",
    path="/reviews/0",
    protocol="HTTP/1.1",
    response_code=200,
    response_flags=None,
    response_code_details="via_upstream",
    connection_termination_details=None,
    upstream_transport_failure_reason=None,
    bytes_received=0,
    bytes_sent=375,
    duration=11,
    upstream_service_time=10,
    x_forwarded_for=None,
    user_agent="curl/7.68.0",
    request_id="c1921f78-c8de-4445-a026-360b5dd6f51d",
    authority="reviews:9080",
    upstream_host="172.16.184.6:9080",
    upstream_cluster="outbound|9080|v3|reviews.default.svc.cluster.local",
    upstream_local_address="172.16.158.7:55410",
    downstream_local_address="10.101.97.213:9080",
    downstream_remote_address="172.16.158.7:34590",
    requested_server_name=None,
    route_name="default",
)
"""One reviews call as productpage's proxy logs it."""


def call(**fields: object) -> LogEntry:
    """``CALL`` with other values in some fields."""
    return replace(CALL, **fields)  # type: ignore[arg-type]  # the names are checked by the record


def without_details(entry: LogEntry) -> LogEntry:
    """What of an entry stands in F1 and F2."""
    return replace(entry, response_code_details=None, connection_termination_details=None)


def line(entry: LogEntry, form: Format = Format.F3) -> bytes:
    """The entry in Envoy's spelling, without a newline."""
    if form is Format.JSON:
        members = {**asdict(entry), "start_time": _stamp(entry.start)}
        del members["start"]
        if entry.upstream_service_time is not None:
            members["upstream_service_time"] = str(entry.upstream_service_time)  # from a header
        return json.dumps(members, ensure_ascii=False).encode("utf-8", "surrogateescape")
    e = {name: "-" if value is None else str(value) for name, value in asdict(entry).items()}
    extra = {
        Format.F1: '"-" ',
        Format.F2: "",
        Format.F3: f"{e['response_code_details']} {e['connection_termination_details']} ",
    }[form]
    text = (
        f'[{_stamp(entry.start)}] "{e["method"]} {e["path"]} {e["protocol"]}" {e["response_code"]} '
        f'{e["response_flags"]} {extra}"{e["upstream_transport_failure_reason"]}" {e["bytes_received"]} '
        f"{e['bytes_sent']} {e['duration']} {e['upstream_service_time']} "
        f'"{e["x_forwarded_for"]}" "{e["user_agent"]}" "{e["request_id"]}" "{e["authority"]}" '
        f'"{e["upstream_host"]}" {e["upstream_cluster"]} {e["upstream_local_address"]} '
        f"{e['downstream_local_address']} {e['downstream_remote_address']} "
        f"{e['requested_server_name']} {e['route_name']}"
    )
    return text.encode("utf-8", "surrogateescape")


def _stamp(start: float) -> str:
    return (
        datetime.fromtimestamp(round(start * 1000) / 1000, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    )
