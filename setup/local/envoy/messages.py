"""The small Envoy messages that the large ones are made of, as JSON: durations, fractions, string matches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schema.values import seconds
from ..topology import SERVICE_PORT

Json = dict[str, Any]

NO_TIMEOUT = "0s"


def typed(message: str, **fields: Any) -> Json:
    """A message that Envoy takes wherever an extension stands."""
    return {"@type": f"type.googleapis.com/{message}", **fields}


def duration(text: str) -> str:
    """``500ms`` as protobuf's JSON writes it: ``0.5s``."""
    length = seconds(text)
    if length is None:
        raise ValueError(f"{text!r} is no duration")
    return f"{length:.9f}".rstrip("0").rstrip(".") + "s"


def fraction(percentage: Mapping[str, Any] | None) -> Json:
    """A share of all requests; all of them where none is given.

    Always in millionths: Envoy draws one random number a request, and the draw for the weights uses it too.
    With another denominator the mirrored requests would all be those of one version.
    """
    value = 100 if percentage is None else percentage.get("value", 0)
    return {"numerator": round(value * 10_000), "denominator": "MILLION"}


def string_match(match: Mapping[str, str]) -> Json:
    """Istio's exact, prefix or regex as Envoy's StringMatcher."""
    if "regex" in match:
        return {"safe_regex": {"regex": match["regex"]}}
    return {kind: match[kind] for kind in ("exact", "prefix") if kind in match}


def address(ip: str, port: int) -> Json:
    return {"socket_address": {"address": ip, "port_value": port}}


def outbound(host: str, subset: str = "", port: int = SERVICE_PORT) -> str:
    """A cluster's name as Istio writes it, and as every access log shows it."""
    return f"outbound|{port}|{subset}|{host}"


INBOUND = f"inbound|{SERVICE_PORT}||"
