"""The quick way through a block of JSON lines, in Python, as ``quick_text`` is for text."""

from __future__ import annotations

import msgspec

from .chunks import NOTHING, NUMBERS, Plain, Writer, chunks
from .fingerprint import NO_ID, fingerprint
from .keys import INBOUND
from .quick_text import Seconds
from .scan import Shape

_KEYS = 24
_KEY_END = b'":'
_DIGITS = 15
_MOST = 10**_DIGITS
_Address = str | tuple[str] | bool | None


class _Line(msgspec.Struct):
    """Istio's keys since 1.9, all of them; a line that lacks one, or has another, is left to ``exact``."""

    start_time: str
    response_code: int
    method: str | None
    path: str | None
    protocol: str | None
    response_flags: str | None
    response_code_details: str | None
    connection_termination_details: str | None
    upstream_transport_failure_reason: str | None
    bytes_received: int
    bytes_sent: int
    duration: int | None
    upstream_service_time: int | str | None
    x_forwarded_for: str | None
    user_agent: str | None
    request_id: str | None
    authority: str | None
    upstream_host: str | None
    upstream_cluster: str | None
    upstream_local_address: str | None
    downstream_local_address: str | None
    downstream_remote_address: str | None
    requested_server_name: str | None
    route_name: str | None


class QuickJson:
    """A ``Scan`` of JSON lines; remembers from block to block what their time stamps say."""

    def __init__(self) -> None:
        self._seconds = Seconds()
        self._decode = msgspec.json.Decoder(_Line).decode

    def __call__(self, block: bytes | memoryview, join: bool) -> tuple[bytes, bytes, list[Shape]]:
        writer = Writer()
        for lines in chunks(block):
            doubts, rows = [], []
            for number, line in enumerate(lines):
                row = self._row(line, join=join)
                if row:
                    rows.append(row)
                else:
                    doubts.append(number)
            writer.add(lines, doubts, Plain(*zip(*rows, strict=True)) if rows else NOTHING)
        return writer.result()

    def _row(self, line: bytes, *, join: bool) -> tuple[tuple[object, ...], bytes, bytes, int] | None:
        """What ``Plain`` has of each line; None for a doubt."""
        try:
            fields = self._decode(line)
        except (ValueError, msgspec.DecodeError, RecursionError):
            return None
        second = self._seconds[b"[%s] " % fields.start_time.encode()]
        if (
            line[:1] != b"{"
            or line.count(_KEY_END) != _KEYS
            or not 0 <= fields.response_code < 1000
            or not 0 <= fields.bytes_received < _MOST
            or not 0 <= fields.bytes_sent < _MOST
            or not _is_number(fields.duration)
            or not _is_number(fields.upstream_service_time)
            or not second
        ):
            return None
        duration = -1 if fields.duration is None else fields.duration
        identity = fields.request_id if join else None
        request = NO_ID if identity in (None, "-") else fingerprint(identity.encode())
        return _shape(fields), second, NUMBERS(duration, fields.bytes_received, fields.bytes_sent), request


def _shape(fields: _Line) -> tuple[object, ...]:
    return (
        fields.response_code,
        fields.response_flags,
        fields.method is None and fields.path is None and fields.protocol is None,
        fields.method == "-" or fields.path == "-" or fields.protocol == "-",
        fields.upstream_cluster,
        fields.upstream_host,
        fields.requested_server_name,
        fields.route_name,
        *_addresses(fields),
    )


def _is_number(value: int | str | None) -> bool:
    """Envoy writes what it takes from a header, such as the service time, as text."""
    if isinstance(value, str):
        return len(value) <= _DIGITS and value.isascii() and value.isdigit()
    return value is None or 0 <= value < _MOST


def _addresses(fields: _Line) -> tuple[_Address, ...]:
    """The addresses that ``keys.key`` looks at, without the ports that change from line to line."""
    local = _address(fields.downstream_local_address), _address(fields.upstream_local_address)
    remote = fields.downstream_remote_address
    if (fields.upstream_cluster or "").startswith(INBOUND) and remote:
        return *local, _address(remote), remote.endswith(":0")
    return local


def _address(address: str | None) -> _Address:
    """A port-less ``-`` is not the host of ``-:80``."""
    host, _, port = (address or "").rpartition(":")
    return (host,) if port.isdigit() else address
