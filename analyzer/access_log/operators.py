"""An Envoy format string taken apart: literal text, and what each operator between prints.

Envoy: "Access logging", https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage.
What is not known here by name prints free text and fills no field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from . import time_format
from .errors import LogError
from .time_format import TimeFormat

_OPERATOR = re.compile(r"%([A-Z][A-Z0-9_]*)(?:\(([^)]*)\))?(?::([0-9]+))?%")
_HINT = "give it as it stands in meshConfig.accessLogFormat"


class Language(NamedTuple):
    """What an operator prints: a pattern that never backtracks, and the characters that could lengthen it.

    A value ends for certain where a character follows that could not lengthen it.
    """

    pattern: bytes
    lengthens: bytes


NUMBER = Language(rb"(?>[0-9]{1,15}|-)", rb"[0-9]")
TOKEN = Language(rb'[^ "\t]++', rb'[^ "\t]')
WORD = Language(rb"[A-Za-z0-9_.-]++", rb"[A-Za-z0-9_.-]")
NAME = Language(rb'[^ "\t|]++', rb'[^ "\t|]')
ADDRESS = Language(rb'[^ "\t,|]++', rb'[^ "\t,|]')
CLUSTER = Language(
    rb'(?>(?:outbound|inbound|inbound-vip)\|[0-9]++\|[^ "\t|]*+\|[^ "\t|]*+|[^ "\t|]++)', rb'[^ "\t|]'
)
FLAGS = Language(rb"(?>[A-Za-z0-9_,]++|-)", rb"[A-Za-z0-9_,]")
PROTOCOL = Language(rb"(?>HTTP/[0-9](?:\.[0-9])?+|-)", rb"[0-9.]")
QUOTABLE = Language(rb'[^"]++', rb'[^"]')


@dataclass(frozen=True, slots=True)
class Operator:
    """``field`` is the one of LogEntry that it fills, None for any other; ``rank`` is which of two is better.

    Without a ``language`` it prints what a client or a service wrote, which may be anything.
    """

    text: str
    field: str | None = None
    language: Language | None = None
    rank: int = 0
    time: TimeFormat | None = None
    suffix: str = ""


Part = str | Operator

_FIELDS: dict[str, tuple[str | None, Language | None, int]] = {
    "PROTOCOL": ("protocol", PROTOCOL, 0),
    "RESPONSE_CODE": ("response_code", NUMBER, 0),
    "RESPONSE_CODE_DETAILS": ("response_code_details", TOKEN, 0),
    "CONNECTION_TERMINATION_DETAILS": ("connection_termination_details", QUOTABLE, 0),
    "RESPONSE_FLAGS": ("response_flags", FLAGS, 0),
    "RESPONSE_FLAGS_LONG": (None, FLAGS, 0),
    "UPSTREAM_TRANSPORT_FAILURE_REASON": ("upstream_transport_failure_reason", QUOTABLE, 0),
    "BYTES_RECEIVED": ("bytes_received", NUMBER, 0),
    "BYTES_SENT": ("bytes_sent", NUMBER, 0),
    "DURATION": ("duration", NUMBER, 0),
    "REQUEST_DURATION": (None, NUMBER, 0),
    "REQUEST_TX_DURATION": (None, NUMBER, 0),
    "RESPONSE_DURATION": (None, NUMBER, 0),
    "RESPONSE_TX_DURATION": (None, NUMBER, 0),
    "UPSTREAM_REQUEST_ATTEMPT_COUNT": (None, NUMBER, 0),
    "UPSTREAM_WIRE_BYTES_SENT": (None, NUMBER, 0),
    "UPSTREAM_WIRE_BYTES_RECEIVED": (None, NUMBER, 0),
    "DOWNSTREAM_WIRE_BYTES_SENT": (None, NUMBER, 0),
    "DOWNSTREAM_WIRE_BYTES_RECEIVED": (None, NUMBER, 0),
    "CONNECTION_ID": (None, NUMBER, 0),
    "UPSTREAM_HOST": ("upstream_host", ADDRESS, 0),
    "UPSTREAM_REMOTE_ADDRESS": ("upstream_host", ADDRESS, 1),
    "UPSTREAM_CLUSTER_RAW": ("upstream_cluster", CLUSTER, 0),
    "UPSTREAM_CLUSTER": ("upstream_cluster", CLUSTER, 1),
    "UPSTREAM_LOCAL_ADDRESS": ("upstream_local_address", ADDRESS, 0),
    "DOWNSTREAM_LOCAL_ADDRESS": ("downstream_local_address", ADDRESS, 0),
    "DOWNSTREAM_REMOTE_ADDRESS": ("downstream_remote_address", ADDRESS, 0),
    "DOWNSTREAM_DIRECT_REMOTE_ADDRESS": ("downstream_remote_address", ADDRESS, 1),
    "REQUESTED_SERVER_NAME": ("requested_server_name", NAME, 0),
    "ROUTE_NAME": ("route_name", None, 0),
    "HOSTNAME": (None, WORD, 0),
    "GRPC_STATUS": (None, WORD, 0),
    "GRPC_STATUS_NUMBER": (None, NUMBER, 0),
    "STREAM_ID": (None, WORD, 0),
    "TRACE_ID": (None, WORD, 0),
}
_WITHOUT_PORT = "_WITHOUT_PORT"
_REQUEST_HEADERS: dict[str, tuple[str, Language | None]] = {
    ":METHOD": ("method", WORD),
    ":PATH": ("path", None),
    ":AUTHORITY": ("authority", NAME),
    "HOST": ("authority", NAME),
    "X-FORWARDED-FOR": ("x_forwarded_for", None),
    "USER-AGENT": ("user_agent", None),
    "X-REQUEST-ID": ("request_id", None),
}


def parse(text: str) -> list[Part]:
    """Literal text and operators by turns; raises LogError where the string is no format."""
    parts = [part for part in _parts(text.removesuffix("\n")) if part != ""]
    if any(isinstance(part, str) and "\n" in part for part in parts):
        raise LogError("the format has more than one line", _HINT)
    for left, right in pairwise(parts):
        if isinstance(left, Operator) and isinstance(right, Operator):
            raise LogError(
                f"nothing stands between {left.text} and {right.text}: no reader can tell them apart",
                "put a space or a quote between them",
            )
    return parts


def _parts(text: str) -> Iterator[Part]:
    literal, at = "", 0
    while at < len(text):
        match = _OPERATOR.match(text, at)
        if match:
            yield literal
            yield _operator(match[0], match[1], match[2] or "", shortened=match[3] is not None)
            literal, at = "", match.end()
        elif text.startswith("%%", at):
            literal, at = literal + "%", at + 2
        elif text[at] == "%":
            raise LogError(f"{text[at : at + 20]!r} begins no operator of Envoy", _HINT)
        else:
            literal, at = literal + text[at], at + 1
    yield literal


def _operator(text: str, name: str, argument: str, *, shortened: bool) -> Operator:
    """A value that ``:LENGTH`` cuts short fills no field: what is left of it could be another's."""
    if name == "START_TIME":
        time = time_format.compiled(argument)
        return Operator(text, "start", Language(time.pattern, time.lengthens), time=time)
    if shortened:
        return Operator(text)
    if name == "REQ":
        return _request_header(text, argument)
    if name == "RESP" and argument.upper() == "X-ENVOY-UPSTREAM-SERVICE-TIME":
        return Operator(text, "upstream_service_time", NUMBER)
    with_port = name.removesuffix(_WITHOUT_PORT)
    field, language, rank = _FIELDS.get(with_port, (None, None, 0))
    if with_port != name:  # port 0 is what Envoy itself prints where it knows none
        return Operator(text, field, ADDRESS, rank + 2, suffix=":0")
    return Operator(text, field, language, rank)


def _request_header(text: str, argument: str) -> Operator:
    """``X?Y`` prints Y where X is missing."""
    names = [name.strip().upper() for name in argument.split("?")]
    field, language = _REQUEST_HEADERS.get(names[-1], (None, None))
    return Operator(text, field, language if len(names) == 1 else None)
