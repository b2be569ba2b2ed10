"""Whether proxies serve the routes that were applied, compared with what each Envoy says of itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.hosts import qualified

from ..checks import Services
from ..documents import Document
from ..local.envoy.messages import outbound
from ..mesh import MeshError

ADMIN_PORT = 15000
"""Every istio-proxy's Envoy answers here, on its pod's own loopback."""
ROUTES = "/config_dump?resource=dynamic_route_configs"

Shares = frozenset[tuple[str, float]]
"""The share of each cluster, by its name; those of zero are left out, as Istio leaves them out."""


def asked_for(document: Document, services: Services) -> set[Shares]:
    """The shares of every rule of a VirtualService that sends requests somewhere."""
    return {
        _shares({_cluster(one, document, services): _weight(one, rule) for one in rule["route"]})
        for rule in document.spec.get("http", ())
        if rule.get("route")
    }


def served(dump: bytes, document: Document) -> set[Shares]:
    """The shares of every route that an Envoy got from a VirtualService, out of its config dump.

    Raises MeshError for what is no config dump: whoever is in the pod may answer on that port.
    """
    try:
        return {
            _shares(_clusters(route["route"]))
            for route in _routes(json.loads(dump))
            if "route" in route and _origin(route).endswith(_suffix(document))
        }
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise MeshError(
            f"a proxy's config dump cannot be read: {error!r:.200}",
            "look at it: istioctl proxy-config routes POD",
        ) from error


def _suffix(document: Document) -> str:
    """How Istio names the VirtualService in a route's metadata, from 1.5 to today."""
    return f"/namespaces/{document.namespace}/virtual-service/{document.name}"


def _origin(route: Mapping[str, Any]) -> str:
    metadata = route.get("metadata", {}).get("filter_metadata", {}).get("istio", {})
    return str(metadata.get("config", ""))


def _routes(dump: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for config in dump.get("configs", ()):
        for host in config.get("route_config", {}).get("virtual_hosts", ()):
            yield from host.get("routes", ())


def _clusters(action: Mapping[str, Any]) -> dict[str, float]:
    if "weighted_clusters" in action:
        return {one["name"]: one.get("weight", 0) for one in action["weighted_clusters"]["clusters"]}
    return {str(action.get("cluster", "")): 1}


def _shares(weights: Mapping[str, float]) -> Shares:
    total = sum(weights.values()) or 1
    return frozenset((name, round(weight / total, 9)) for name, weight in weights.items() if weight)


def _weight(destination: Mapping[str, Any], rule: Mapping[str, Any]) -> float:
    """A lone destination gets all, whatever its weight; of several, one without a weight gets nothing."""
    return 1 if len(rule["route"]) == 1 else destination.get("weight", 0)


def _cluster(route: Mapping[str, Any], document: Document, services: Services) -> str:
    destination = route["destination"]
    host = qualified(destination["host"], document.namespace)
    port = destination.get("port", {}).get("number") or min(services.get(host, ()), default=0)
    return outbound(host, destination.get("subset", ""), port)
