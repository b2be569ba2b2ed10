"""When a route applies: an HTTPMatchRequest of a VirtualService as Envoy's RouteMatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .messages import Json, string_match

ANYTHING: Json = {"prefix": "/"}

_PSEUDO_HEADERS = (("method", ":method"), ("authority", ":authority"), ("scheme", ":scheme"))


def route_match(match: Mapping[str, Any] | None) -> Json:
    """What the request must look like; a rule without a match takes everything."""
    if match is None:
        return dict(ANYTHING)
    headers = [
        *(_header(name, value) for name, value in match.get("headers", {}).items()),
        *(_without(name, value) for name, value in match.get("withoutHeaders", {}).items()),
    ]
    headers.sort(key=lambda header: str(header["name"]))
    headers += [_header(name, match[field]) for field, name in _PSEUDO_HEADERS if field in match]
    queries = [{"name": name, **_present_or(value)} for name, value in match.get("queryParams", {}).items()]
    return {
        **_path(match.get("uri", {})),
        "case_sensitive": not match.get("ignoreUriCase", False),
        **({"headers": headers} if headers else {}),
        **({"query_parameters": queries} if queries else {}),
    }


def is_catch_all(match: Mapping[str, Any]) -> bool:
    """Whether no later route can ever be reached."""
    everything = match.get("prefix") == "/" or match.get("safe_regex") == {"regex": ".*"}
    return everything and not match.get("headers") and not match.get("query_parameters")


def _path(uri: Mapping[str, str]) -> Json:
    if "exact" in uri:
        return {"path": uri["exact"]}
    if "regex" in uri:
        return {"safe_regex": {"regex": uri["regex"]}}
    return {"prefix": uri.get("prefix", "/")}


def _header(name: str, match: Mapping[str, str]) -> Json:
    return {"name": name, **_present_or(match)}


def _without(name: str, match: Mapping[str, str]) -> Json:
    """A header that is missing counts as empty, so that it too is without the value (Istio 1.20)."""
    header = {**_header(name, match), "invert_match": True}
    return header if "present_match" in header else {**header, "treat_missing_header_as_empty": True}


def _present_or(match: Mapping[str, str]) -> Json:
    """No value, and the regex ``*``, ask only that it is there."""
    if not match or match.get("regex") == "*":
        return {"present_match": True}
    return {"string_match": string_match(match)}
