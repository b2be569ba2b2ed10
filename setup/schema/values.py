"""The values that Istio's fields take: durations, percentages, hosts, labels, headers, expressions."""

from __future__ import annotations

import base64
import re
from decimal import Decimal

from .expressions import is_re2
from .shapes import Number, Text

_UNITS = {
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("0.001"),
    "us": Decimal("0.000001"),
    "µs": Decimal("0.000001"),
    "ns": Decimal("0.000000001"),
}
_PART = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|ms|s|m|h)")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,256}")
_RETRY_CONDITIONS = (
    *("5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited"),
    *("retriable-4xx", "refused-stream", "retriable-status-codes", "retriable-headers"),
    *("http3-post-connect-failure",),
    *("cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"),
)
_PERCENT = re.compile(r"%%|%[A-Z_]+(?:\([^%]*\))?(?::[0-9]+)?%")


def seconds(text: str) -> Decimal | None:
    """The seconds in a duration as Go writes it (``1h30m``, ``1.5s``, ``500ms``); None where it is none."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum((Decimal(number) * _UNITS[unit] for number, unit in parts), Decimal(0))


def _at_least_a_millisecond(text: str) -> bool:
    length = seconds(text)
    return length is not None and Decimal("0.001") <= length <= 315_576_000_000


def _length(text: str) -> bool:
    length = seconds(text)
    return length is not None and length <= 315_576_000_000


def is_label(text: str) -> bool:
    """Whether it is a DNS label, as subsets and namespaces are."""
    return bool(_LABEL.fullmatch(text))


def is_name(text: str) -> bool:
    """Whether it is a DNS name: labels joined by dots, 253 characters at most."""
    return len(text) <= 253 and all(_LABEL.fullmatch(part) for part in text.split("."))


def _host(text: str) -> bool:
    return text == "*" or is_name(text.removeprefix("*.")) or _address(text)


def _address(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", text))


def _server_host(text: str) -> bool:
    namespace, slash, host = text.rpartition("/")
    return _host(host) and (not slash or namespace in ("*", ".") or is_label(namespace))


def _retry_conditions(text: str) -> bool:
    """Conditions and status codes between commas; Envoy would pass over a word that it does not know."""
    words = [word.strip() for word in text.split(",")]
    return all(word in _RETRY_CONDITIONS or re.fullmatch("[1-5][0-9][0-9]", word) for word in words)


def _base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _header_value(text: str) -> bool:
    """Whether Envoy would take it: visible, and each ``%`` an operator or doubled."""
    return text.isprintable() and "%" not in _PERCENT.sub("", text)


TEXT = Text()
LINE = Text("one line of visible text", "write something", lambda text: text != "" and text.isprintable())
RETRY_ON = Text("a list of conditions", "write for example connect-failure,5xx,503", _retry_conditions)
NAME = Text("a DNS name", "write lower-case letters, digits, dashes and dots", is_name)
LABEL = Text("a DNS label", "write lower-case letters, digits and dashes", is_label)
LABEL_VALUE = Text(
    "a label value",
    'write for example "v2"',
    lambda text: bool(re.fullmatch(r"([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?", text, re.ASCII)),
)
HOST = Text("a host", "write for example reviews or *.example.com", _host)
SERVER_HOST = Text("a host", 'write for example "*" or bookinfo.example.com', _server_host)
AUTHORITY = Text(
    "a host",
    "write for example reviews:9080",
    lambda text: bool(re.fullmatch(r"[\w.*:\[\]-]{1,260}", text, re.ASCII)),
)
REFERENCE = Text(
    "a gateway's name",
    "write mesh, name or namespace/name",
    lambda text: all(is_name(part) for part in text.split("/")) and text.count("/") < 2,
)
BASE64 = Text("base64", "encode it in base64, or write string", _base64)
HEADER = Text(
    "a header's name",
    "write for example end-user",
    lambda text: bool(_HEADER.fullmatch(text.removeprefix(":"))),
)
HEADER_OR_CLAIM = Text(
    "a header's name",
    "write for example end-user",
    lambda text: HEADER.judge(text) or text.startswith("@request.auth.claims"),
)
HEADER_VALUE = Text("a header's value", "write %% for a percent sign", _header_value)
EXPRESSION = Text("a regular expression of RE2", "RE2 knows no lookaround and no back references", is_re2)
EXPRESSION_OR_ANY = Text(EXPRESSION.what, EXPRESSION.hint, lambda text: text == "*" or is_re2(text))
DURATION = Text("a duration", "write for example 2s, 500ms or 1m, 1ms at least", _at_least_a_millisecond)
DURATION_OR_ZERO = Text("a duration", "write for example 2s, 500ms, 1m or 0s", _length)
PERCENTAGE = Number(0, 100, whole=False)
PORT = Number(1, 65535)
COUNT = Number()
COUNT_UNSIGNED = Number(high=2**32 - 1)
