"""The clusters of a proxy: every service, every subset of it, and the pod's own application."""

from __future__ import annotations

from collections.abc import Iterable

from ...mesh import Pod
from ..topology import SERVICE_PORT, VERSIONS, Topology, fqdn
from .messages import INBOUND, Json, address, outbound
from .policies import Policies, Policy
from .traffic_policy import cluster_fields


def outbound_clusters(policies: Policies, topology: Topology) -> list[Json]:
    """A cluster per service and per subset, in Istio's names; the pods stand in them as endpoints."""
    clusters: list[Json] = []
    for app in VERSIONS:
        host = fqdn(app)
        clusters.append(_cluster(outbound(host), topology.endpoints(app, {}), policies.of(host)))
        for subset, labels in policies.subsets(host).items():
            pods = topology.endpoints(app, labels)
            clusters.append(_cluster(outbound(host, subset), pods, policies.of(host, subset)))
    return clusters


def inbound_cluster(app_ip: str) -> Json:
    """The application behind its sidecar, called from 127.0.0.6 as Istio's sidecars do since 1.10."""
    return {
        **_cluster(INBOUND, (), {}),
        "load_assignment": _endpoints(INBOUND, (app_ip,)),
        "upstream_bind_config": {"source_address": {"address": "127.0.0.6", "port_value": 0}},
    }


def _cluster(name: str, pods: Iterable[Pod], policy: Policy) -> Json:
    # alt_stat_name (the name and a semicolon, since Istio 1.23) belongs here once metrics are read.
    return {
        "name": name,
        "type": "STATIC",
        "load_assignment": _endpoints(name, (pod.ip for pod in pods)),
        **cluster_fields(policy),
    }


def _endpoints(name: str, ips: Iterable[str]) -> Json:
    endpoints = [{"endpoint": {"address": address(ip, SERVICE_PORT)}} for ip in ips]
    return {"cluster_name": name, "endpoints": [{"lb_endpoints": endpoints}] if endpoints else []}
