"""Istio documents and objects of an API server as plain records; whatever is odd in them is left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import objects

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Object:
    """One document or object. ``status`` and ``metadata`` hold what was recorded of them."""

    kind: str
    namespace: str
    name: str
    spec: Json
    metadata: Json = field(default_factory=dict)
    status: Json = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.namespace, self.name

    @property
    def labels(self) -> Mapping[str, str]:
        return {str(name): str(value) for name, value in _mapping(self.metadata.get("labels")).items()}

    @property
    def title(self) -> str:
        """As kubectl names it, for a sentence."""
        return f"{self.kind} {self.name}"

    @property
    def command(self) -> str:
        """How to open it for a change."""
        return f"kubectl -n {self.namespace} edit {self.kind.lower()} {self.name}"


def read(text: str) -> tuple[Object, ...]:
    """The documents of a run, as YAML; a text that is none holds none."""
    try:
        found = list(objects.loaded(text)) if text else []
    except objects.ObjectsError:
        return ()
    return tuple(of(item for one in found if isinstance(one, Mapping) for item in _items(one)))


def _items(one: Json) -> list[Any]:
    items = one.get("items")
    return items if isinstance(items, list) else [one]


def of(plain: Iterable[Any]) -> Iterator[Object]:
    """Those of plain objects that have a kind and a name."""
    for one in plain:
        metadata = _mapping(_mapping(one).get("metadata"))
        if isinstance(one, Mapping) and one.get("kind") and metadata.get("name"):
            yield Object(
                str(one["kind"]),
                str(metadata.get("namespace") or "default"),
                str(metadata["name"]),
                _mapping(one.get("spec")),
                metadata,
                _mapping(one.get("status")),
            )


def _mapping(value: Any) -> Json:
    return value if isinstance(value, Mapping) else {}
