"""What a traffic policy makes of a cluster: load balancing, limits on connections, ejection of bad pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...schema.values import seconds
from .messages import Json, duration, typed
from .policies import Policy

_UNLIMITED = 2**32 - 1
_BALANCERS = {"ROUND_ROBIN": "ROUND_ROBIN", "RANDOM": "RANDOM"}


def cluster_fields(policy: Policy) -> Json:
    """The fields of an Envoy cluster that the policy decides; Istio's defaults where it says nothing."""
    return {
        **_load_balancing(policy.get("loadBalancer", {})),
        **_connection_pool(policy.get("connectionPool", {})),
        **_outlier_detection(policy.get("outlierDetection")),
    }


def _load_balancing(balancer: Mapping[str, Any]) -> Json:
    """Least request is Istio's default since 1.14."""
    consistent = balancer.get("consistentHash")
    if consistent is None:
        return {"lb_policy": _BALANCERS.get(balancer.get("simple", ""), "LEAST_REQUEST")}
    if "maglev" in consistent:
        size = consistent["maglev"].get("tableSize", 0)
        return {"lb_policy": "MAGLEV", **({"maglev_lb_config": {"table_size": size}} if size else {})}
    size = consistent.get("ringHash", {"minimumRingSize": 1024}).get("minimumRingSize", 0)
    return {
        "lb_policy": "RING_HASH",
        **({"ring_hash_lb_config": {"minimum_ring_size": size}} if size else {}),
    }


def _connection_pool(pool: Mapping[str, Any]) -> Json:
    """Zero means unset, as in Istio: the limit is then Istio's own, which is none."""
    tcp, http = pool.get("tcp", {}), pool.get("http", {})
    limits = {
        "max_connections": tcp.get("maxConnections") or _UNLIMITED,
        "max_pending_requests": http.get("http1MaxPendingRequests") or _UNLIMITED,
        "max_requests": http.get("http2MaxRequests") or _UNLIMITED,
        "max_retries": http.get("maxRetries") or _UNLIMITED,
        "track_remaining": True,
    }
    return {
        "connect_timeout": duration(tcp.get("connectTimeout", "10s")),
        "circuit_breakers": {"thresholds": [limits]},
        **_keepalive(tcp.get("tcpKeepalive")),
        **_connection_life(tcp, http),
    }


def _keepalive(keepalive: Mapping[str, Any] | None) -> Json:
    if keepalive is None:
        return {}
    fields = {"keepalive_probes": keepalive["probes"]} if keepalive.get("probes") else {}
    for ours, theirs in (("time", "keepalive_time"), ("interval", "keepalive_interval")):
        if ours in keepalive:
            fields[theirs] = int(seconds(keepalive[ours]) or 0)
    return {"upstream_connection_options": {"tcp_keepalive": fields}}


def _connection_life(tcp: Mapping[str, Any], http: Mapping[str, Any]) -> Json:
    common: Json = {}
    idle = http.get("idleTimeout", tcp.get("idleTimeout"))
    if idle is not None:
        common["idle_timeout"] = duration(idle)
    if http.get("maxRequestsPerConnection"):
        common["max_requests_per_connection"] = http["maxRequestsPerConnection"]
    if "maxConnectionDuration" in tcp:
        common["max_connection_duration"] = duration(tcp["maxConnectionDuration"])
    if not common:
        return {}
    options = typed(
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        common_http_protocol_options=common,
        explicit_http_config={"http_protocol_options": {}},
    )
    return {
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options
        }
    }


def _outlier_detection(outlier: Mapping[str, Any] | None) -> Json:
    """Consecutive errors alone eject: Envoy's own judgement by success rate is off, as Istio has it."""
    if outlier is None:
        return {}
    fields: Json = {"enforcing_success_rate": 0}
    for ours, theirs in (
        ("consecutive5xxErrors", "consecutive_5xx"),
        ("consecutiveGatewayErrors", "consecutive_gateway_failure"),
    ):
        if ours in outlier:
            fields[theirs] = outlier[ours]
            fields[f"enforcing_{theirs}"] = 100 if outlier[ours] else 0
    for ours, theirs in (("interval", "interval"), ("baseEjectionTime", "base_ejection_time")):
        if ours in outlier:
            fields[theirs] = duration(outlier[ours])
    if outlier.get("maxEjectionPercent"):
        fields["max_ejection_percent"] = outlier["maxEjectionPercent"]
    return {
        "outlier_detection": {**fields, **_local_origin(outlier)},
        "common_lb_config": {"healthy_panic_threshold": {"value": outlier.get("minHealthPercent", 0)}},
    }


def _local_origin(outlier: Mapping[str, Any]) -> Json:
    """Failures to reach a pod, counted apart from the answers it gives."""
    if not outlier.get("splitExternalLocalOriginErrors"):
        return {}
    fields: Json = {"split_external_local_origin_errors": True, "enforcing_local_origin_success_rate": 0}
    if outlier.get("consecutiveLocalOriginFailures"):
        fields["consecutive_local_origin_failure"] = outlier["consecutiveLocalOriginFailures"]
        fields["enforcing_consecutive_local_origin_failure"] = 100
    return fields
