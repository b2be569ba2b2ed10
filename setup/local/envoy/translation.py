"""Documents and a topology become the clusters and routes of every proxy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...documents import Document
from ..topology import SERVICE_PORT, VERSIONS, Topology, fqdn
from .clusters import outbound_clusters
from .messages import Json
from .policies import Policies
from .refusals import refuse
from .virtual_hosts import ingress_routes, outbound_routes

SERVICES = {fqdn(app): frozenset({SERVICE_PORT}) for app in VERSIONS}
"""What ``checks`` asks for: the services of the local mesh, each with its one port."""


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """What changes in a running proxy: its clusters, and its one route configuration."""

    clusters: tuple[Json, ...]
    routes: Json


def translate(documents: Sequence[Document], topology: Topology) -> Mapping[str, ProxyConfig]:
    """The configuration of every proxy by its pod's name.

    Raises DocumentError for what the local mesh cannot honour. What is possible but wrong (a subset that
    nobody defined, a host that is no service) is translated as Istio does it: see ``setup.checks``.
    """
    refuse(documents, topology.gateway.pod.labels)
    policies = Policies(documents)
    clusters = tuple(outbound_clusters(policies, topology))
    gateway = topology.gateway
    routes = {gateway.pod.name: ingress_routes(documents, policies, gateway)}
    for sidecar in topology.sidecars:
        routes[sidecar.pod.name] = outbound_routes(documents, policies, sidecar)
    return {pod: ProxyConfig(clusters, configuration) for pod, configuration in routes.items()}
