"""Which rule of a VirtualService takes a request: Istio follows the first whose matches say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import re2

from .objects import Json, Object

MESH = "mesh"


@dataclass(frozen=True, slots=True)
class Asked:
    """A call as the caller's sidecar sees it; the caller is named by its labels and namespace."""

    path: str
    headers: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str = "default"
    port: int = 9080
    method: str = "GET"


def first(virtual_service: Object, asked: Asked) -> int | None:
    """The place of the rule that takes the request; None where none does."""
    for index, rule in enumerate(rules(virtual_service)):
        matches = rule.get("match") or []
        if not matches or any(_matches(match, asked) for match in matches):
            return index
    return None


def rules(virtual_service: Object) -> Sequence[Json]:
    found = virtual_service.spec.get("http") or []
    return [rule for rule in found if isinstance(rule, Mapping)]


def _matches(match: Json, asked: Asked) -> bool:
    """Everything that a match names must hold; what cannot be known here is taken not to hold."""
    known: Mapping[str, Callable[[Any], bool]] = {
        "name": lambda _: True,
        "uri": lambda one: _says(one, asked.path, fold=bool(match.get("ignoreUriCase"))),
        "ignoreUriCase": lambda _: True,
        "method": lambda one: _says(one, asked.method),
        "scheme": lambda one: _says(one, "http"),
        "port": lambda one: one == asked.port,
        "headers": lambda one: all(_header(name, value, asked) for name, value in one.items()),
        "withoutHeaders": lambda one: not any(_header(name, value, asked) for name, value in one.items()),
        "sourceLabels": lambda one: one.items() <= asked.labels.items(),
        "sourceNamespace": lambda one: one == asked.namespace,
        "gateways": lambda one: MESH in one,
    }
    return all(key in known and known[key](value) for key, value in match.items())


def _header(name: str, wanted: Any, asked: Asked) -> bool:
    value = asked.headers.get(name.lower())
    return value is not None and (not wanted or _says(wanted, value))


def _says(wanted: Any, value: str, *, fold: bool = False) -> bool:
    """A StringMatch: exact, prefix or regex."""
    if not isinstance(wanted, Mapping):
        return False
    ((how, text),) = list(wanted.items())[:1] or [("", "")]
    if fold:
        text, value = str(text).lower(), value.lower()
    if how == "regex":
        try:
            return re2.fullmatch(str(text), value) is not None
        except re2.error:
            return False
    return value == text if how == "exact" else how == "prefix" and value.startswith(str(text))
