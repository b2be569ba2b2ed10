"""A mesh's own access-log format as a judge of lines: text by Envoy's format string, JSON by its mapping.

What a line of the format does not tell is None in its entry. Where a mesh has several formats, each line must
have one reading among all of them; a line that fits none of them is read as Istio's own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..records import LogEntry
from . import operators
from .errors import LogError
from .exact import exact
from .json_line import TwiceError, members
from .operators import Operator
from .readings import Malformed, Other, Reading, Reason
from .source import Judge
from .template import Template, Values

Format = str | Mapping[str, Any]
"""A text format, or a JSON one: keys to format strings or to further mappings."""

_NUMBERS = ("response_code", "bytes_received", "bytes_sent", "duration", "upstream_service_time")
_REQUEST = frozenset({"method", "path", "protocol"})
_WHERE = frozenset({"upstream_cluster", "upstream_host"})
_SOME_HTTP = "HTTP"
"""The protocol of a line that has a status but whose format does not tell the request."""
_MISSING = object()
Path = tuple[str, ...]


def judge(formats: Sequence[Format]) -> Judge:
    """What a line says in a mesh of these formats; ``exact`` itself where there are none. Raises LogError."""
    judges = [_text(one) if isinstance(one, str) else _json(one) for one in formats]
    return _first_of(judges) if judges else exact


def _first_of(judges: Sequence[Judge]) -> Judge:
    def among(line: bytes) -> Reading:
        line = line.removesuffix(b"\r")
        readings = [one(line) for one in judges]
        entries = {reading for reading in readings if isinstance(reading, LogEntry)}
        if len(entries) > 1 or Malformed(Reason.AMBIGUOUS) in readings:
            return Malformed(Reason.AMBIGUOUS)
        if entries:
            return entries.pop()
        otherwise = exact(line)
        refused = [one for one in readings if isinstance(one, Malformed)]
        return refused[0] if refused and isinstance(otherwise, Other | Malformed) else otherwise

    return among


def _text(text: str) -> Judge:
    template = Template(operators.parse(text))
    entry = _Entries(template.operators, text)

    def read(line: bytes) -> Reading:
        values = template.read(line)
        if values is None:
            return Other()
        return Malformed(values) if isinstance(values, Reason) else entry.of(values)

    return read


def _json(mapping: Mapping[str, Any]) -> Judge:
    templates = sorted(_templates(mapping), key=lambda one: -one[1].operators[0].rank)
    keys = tuple(f'"{key}"'.encode() for key in mapping)
    entry = _Entries([one for _, template in templates for one in template.operators], json.dumps(mapping))

    def read(line: bytes) -> Reading:
        if not line.startswith(b"{"):
            return Other()
        try:
            found = dict(_found(members(line), templates))
        except TwiceError:
            return Malformed(Reason.AMBIGUOUS)
        except (ValueError, TypeError, RecursionError):
            return Malformed(Reason.CUT) if line[1:].lstrip().startswith(keys) else Other()
        if 2 * len(found) < len(templates):
            return Other()
        readings = [template.read(found[path]) for path, template in templates if path in found]
        if Reason.AMBIGUOUS in readings:
            return Malformed(Reason.AMBIGUOUS)
        if not all(isinstance(one, Mapping) for one in readings):
            return Malformed(Reason.SHAPE)
        return entry.of({field: value for one in readings for field, value in one.items()})  # type: ignore[union-attr] # just asked

    return read


class _Entries:
    """Makes entries of the values that a format's operators print."""

    def __init__(self, used: Sequence[Operator], text: str) -> None:
        fields = {one.field for one in used}
        if "response_code" not in fields or not _WHERE & fields:
            raise LogError(
                f"the format {text[:60]!r} does not tell what came of a call, or where it went",
                "it needs %RESPONSE_CODE%, and %UPSTREAM_CLUSTER% or %UPSTREAM_HOST%",
            )
        self._time = next((one.time for one in used if one.time), None)
        self._tells_requests = bool(_REQUEST & fields)

    def of(self, values: Values) -> Reading:
        if "response_code" not in values or (self._time and "start" not in values):
            return Malformed(Reason.SHAPE)
        start = self._time.seconds(values["start"]) if self._time else 0.0
        if start is None:
            return Malformed(Reason.TIME)
        fields: dict[str, Any] = dict.fromkeys(LogEntry.__slots__)
        for field, value in values.items():
            fields[field] = _number(value) if field in _NUMBERS else _text_of(value)
        fields |= {"start": start, "response_code": fields["response_code"] or 0}
        if fields["response_code"] and not self._tells_requests:
            fields["protocol"] = _SOME_HTTP
        return LogEntry(**fields)


def _templates(mapping: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Template]]:
    for key, value in mapping.items():
        if isinstance(value, Mapping):
            yield from _templates(value, (*above, key))
        elif isinstance(value, str) and any(isinstance(one, Operator) for one in operators.parse(value)):
            yield (*above, key), Template(operators.parse(value))


def _found(
    line: Mapping[str, Any], templates: Sequence[tuple[Path, Template]]
) -> Iterator[tuple[Path, bytes]]:
    """What the line has for each key of the mapping, as the text that the operator printed."""
    for path, _ in templates:
        value: Any = line
        for key in path:
            value = value.get(key, _MISSING) if isinstance(value, Mapping) else _MISSING
        if value is not _MISSING:
            yield path, b"-" if value is None or value == "" else str(value).encode("utf-8", "surrogatepass")


def _number(value: bytes) -> int | None:
    return None if value == b"-" else int(value)


def _text_of(value: bytes) -> str | None:
    """Bytes that are not UTF-8 stay in the text as lone surrogates, so that nothing is lost."""
    if value == b"-":
        return None
    try:
        return value.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return value.decode("utf-8", "surrogateescape")
