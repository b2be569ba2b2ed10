"""Which version label a subset selects, by the DestinationRules in force; a subset's name is free text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from ..records import Version
from .errors import LogError

_LABELS = ("version", "app.kubernetes.io/version", "service.istio.io/canonical-revision")


def subsets(documents: str) -> Mapping[tuple[str, str], Version]:
    """(host, subset) to version, from YAML documents of any kind; short hosts are completed as Istio does."""
    try:
        found = [document for document in yaml.safe_load_all(documents) if isinstance(document, dict)]
        return {pair: version for document in _flat(found) for pair, version in _of_rule(document)}
    except (yaml.YAMLError, TypeError, AttributeError, KeyError) as error:
        raise LogError("the documents are no DestinationRules", "give the YAML that was applied") from error


def _flat(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for document in documents for item in document.get("items") or [document]]


def _of_rule(document: dict[str, Any]) -> list[tuple[tuple[str, str], Version]]:
    if document.get("kind") != "DestinationRule":
        return []
    host = str(document["spec"]["host"])
    if "." not in host:
        host = f"{host}.{document['metadata'].get('namespace', 'default')}.svc.cluster.local"
    return [
        (
            (host, str(subset["name"])),
            next(str(subset["labels"][label]) for label in _LABELS if label in subset["labels"]),
        )
        for subset in document["spec"].get("subsets") or []
        if any(label in (subset.get("labels") or {}) for label in _LABELS)
    ]
