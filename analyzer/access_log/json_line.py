"""One access line in Istio's default JSON encoding (``accessLogEncoding: JSON``), in any order of its keys.

Numbers came as text before Istio 1.11 and are typed since; unset is null, or ``-`` for the flags. Keys that a
mesh added are passed over. A key that stands twice gives two readings and is refused.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from ..records import LogEntry
from .readings import Malformed, Other, Reading, Reason
from .start_time import unix_seconds

_Text = str | None
_Number = int | str | None
_KEY_END = b'":'
_DIGITS = re.compile(r"[0-9]{1,15}")
_OURS = re.compile(rb'"(?:start_time|upstream_cluster|response_flags|response_code_details|request_id)":')


class _Line(msgspec.Struct):
    start_time: str | msgspec.UnsetType = msgspec.UNSET
    response_code: int | str | msgspec.UnsetType | None = msgspec.UNSET
    method: _Text | msgspec.UnsetType = msgspec.UNSET
    path: _Text | msgspec.UnsetType = msgspec.UNSET
    protocol: _Text | msgspec.UnsetType = msgspec.UNSET
    response_flags: _Text | msgspec.UnsetType = msgspec.UNSET
    response_code_details: _Text | msgspec.UnsetType = msgspec.UNSET
    connection_termination_details: _Text | msgspec.UnsetType = msgspec.UNSET
    upstream_transport_failure_reason: _Text | msgspec.UnsetType = msgspec.UNSET
    bytes_received: _Number | msgspec.UnsetType = msgspec.UNSET
    bytes_sent: _Number | msgspec.UnsetType = msgspec.UNSET
    duration: _Number | msgspec.UnsetType = msgspec.UNSET
    upstream_service_time: _Number | msgspec.UnsetType = msgspec.UNSET
    x_forwarded_for: _Text | msgspec.UnsetType = msgspec.UNSET
    user_agent: _Text | msgspec.UnsetType = msgspec.UNSET
    request_id: _Text | msgspec.UnsetType = msgspec.UNSET
    authority: _Text | msgspec.UnsetType = msgspec.UNSET
    upstream_host: _Text | msgspec.UnsetType = msgspec.UNSET
    upstream_cluster: _Text | msgspec.UnsetType = msgspec.UNSET
    upstream_local_address: _Text | msgspec.UnsetType = msgspec.UNSET
    downstream_local_address: _Text | msgspec.UnsetType = msgspec.UNSET
    downstream_remote_address: _Text | msgspec.UnsetType = msgspec.UNSET
    requested_server_name: _Text | msgspec.UnsetType = msgspec.UNSET
    route_name: _Text | msgspec.UnsetType = msgspec.UNSET


_FIELDS = _Line.__struct_fields__
_NUMBERS = frozenset({"bytes_received", "bytes_sent", "duration", "upstream_service_time"})
_DECODER = msgspec.json.Decoder(_Line)


class TwiceError(ValueError):
    """A key stands twice in one object."""


def reading(line: bytes) -> Reading:
    """Read a line that begins with ``{``; JSON of another program is ``Other``."""
    fields = _quick(line)
    if fields is not None:
        return _entry(fields)
    try:
        return _entry(_slow(line))
    except TwiceError:
        return Malformed(Reason.AMBIGUOUS)
    except (ValueError, RecursionError, msgspec.ValidationError):
        return _refusal(line)


def _quick(line: bytes) -> _Line | None:
    """None where the typed decoder refuses the line, or where a key could stand twice."""
    try:
        fields = _DECODER.decode(line)
    except (ValueError, RecursionError, msgspec.DecodeError):
        return None
    present = sum(getattr(fields, name) is not msgspec.UNSET for name in _FIELDS)
    return fields if present == line.count(_KEY_END) else None


def _slow(line: bytes) -> _Line:
    return msgspec.convert(members(line), _Line)


def members(line: bytes) -> dict[str, Any]:
    """By the standard library, which also reads what is not UTF-8, lone surrogates and raw control bytes.

    Raises ValueError, TypeError or RecursionError for what is no object, TwiceError where a key stands twice.
    """
    value = json.loads(line.decode("utf-8", "surrogateescape"), strict=False, object_pairs_hook=_object)
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise TwiceError
    return members


def _refusal(line: bytes) -> Reading:
    """Of a line that is no JSON object, or one whose values are not those of an access line."""
    if line.rstrip().endswith(b"}"):
        return Malformed(Reason.SHAPE) if _OURS.search(line) else Other()
    return Malformed(Reason.CUT) if line.startswith(b'{"') else Other()


def _entry(fields: _Line) -> Reading:
    if fields.start_time is msgspec.UNSET or fields.response_code is msgspec.UNSET:
        ours = any(getattr(fields, name) is not msgspec.UNSET for name in ("start_time", "upstream_cluster"))
        return Malformed(Reason.SHAPE) if ours else Other()
    start = unix_seconds(fields.start_time.encode("utf-8", "surrogateescape"))
    if start is None:
        return Malformed(Reason.TIME)
    try:
        code = _number(fields.response_code) or 0
        rest = {name: _value(name, getattr(fields, name)) for name in _FIELDS[2:]}
    except ValueError:
        return Malformed(Reason.SHAPE)
    return LogEntry(start=start, response_code=code, **rest)


def _value(name: str, value: int | str | msgspec.UnsetType | None) -> Any:
    if value is msgspec.UNSET or value is None or value == "-":
        return None
    return _number(value) if name in _NUMBERS else value


def _number(value: int | str | None) -> int | None:
    if value is None or value == "-":
        return None
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            raise ValueError(value)
        return int(value)
    if not 0 <= value < 10**15:
        raise ValueError(value)
    return value
