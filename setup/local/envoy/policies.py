"""The traffic policy in force for a service and a subset, out of all DestinationRules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ...documents import Document
from ...hosts import qualified, specificity, within
from ..topology import SERVICE_PORT

Policy = Mapping[str, Any]

_OF_A_PORT = ("connectionPool", "outlierDetection", "loadBalancer", "tls")


@dataclass(frozen=True, slots=True)
class Policies:
    """What the DestinationRules say about each service."""

    rules: tuple[Document, ...]

    def subsets(self, host: str) -> Mapping[str, Mapping[str, str]]:
        """The labels of every subset that is defined for the service."""
        return {name: subset.get("labels", {}) for name, subset in self._subsets(host).items()}

    def of(self, host: str, subset: str = "") -> Policy:
        """The service's policy, with what the subset has of its own in its place, group by group."""
        whole: Policy = next(
            (r.spec["trafficPolicy"] for r in self._rules(host) if "trafficPolicy" in r.spec), {}
        )
        own: Policy = self._subsets(host).get(subset, {}).get("trafficPolicy", {})
        return _overlaid(_overlaid({}, whole), own)

    def hash_of(self, host: str, subset: str = "") -> Policy | None:
        """The consistent hash that picks a pod, if that is how pods are picked."""
        found: Policy | None = self.of(host, subset).get("loadBalancer", {}).get("consistentHash")
        return found

    def _subsets(self, host: str) -> Mapping[str, Mapping[str, Any]]:
        """Istio joins the rules of one host; of two subsets of one name the first counts."""
        found: dict[str, Mapping[str, Any]] = {}
        for rule in self._rules(host):
            for subset in rule.spec.get("subsets", ()):
                found.setdefault(subset["name"], subset)
        return found

    def _rules(self, host: str) -> tuple[Document, ...]:
        """The rules for the closest description of the host: a name goes before a wildcard."""
        matching = [rule for rule in self.rules if within(host, _host(rule))]
        closest = max((_host(rule) for rule in matching), key=specificity, default="")
        return tuple(rule for rule in matching if _host(rule) == closest)


def policies(documents: Iterable[Document]) -> Policies:
    return Policies(tuple(document for document in documents if document.kind == "DestinationRule"))


def _host(rule: Document) -> str:
    return qualified(rule.spec["host"], rule.namespace)


def _overlaid(below: Policy, above: Policy) -> Policy:
    """A port's settings stand in for the whole policy: what they leave out goes back to the default."""
    merged = {**below, **{group: value for group, value in above.items() if group != "portLevelSettings"}}
    for settings in above.get("portLevelSettings", ()):
        if settings["port"]["number"] == SERVICE_PORT:
            rest = {group: value for group, value in merged.items() if group not in _OF_A_PORT}
            return {**rest, **{group: value for group, value in settings.items() if group != "port"}}
    return merged
