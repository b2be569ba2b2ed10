"""What a route does to headers: set, add, remove, on the request and on the response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .messages import Json


def header_changes(headers: Mapping[str, Any]) -> Json:
    """The fields that an Envoy route and a weighted cluster share; pseudo headers cannot be changed so."""
    fields: Json = {}
    for side in ("request", "response"):
        changes = headers.get(side, {})
        added = [
            *_options(changes.get("set", {}), "OVERWRITE_IF_EXISTS_OR_ADD"),
            *_options(changes.get("add", {}), "APPEND_IF_EXISTS_OR_ADD"),
        ]
        removed = [name for name in changes.get("remove", ()) if not _is_pseudo(name)]
        if added:
            fields[f"{side}_headers_to_add"] = added
        if removed:
            fields[f"{side}_headers_to_remove"] = removed
    return fields


def joined(first: Json, second: Json) -> Json:
    """The changes of a route, and then those of its one destination."""
    return {field: first.get(field, []) + second.get(field, []) for field in {**first, **second}}


def new_authority(headers: Mapping[str, Any]) -> str:
    """Setting ``host`` means rewriting the authority; empty where it stays."""
    changes = headers.get("request", {})
    for operation in ("set", "add"):
        for name, value in changes.get(operation, {}).items():
            if name.lower() in ("host", ":authority"):
                return str(value)
    return ""


def _options(headers: Mapping[str, str], action: str) -> list[Json]:
    return [
        {"header": {"key": name, "value": headers[name]}, "append_action": action}
        for name in sorted(headers)
        if not _is_pseudo(name)
    ]


def _is_pseudo(name: str) -> bool:
    return name.startswith(":") or name.lower() == "host"
