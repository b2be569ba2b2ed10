"""The listeners of a gateway and of a sidecar, with Istio's settings for the traffic through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..topology import SERVICE_PORT, Gateway, Sidecar
from . import filters
from .messages import INBOUND, NO_TIMEOUT, Json, address, typed
from .virtual_hosts import INGRESS_ROUTES, OUTBOUND_ROUTES

ROUTER = filters.CHAIN[-1]
"""What sends a request on, when every other filter is done."""

INGRESS_STATS = "ingress"
OUTBOUND_STATS = f"outbound_0.0.0.0_{SERVICE_PORT}"
INBOUND_STATS = f"inbound_0.0.0.0_{SERVICE_PORT}"


def ingress(gateway: Gateway, access_logs: Sequence[Json], routes_file: str, **traced: Any) -> Json:
    """Where people come in: the peer's address is believed, and a request id made for each request."""
    manager = _manager(
        INGRESS_STATS,
        access_logs,
        rds=_from_file(INGRESS_ROUTES, routes_file),
        use_remote_address=True,
        server_name="istio-envoy",
        **traced,
    )
    return listener("ingress", gateway.host, gateway.port, "OUTBOUND", manager)


def outbound(sidecar: Sidecar, access_logs: Sequence[Json], routes_file: str, **traced: Any) -> Json:
    """Where the pod's application sends its calls; here the weights decide."""
    manager = _manager(OUTBOUND_STATS, access_logs, rds=_from_file(OUTBOUND_ROUTES, routes_file), **traced)
    return listener("virtualOutbound", *sidecar.outbound, "OUTBOUND", manager)


def inbound(sidecar: Sidecar, access_logs: Sequence[Json], **traced: Any) -> Json:
    """Where the callers' proxies reach the pod; its routes never change."""
    route = {
        "name": "default",
        "match": {"prefix": "/"},
        "route": {
            "cluster": INBOUND,
            "timeout": NO_TIMEOUT,
            "max_stream_duration": {"max_stream_duration": NO_TIMEOUT, "grpc_timeout_header_max": NO_TIMEOUT},
            "retry_policy": {"retry_on": "reset-before-request", "num_retries": 2},
        },
    }
    host = {"name": f"inbound|http|{SERVICE_PORT}", "domains": ["*"], "routes": [route]}
    configuration = {"name": INBOUND, "virtual_hosts": [host], "validate_clusters": False}
    manager = _manager(
        INBOUND_STATS, access_logs, route_config=configuration, server_name="istio-envoy", **traced
    )
    return listener("virtualInbound", sidecar.pod.ip, SERVICE_PORT, "INBOUND", manager)


def _manager(stats: str, access_logs: Sequence[Json], **more: Any) -> Json:
    """Limits stay Envoy's own, so headers may be 60 KiB; idle streams live on, as in Istio."""
    return typed(
        "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix=stats,
        access_log=list(access_logs),
        http_filters=filters.CHAIN,
        normalize_path=True,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        stream_idle_timeout=NO_TIMEOUT,
        upgrade_configs=[{"upgrade_type": "websocket"}],
        **{"use_remote_address": False, **more},
    )


def _from_file(name: str, file: str) -> Json:
    """Read again whenever another file is renamed to this one; writing into it is never noticed."""
    source = {
        "path_config_source": {"path": file},
        "resource_api_version": "V3",
        "initial_fetch_timeout": "0s",
    }
    return {"route_config_name": name, "config_source": source}


def listener(name: str, ip: str, port: int, direction: str, manager: Json) -> Json:
    """Not reusing the port makes a second Envoy fail to start instead of taking half the traffic."""
    network_filter = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    return {
        "name": name,
        "address": address(ip, port),
        "enable_reuse_port": False,
        "traffic_direction": direction,
        "filter_chains": [{"filters": [network_filter]}],
    }
