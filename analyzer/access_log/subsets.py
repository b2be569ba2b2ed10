"""Which version a subset selects, by the DestinationRules in force; a subset's name is free text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import bounded
from ..records import Version
from .errors import LogError
from .pods import VERSION_LABELS, Pods, first

Subsets = Mapping[tuple[str, str], Version]
"""(host, subset) to version."""


def subsets(documents: str, pods: Pods | None = None) -> Subsets:
    """Of YAML documents of any kind, or a List of them; short hosts are completed as Istio does.

    The version is the subset's own version label; where it selects by other labels, the version that all pods
    with these labels have.
    """
    from .. import objects  # YAML takes a while to load, which logs without rules need not wait for

    try:
        found = [one for one in objects.loaded(documents, bounded.SMALL) if isinstance(one, dict)]
        return {
            (host, subset): version
            for rule in _flat(found)
            if rule.get("kind") == "DestinationRule"
            for host, subset, version in _of_rule(rule, pods or Pods())
        }
    except objects.ObjectsError as error:
        raise LogError(f"the documents cannot be read: {error}", "give the YAML that was applied") from error
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise LogError("the documents are no DestinationRules", "give the YAML that was applied") from error


def _flat(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for document in documents for item in document.get("items") or [document]]


def _of_rule(rule: dict[str, Any], pods: Pods) -> Iterator[tuple[str, str, Version]]:
    namespace = rule["metadata"].get("namespace", "default")
    host = str(rule["spec"]["host"])
    if "." not in host:
        host = f"{host}.{namespace}.svc.cluster.local"
    for subset in rule["spec"].get("subsets") or []:
        labels = {str(name): str(value) for name, value in (subset.get("labels") or {}).items()}
        version = first(labels, reversed(VERSION_LABELS)) or _of_pods(labels, _namespace(host), pods)
        if version:
            yield host, str(subset["name"]), version


def _of_pods(labels: Mapping[str, str], namespace: str, pods: Pods) -> Version | None:
    versions = {
        pod.version
        for pod in pods
        if labels and pod.namespace == namespace and labels.items() <= pod.labels.items()
    }
    return versions.pop() if len(versions) == 1 else None


def _namespace(host: str) -> str:
    """Of ``reviews.default.svc.cluster.local``."""
    return host.split(".")[1]
