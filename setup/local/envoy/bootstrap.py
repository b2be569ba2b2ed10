"""What an Envoy of the local mesh is started with; its routes and clusters come from two other files."""

from __future__ import annotations

from pathlib import Path

from ...mesh import Pod
from ..topology import DOMAIN, Topology
from . import listeners, metrics
from .access_log_format import LogFormat, access_log
from .clusters import inbound_cluster
from .discovery import CLUSTERS_FILE, ROUTES_FILE
from .messages import Json
from .tracing import Tracing

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
    tracing: Tracing | None = None,
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
        "static_resources": {
            "listeners": [
                *_listeners(pod, topology, access_log(log, log_format), str(folder / ROUTES_FILE), tracing),
                metrics.door(pod, topology),
            ],
            "clusters": [
                *_application(pod, topology),
                metrics.admin_cluster(admin_socket),
                *([tracing.cluster()] if tracing else []),
            ],
        },
    }


def _node(pod: Pod, role: str) -> Json:
    """As Istio writes it: sidecar~10.1.2.3~reviews-v1-….default~default.svc.cluster.local."""
    app = pod.labels["app"]
    return {
        "id": f"{role}~{pod.ip}~{pod.name}.{pod.namespace}~{pod.namespace}.{DOMAIN}",
        "cluster": f"{app}.{pod.namespace}",
    }


def _listeners(
    pod: Pod, topology: Topology, log: Json, routes_file: str, tracing: Tracing | None
) -> list[Json]:
    """What a document cannot change: where the proxy listens."""
    as_caller, as_called = ([log, metrics.counters(reporter)] for reporter in ("source", "destination"))
    traced = tracing.manager(pod) if tracing else {}
    if pod == topology.gateway.pod:
        return [listeners.ingress(topology.gateway, as_caller, routes_file, **traced)]
    (sidecar,) = topology.sidecars_of(pod)
    return [
        listeners.inbound(sidecar, as_called, **traced),
        listeners.outbound(sidecar, as_caller, routes_file, **traced),
    ]


def _application(pod: Pod, topology: Topology) -> list[Json]:
    """The application behind a sidecar."""
    return [inbound_cluster(sidecar.app_ip) for sidecar in topology.sidecars_of(pod)]


def _from_file(file: Path) -> Json:
    return {"path_config_source": {"path": str(file)}, "resource_api_version": "V3"}
