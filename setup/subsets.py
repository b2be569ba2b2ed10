"""What the DestinationRules say of a service: the rules in force for it, and its subsets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.hosts import qualified, specificity, within

from .documents import Document


def rules_for(host: str, documents: Iterable[Document]) -> tuple[Document, ...]:
    """The DestinationRules with the closest description of the host: a name goes before a wildcard."""
    matching = [
        document
        for document in documents
        if document.kind == "DestinationRule" and within(host, _host(document))
    ]
    closest = max((_host(rule) for rule in matching), key=specificity, default="")
    return tuple(rule for rule in matching if _host(rule) == closest)


def subsets(host: str, documents: Iterable[Document]) -> Mapping[str, Mapping[str, Any]]:
    """Each subset by its name. Istio joins the rules of one host; of two of one name the first counts."""
    found: dict[str, Mapping[str, Any]] = {}
    for rule in rules_for(host, documents):
        for subset in rule.spec.get("subsets", ()):
            found.setdefault(subset["name"], subset)
    return found


def _host(rule: Document) -> str:
    return qualified(rule.spec["host"], rule.namespace)
