"""One access line in Istio's text formats, read from both ends, or the reason why it is not believed.

Three shapes cover Istio 1.3 to today: F1 (to 1.7) has the mixer's status after the flags, F2 (1.8) has not,
F3/F4 (1.9 on, 1.23 on) has response code details and connection termination details there.

Envoy escapes nothing: path, X-Forwarded-For, User-Agent and x-request-id may hold quotes, spaces and what
looks like other fields. So the line is anchored where clients cannot write: its time and its end, from
the upstream host on. As soon as there are more quotes than fields, each field between but the User-Agent is
held to a narrow form; where two divisions remain possible the line is AMBIGUOUS.
Every step takes time linear in the line's length.
"""

from __future__ import annotations

import re

from ..records import LogEntry
from .readings import Malformed, Reason
from .start_time import LENGTH, PATTERN, unix_seconds

HEAD = LENGTH + 4
"""Length of ``[2022-02-16T17:56:20.030Z] "``, with which every line begins."""
_HEAD = re.compile(rb"\[" + PATTERN + rb'\] "')
_HEAD_END = b'Z] "'

# Protocol to the quote before X-Forwarded-For. F1 has a quoted field in the place of F3's two details.
_MIDDLE = re.compile(
    rb' (?P<protocol>HTTP/(?:0\.9|1\.0|1\.1|2|3)|-)" (?P<code>[0-9]{1,3}|-) (?P<flags>[A-Za-z0-9_,]+|-) '
    rb'(?:(?P<details>[^ "]+) (?P<termination>[^"]*[^ "]) |"[^"]*" )?"(?P<failure>[^"]*)" '
    rb"(?P<received>[0-9]{1,15}|-) (?P<sent>[0-9]{1,15}|-) "
    rb'(?P<duration>[0-9]{1,15}|-) (?P<service_time>[0-9]{1,15}|-) "'
)
_ADDRESS = re.compile(rb'-|[^ "]*:[0-9]{1,5}|envoy://[^ "]*|[/@][^ "]+')
_TAIL_INSIDE = re.compile(rb'" [^ "]+(?: (?:-|[^ "]*:[0-9]{1,5}|envoy://[^ "]*|[/@][^ "]+)){3} ')
_FORWARDED = re.compile(rb"-|[0-9A-Fa-f.:\[\]]+(?:, ?[0-9A-Fa-f.:\[\]]+)*")
_APPENDED = re.compile(rb"[, ](?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]+)\Z")
_LONGEST_ADDRESS = 48
_REQUEST_ID = re.compile(rb"-|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def begins(line: bytes) -> bool:
    """Whether the line claims to be an access line."""
    return _HEAD.match(line) is not None


def entry(line: bytes) -> LogEntry | Malformed:
    """Read a line that ``begins`` as one."""
    if line.find(_HEAD_END, HEAD) >= 0 and _HEAD.search(line, HEAD):
        return Malformed(Reason.RUN_TOGETHER)
    start = unix_seconds(line[1 : 1 + LENGTH])
    if start is None:
        return Malformed(Reason.TIME)
    middle = _MIDDLE.search(line, HEAD)
    if middle is None:
        return Malformed(Reason.SHAPE if _tail(line, line.rfind(b'"')) else Reason.CUT)
    if _MIDDLE.search(line, middle.start() + 1):
        return Malformed(Reason.AMBIGUOUS)
    method, _, path = line[HEAD : middle.start()].partition(b" ")
    close = line.rfind(b'"')
    tail = _tail(line, close)
    if tail is None:
        return Malformed(Reason.CUT)
    quoted = _quoted(line[middle.end() : close])
    if isinstance(quoted, Malformed):
        return quoted
    if not method or not path or b'"' in method or _CONTROL.search(tail[5]):
        return Malformed(Reason.SHAPE)
    return _entry(start, method, path, middle, quoted, tail)


def ends_as_one(line: bytes) -> bool:
    """Whether a line that does not begin as an access line ends as one: its beginning was lost."""
    return _tail(line, line.rfind(b'"')) is not None or _MIDDLE.search(line) is not None


def _tail(line: bytes, close: int) -> list[bytes] | None:
    """Cluster, three addresses, SNI and route: what follows the last quote. A route may hold spaces."""
    if close < 0 or line[close + 1 : close + 2] != b" ":
        return None
    tail = line[close + 2 :].split(b" ", 5)
    if len(tail) < 6 or not all(tail) or not all(map(_ADDRESS.fullmatch, tail[1:4])):
        return None
    return tail


def _quoted(text: bytes) -> tuple[bytes, bytes, bytes, bytes, bytes] | Malformed:
    """X-Forwarded-For, User-Agent, x-request-id, authority and upstream host."""
    fields = text.split(b'" "')
    if len(fields) < 5:
        return Malformed(Reason.CUT)
    if b'" " "' in text:
        return Malformed(Reason.AMBIGUOUS)
    forwarded, *agent, request_id, authority, host = fields
    if not _ADDRESS.fullmatch(host) or b'"' in authority or b" " in authority:
        return Malformed(Reason.AMBIGUOUS if len(fields) > 5 else Reason.SHAPE)
    if len(agent) > 1 and not _one_division(forwarded, agent, request_id):
        return Malformed(Reason.AMBIGUOUS)
    return forwarded, b'" "'.join(agent), request_id, authority, host


def _one_division(forwarded: bytes, agent: list[bytes], request_id: bytes) -> bool:
    """Whether the quotes in excess can only be the User-Agent's.

    A forged X-Forwarded-For betrays itself: it does not begin with an address, or it ends with the address
    that a proxy appended. A forged request id is no UUID. A forged tail has the shape of one.
    """
    if not _FORWARDED.fullmatch(forwarded) or not _REQUEST_ID.fullmatch(request_id):
        return False
    if any(_APPENDED.search(field[-_LONGEST_ADDRESS:]) for field in agent[:-1]):
        return False
    return _TAIL_INSIDE.search(b'" "'.join(agent)) is None


def _entry(
    start: float,
    method: bytes,
    path: bytes,
    middle: re.Match[bytes],
    quoted: tuple[bytes, bytes, bytes, bytes, bytes],
    tail: list[bytes],
) -> LogEntry:
    forwarded, agent, request_id, authority, host = map(_text, quoted)
    cluster, upstream_local, downstream_local, downstream_remote, server_name, route = map(_text, tail)
    return LogEntry(
        start=start,
        method=_text(method),
        path=_text(path),
        protocol=_text(middle["protocol"]),
        response_code=_number(middle["code"]) or 0,
        response_flags=_text(middle["flags"]),
        response_code_details=_text(middle["details"]),
        connection_termination_details=_text(middle["termination"]),
        upstream_transport_failure_reason=_text(middle["failure"]),
        bytes_received=_number(middle["received"]),
        bytes_sent=_number(middle["sent"]),
        duration=_number(middle["duration"]),
        upstream_service_time=_number(middle["service_time"]),
        x_forwarded_for=forwarded,
        user_agent=agent,
        request_id=request_id,
        authority=authority,
        upstream_host=host,
        upstream_cluster=cluster,
        upstream_local_address=upstream_local,
        downstream_local_address=downstream_local,
        downstream_remote_address=downstream_remote,
        requested_server_name=server_name,
        route_name=route,
    )


def _text(field: bytes | None) -> str | None:
    """Bytes that are not UTF-8 stay in the text as lone surrogates, so that nothing is lost."""
    return None if field is None or field == b"-" else field.decode("utf-8", "surrogateescape")


def _number(field: bytes) -> int | None:
    return None if field == b"-" else int(field)
