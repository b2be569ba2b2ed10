"""What an Envoy of the local mesh is started with; its routes and clusters come from two other files."""

from __future__ import annotations

from pathlib import Path

from ...mesh import Pod
from ..topology import DOMAIN, Topology
from . import listeners
from .access_log_format import LogFormat, access_log
from .clusters import inbound_cluster
from .discovery import CLUSTERS_FILE, ROUTES_FILE
from .messages import Json

_RUNTIME = {
    "re2.max_program_size.error_level": 32768,
    "overload.global_downstream_max_connections": 2147483647,
}
"""Istio's own: Envoy alone would refuse every regular expression of more than a few words."""


def bootstrap(
    pod: Pod,
    topology: Topology,
    *,
    admin_socket: Path,
    folder: Path,
    log: Path,
    log_format: LogFormat = LogFormat.TEXT,
) -> Json:
    """The configuration of one pod's proxy. ``folder`` holds the files of ``discovery.files``.

    The admin interface is a Unix socket: other users of the machine cannot reach it.
    """
    return {
        "node": _node(pod, "router" if pod == topology.gateway.pod else "sidecar"),
        "admin": {"address": {"pipe": {"path": str(admin_socket), "mode": 0o600}}},
        "dynamic_resources": {"cds_config": _from_file(folder / CLUSTERS_FILE)},
        "cluster_manager": {"upstream_bind_config": {"source_address": {"address": pod.ip, "port_value": 0}}},
        "layered_runtime": {"layers": [{"name": "global config", "static_layer": _RUNTIME}]},
        "static_resources": _static(pod, topology, access_log(log, log_format), str(folder / ROUTES_FILE)),
    }


def _node(pod: Pod, role: str) -> Json:
    """As Istio writes it: sidecar~10.1.2.3~reviews-v1-….default~default.svc.cluster.local."""
    app = pod.labels["app"]
    return {
        "id": f"{role}~{pod.ip}~{pod.name}.{pod.namespace}~{pod.namespace}.{DOMAIN}",
        "cluster": f"{app}.{pod.namespace}",
    }


def _static(pod: Pod, topology: Topology, log: Json, routes_file: str) -> Json:
    """What a document cannot change: where the proxy listens, and the application behind a sidecar."""
    sidecar = next((sidecar for sidecar in topology.sidecars if sidecar.pod == pod), None)
    if sidecar is None:
        return {"listeners": [listeners.ingress(topology.gateway, log, routes_file)]}
    return {
        "listeners": [listeners.inbound(sidecar, log), listeners.outbound(sidecar, log, routes_file)],
        "clusters": [inbound_cluster(sidecar.app_ip)],
    }


def _from_file(file: Path) -> Json:
    return {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
