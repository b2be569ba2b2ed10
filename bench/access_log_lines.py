"""One call as the line that istio-proxy logs of it: as text, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from analyzer.access_log.keys import Key


class Encoding(StrEnum):
    TEXT = "text"
    JSON = "json"


class Call(NamedTuple):
    """One line's values, as text; ``key`` is where it must be counted."""

    key: Key
    second: int
    ms: int
    method: bytes
    path: bytes
    protocol: bytes
    details: bytes
    failure: bytes
    received: int
    sent: int
    duration: int
    forwarded: bytes
    agent: bytes
    request_id: bytes
    authority: bytes
    addresses: tuple[bytes, bytes, bytes]


def _text(call: Call) -> bytes:
    key = call.key
    return (
        b'[%s.%03dZ] "%s %s %s" %d %s %s - "%s" %d %d %d %s "%s" "%s" "%s" "%s" "%s" %s %s %s %s %s %s\n'
        % (
            _stamp(call.second),
            call.ms,
            call.method,
            call.path,
            call.protocol,
            key.code,
            key.flags.encode() or b"-",
            call.details,
            call.failure,
            call.received,
            call.sent,
            call.duration,
            b"%d" % call.duration if key.code == 200 else b"-",
            call.forwarded,
            call.agent,
            call.request_id,
            call.authority,
            key.host.encode() or b"-",
            key.cluster.encode() or b"-",
            *call.addresses,
            key.server_name.encode() or b"-",
            key.route.encode() or b"-",
        )
    )


def _json(call: Call) -> bytes:
    """As Envoy writes it: no spaces, the header ``upstream_service_time`` as text, ``null`` for unset."""
    key = call.key
    upstream, listener, remote = call.addresses
    return (
        b'{"authority":"%s","bytes_received":%d,"bytes_sent":%d,"connection_termination_details":null,'
        b'"downstream_local_address":"%s","downstream_remote_address":"%s","duration":%d,"method":"%s","path":%s,'
        b'"protocol":"%s","request_id":"%s","requested_server_name":%s,"response_code":%d,'
        b'"response_code_details":"%s","response_flags":"%s","route_name":%s,"start_time":"%s.%03dZ",'
        b'"upstream_cluster":"%s","upstream_host":"%s","upstream_local_address":"%s",'
        b'"upstream_service_time":%s,"upstream_transport_failure_reason":%s,"user_agent":%s,"x_forwarded_for":%s}\n'
        % (
            call.authority,
            call.received,
            call.sent,
            listener,
            remote,
            call.duration,
            call.method,
            _quoted(call.path),
            call.protocol,
            call.request_id,
            _quoted(key.server_name.encode() or b"-"),
            key.code,
            call.details,
            key.flags.encode() or b"-",
            _quoted(key.route.encode() or b"-"),
            _stamp(call.second),
            call.ms,
            key.cluster.encode() or b"-",
            key.host.encode() or b"-",
            upstream,
            b'"%d"' % call.duration if key.code == 200 else b"null",
            _quoted(call.failure),
            _quoted(call.agent),
            _quoted(call.forwarded),
        )
    )


def _quoted(value: bytes) -> bytes:
    """A JSON string; bytes that are not UTF-8 stay as they are, as old Envoys left them."""
    if value == b"-":
        return b"null"
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\t", b"\\t") + b'"'


@lru_cache(maxsize=8)
def _stamp(second: int) -> bytes:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


WRITTEN: Mapping[Encoding, Callable[[Call], bytes]] = {Encoding.TEXT: _text, Encoding.JSON: _json}
