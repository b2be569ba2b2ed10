"""Documents and a topology become the clusters and routes of every proxy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...documents import Document
from ..topology import Topology
from .clusters import inbound_cluster, outbound_clusters
from .messages import Json
from .policies import policies
from .refusals import refuse
from .virtual_hosts import ingress_routes, outbound_routes


@dataclass(frozen=True, slots=True)
class ProxyConfig:
    """What changes in a running proxy: its clusters, and its one route configuration."""

    clusters: tuple[Json, ...]
    routes: Json


def translate(documents: Sequence[Document], topology: Topology) -> Mapping[str, ProxyConfig]:
    """The configuration of every proxy by its pod's name.

    Raises DocumentError for what the local mesh cannot honour. What is possible but wrong (a subset that
    nobody defined, a host that is no service) is translated as Istio does it: see ``checks``.
    """
    refuse(documents, topology.gateway.pod.labels)
    rules = policies(documents)
    shared = outbound_clusters(rules, topology)
    gateway = ProxyConfig(tuple(shared), ingress_routes(documents, rules, topology.gateway))
    configs = {topology.gateway.pod.name: gateway}
    for sidecar in topology.sidecars:
        clusters = (*shared, inbound_cluster(sidecar.app_ip))
        configs[sidecar.pod.name] = ProxyConfig(clusters, outbound_routes(documents, rules, sidecar))
    return configs
