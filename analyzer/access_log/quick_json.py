"""The quick way through a block of JSON lines, as ``quick`` is for text: every doubt is left to ``exact``."""

from __future__ import annotations

import msgspec

from .fingerprint import NO_ID, fingerprint
from .keys import INBOUND
from .quick import Doubt, DoubtError, Learn, Seconds
from .rows import RowWriter

_KEYS = 24
_KEY_END = b'":'
_REMEMBERED = 1 << 16
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
    """Reads blocks of one source; ``learn`` gives the group of a shape not seen before."""

    def __init__(self, learn: Learn, *, join: bool) -> None:
        self._learn = learn
        self._join = join
        self._groups: dict[tuple[object, ...], int] = {}
        self._seconds = Seconds()
        self._decode = msgspec.json.Decoder(_Line).decode

    def scan(self, block: bytes, rows: RowWriter, doubt: Doubt) -> None:
        """Append the plain lines of a block to ``rows``; the others are handed over, all in their order."""
        at = 0
        for number, line in enumerate(block.removesuffix(b"\n").split(b"\n")):
            try:
                self._take(line, rows)
            except (ValueError, msgspec.DecodeError, RecursionError):
                doubt(number, at, line)
            at += len(line) + 1

    def _take(self, line: bytes, rows: RowWriter) -> None:
        fields = self._decode(line)
        if (
            line.count(_KEY_END) != _KEYS
            or not 0 <= fields.response_code < 1000
            or not 0 <= fields.bytes_received < _MOST
            or not 0 <= fields.bytes_sent < _MOST
            or not _is_number(fields.duration)
            or not _is_number(fields.upstream_service_time)
        ):
            raise DoubtError
        second = self._seconds[b"[%s] " % fields.start_time.encode()]
        group = self._group(fields, line)
        rows.group.append(group)
        rows.second.append(second)
        rows.duration.append(-1 if fields.duration is None else fields.duration)
        rows.received.append(fields.bytes_received)
        rows.sent.append(fields.bytes_sent)
        if self._join:
            request_id = fields.request_id
            rows.request.append(
                NO_ID if request_id in (None, "-") else fingerprint(request_id.encode("utf-8"))
            )

    def _group(self, fields: _Line, line: bytes) -> int:
        shape = (
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
        group = self._groups.get(shape)
        if group is None:
            group = self._learn(line)
            if group < 0:
                raise DoubtError
            if len(self._groups) > _REMEMBERED:
                self._groups.clear()
            self._groups[shape] = group
        return group


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
