"""Documents that the local mesh cannot honour are refused by path and reason, never ignored in silence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...documents import Document
from ...schema.shapes import Fault, below
from ..topology import NAMESPACE
from .refused_fields import BY_KIND


def refuse(documents: Sequence[Document], gateway_labels: Mapping[str, str]) -> None:
    """Raises DocumentError for the first thing that cannot be honoured."""
    for document in documents:
        for fault in refused(document, gateway_labels):
            raise document.error(fault)


def refused(document: Document, gateway_labels: Mapping[str, str]) -> Iterator[Fault]:
    """Everything in a document that cannot be honoured."""
    for refusal in BY_KIND[document.kind]:
        for path, value in _found(document.spec, refusal.path.split(".")[1:], "spec"):
            if refusal.when(value):
                yield Fault(path, refusal.reason, refusal.hint)
    if document.kind == "DestinationRule" and document.namespace != NAMESPACE:
        yield Fault(
            "metadata.namespace", "neither the callers nor the services live there", f"write {NAMESPACE}"
        )
    selector: Mapping[str, str] = document.spec.get("selector", {}) if document.kind == "Gateway" else {}
    if not selector.items() <= gateway_labels.items():
        labels = ", ".join(f"{name}: {value}" for name, value in gateway_labels.items())
        yield Fault(
            "spec.selector",
            f"it selects no gateway; the labels here are {labels}",
            "write istio: ingressgateway",
        )


def _found(value: Any, steps: Sequence[str], path: str) -> Iterator[tuple[str, Any]]:
    """Every place that the pattern names and that is there, with its value."""
    if not steps:
        yield path, value
        return
    name = steps[0].removesuffix("[]")
    if name not in value:
        return
    there = below(path, name)
    if not steps[0].endswith("[]"):
        yield from _found(value[name], steps[1:], there)
        return
    for index, item in enumerate(value[name]):
        yield from _found(item, steps[1:], f"{there}[{index}]")
