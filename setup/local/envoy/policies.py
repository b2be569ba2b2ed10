"""The traffic policy in force for a service and a subset, out of all DestinationRules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...documents import Document
from ...subsets import rules_for, subsets
from ..topology import SERVICE_PORT

Policy = Mapping[str, Any]

_OF_A_PORT = ("connectionPool", "outlierDetection", "loadBalancer", "tls")


@dataclass(frozen=True, slots=True)
class Policies:
    """What the documents say about each service."""

    documents: Sequence[Document]

    def subsets(self, host: str) -> Mapping[str, Mapping[str, str]]:
        """The labels of every subset that is defined for the service."""
        return {name: subset.get("labels", {}) for name, subset in subsets(host, self.documents).items()}

    def of(self, host: str, subset: str = "") -> Policy:
        """The service's policy, with what the subset has of its own in its place, group by group."""
        rules = rules_for(host, self.documents)
        whole: Policy = next(
            (rule.spec["trafficPolicy"] for rule in rules if "trafficPolicy" in rule.spec), {}
        )
        own: Policy = subsets(host, rules).get(subset, {}).get("trafficPolicy", {})
        return _overlaid(_overlaid({}, whole), own)

    def hash_of(self, host: str, subset: str = "") -> Policy | None:
        """The consistent hash that picks a pod, if that is how pods are picked."""
        found: Policy | None = self.of(host, subset).get("loadBalancer", {}).get("consistentHash")
        return found


def _overlaid(below: Policy, above: Policy) -> Policy:
    """A port's settings stand in for the whole policy: what they leave out goes back to the default."""
    merged = {**below, **{group: value for group, value in above.items() if group != "portLevelSettings"}}
    for settings in above.get("portLevelSettings", ()):
        if settings["port"]["number"] == SERVICE_PORT:
            rest = {group: value for group, value in merged.items() if group not in _OF_A_PORT}
            return {**rest, **{group: value for group, value in settings.items() if group != "port"}}
    return merged
