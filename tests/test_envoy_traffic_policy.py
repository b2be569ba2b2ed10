"""What a DestinationRule makes of a cluster."""

from __future__ import annotations

from typing import Any

import pytest

from setup.documents import Document
from setup.local.envoy.clusters import inbound_cluster, outbound_clusters
from setup.local.envoy.policies import Policies
from setup.local.envoy.routes import Viewpoint, default_route, routes
from setup.local.envoy.traffic_policy import cluster_fields
from setup.local.topology import topology

MESH = topology(7, 8080)
REVIEWS = "reviews.default.svc.cluster.local"
NO_LIMIT = 4294967295
LIMITS = {
    "max_connections": NO_LIMIT,
    "max_pending_requests": NO_LIMIT,
    "max_requests": NO_LIMIT,
    "max_retries": NO_LIMIT,
    "track_remaining": True,
}
DEFAULT = {
    "lb_policy": "LEAST_REQUEST",
    "connect_timeout": "10s",
    "circuit_breakers": {"thresholds": [LIMITS]},
}


def rule(host: str = "reviews", name: str = "reviews", **spec: Any) -> Document:
    return Document("DestinationRule", "default", name, {"host": host, **spec}, "test")


def test_without_a_policy_istios_defaults_hold() -> None:
    assert cluster_fields({}) == DEFAULT


@pytest.mark.parametrize(
    ("balancer", "expected"),
    [
        ({"simple": "ROUND_ROBIN"}, {"lb_policy": "ROUND_ROBIN"}),
        ({"simple": "RANDOM"}, {"lb_policy": "RANDOM"}),
        ({"simple": "LEAST_CONN"}, {"lb_policy": "LEAST_REQUEST"}),
        ({"simple": "UNSPECIFIED"}, {"lb_policy": "LEAST_REQUEST"}),
        (
            {"consistentHash": {"useSourceIp": True}},
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 1024}},
        ),
        ({"consistentHash": {"useSourceIp": True, "ringHash": {}}}, {"lb_policy": "RING_HASH"}),
        (
            {"consistentHash": {"useSourceIp": True, "ringHash": {"minimumRingSize": 64}}},
            {"lb_policy": "RING_HASH", "ring_hash_lb_config": {"minimum_ring_size": 64}},
        ),
        ({"consistentHash": {"useSourceIp": True, "maglev": {}}}, {"lb_policy": "MAGLEV"}),
        (
            {"consistentHash": {"useSourceIp": True, "maglev": {"tableSize": 101}}},
            {"lb_policy": "MAGLEV", "maglev_lb_config": {"table_size": 101}},
        ),
    ],
)
def test_a_load_balancer_picks_the_pod(balancer: dict[str, Any], expected: dict[str, Any]) -> None:
    assert cluster_fields({"loadBalancer": balancer}) == {**DEFAULT, **expected}


def test_a_connection_pool_limits_and_times() -> None:
    pool = {
        "tcp": {
            "maxConnections": 1,
            "connectTimeout": "30ms",
            "maxConnectionDuration": "1h",
            "idleTimeout": "9s",
            "tcpKeepalive": {"probes": 3, "time": "2m", "interval": "75s"},
        },
        "http": {
            "http1MaxPendingRequests": 2,
            "http2MaxRequests": 3,
            "maxRequestsPerConnection": 4,
            "maxRetries": 5,
            "idleTimeout": "6s",
        },
    }
    assert cluster_fields({"connectionPool": pool}) == {
        **DEFAULT,
        "connect_timeout": "0.03s",
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": 1,
                    "max_pending_requests": 2,
                    "max_requests": 3,
                    "max_retries": 5,
                    "track_remaining": True,
                }
            ]
        },
        "upstream_connection_options": {
            "tcp_keepalive": {"keepalive_probes": 3, "keepalive_time": 120, "keepalive_interval": 75}
        },
        "typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "common_http_protocol_options": {
                    "idle_timeout": "6s",
                    "max_requests_per_connection": 4,
                    "max_connection_duration": "3600s",
                },
                "explicit_http_config": {"http_protocol_options": {}},
            }
        },
    }


def test_a_limit_of_zero_is_no_limit() -> None:
    """Istio cannot tell zero from unset."""
    pool = {
        "tcp": {"maxConnections": 0},
        "http": {"http1MaxPendingRequests": 0, "maxRequestsPerConnection": 0},
    }
    assert cluster_fields({"connectionPool": pool}) == DEFAULT


def test_outlier_detection_ejects_on_errors_in_a_row_alone() -> None:
    outlier = {
        "consecutive5xxErrors": 3,
        "consecutiveGatewayErrors": 0,
        "interval": "1s",
        "baseEjectionTime": "3m",
        "maxEjectionPercent": 100,
    }
    assert cluster_fields({"outlierDetection": outlier}) == {
        **DEFAULT,
        "outlier_detection": {
            "enforcing_success_rate": 0,
            "consecutive_5xx": 3,
            "enforcing_consecutive_5xx": 100,
            "consecutive_gateway_failure": 0,
            "enforcing_consecutive_gateway_failure": 0,
            "interval": "1s",
            "base_ejection_time": "180s",
            "max_ejection_percent": 100,
        },
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
    }


def test_failures_to_connect_may_be_counted_apart() -> None:
    outlier = {
        "splitExternalLocalOriginErrors": True,
        "consecutiveLocalOriginFailures": 2,
        "minHealthPercent": 40,
    }
    assert cluster_fields({"outlierDetection": outlier}) == {
        **DEFAULT,
        "outlier_detection": {
            "enforcing_success_rate": 0,
            "split_external_local_origin_errors": True,
            "enforcing_local_origin_success_rate": 0,
            "consecutive_local_origin_failure": 2,
            "enforcing_consecutive_local_origin_failure": 100,
        },
        "common_lb_config": {"healthy_panic_threshold": {"value": 40}},
    }


def test_a_subset_replaces_groups_of_its_service() -> None:
    outlier = {"consecutive5xxErrors": 1}
    own = {"loadBalancer": {"simple": "RANDOM"}}
    policies = Policies(
        [
            rule(
                trafficPolicy={"loadBalancer": {"simple": "ROUND_ROBIN"}, "outlierDetection": outlier},
                subsets=[{"name": "v1", "trafficPolicy": own}, {"name": "v2"}],
            )
        ]
    )
    assert policies.of(REVIEWS, "v1") == {"loadBalancer": {"simple": "RANDOM"}, "outlierDetection": outlier}
    assert policies.of(REVIEWS, "v2") == policies.of(REVIEWS)


def test_the_settings_of_the_port_replace_the_whole_policy() -> None:
    """What they leave out goes back to Istio's default."""
    policy = {
        "loadBalancer": {"simple": "RANDOM"},
        "outlierDetection": {"consecutive5xxErrors": 1},
        "portLevelSettings": [{"port": {"number": 9080}, "loadBalancer": {"simple": "ROUND_ROBIN"}}],
    }
    assert Policies([rule(trafficPolicy=policy)]).of(REVIEWS) == {"loadBalancer": {"simple": "ROUND_ROBIN"}}


def test_a_name_goes_before_a_wildcard() -> None:
    wide = rule("*.svc.cluster.local", "wide", trafficPolicy={"loadBalancer": {"simple": "RANDOM"}})
    policies = Policies([wide, rule(subsets=[{"name": "v1"}])])
    assert (policies.of(REVIEWS), policies.of("details.default.svc.cluster.local")) == (
        {},
        {"loadBalancer": {"simple": "RANDOM"}},
    )


def test_rules_of_one_host_are_joined() -> None:
    """The first policy holds, and the first of two subsets of one name (Istio)."""
    random, robin = ({"loadBalancer": {"simple": simple}} for simple in ("RANDOM", "ROUND_ROBIN"))
    one = rule(trafficPolicy=random, subsets=[{"name": "v1", "labels": {"version": "v1"}}])
    two = rule(
        name="two",
        trafficPolicy=robin,
        subsets=[{"name": "v1", "labels": {"version": "v9"}}, {"name": "v2", "labels": {"version": "v2"}}],
    )
    policies = Policies([one, two])
    assert (policies.of(REVIEWS), policies.subsets(REVIEWS)) == (
        random,
        {"v1": {"version": "v1"}, "v2": {"version": "v2"}},
    )


@pytest.mark.parametrize(
    ("hashed", "expected"),
    [
        ({"httpHeaderName": "end-user"}, {"header": {"header_name": "end-user"}}),
        ({"httpQueryParameterName": "user"}, {"query_parameter": {"name": "user"}}),
        ({"useSourceIp": True}, {"connection_properties": {"source_ip": True}}),
        (
            {"httpCookie": {"name": "user", "path": "/", "ttl": "0s"}},
            {"cookie": {"name": "user", "path": "/", "ttl": "0s"}},
        ),
        ({"httpCookie": {"name": "user"}}, {"cookie": {"name": "user"}}),
    ],
)
def test_a_consistent_hash_reaches_the_routes_too(hashed: dict[str, Any], expected: dict[str, Any]) -> None:
    """The cluster says how, the route says of what; the pod is chosen within the version that was drawn."""
    policies = Policies([rule(trafficPolicy={"loadBalancer": {"consistentHash": hashed}})])
    viewpoint = Viewpoint(MESH.sidecars[-1].pod, "mesh", 9080, 9080)
    document = Document(
        "VirtualService",
        "default",
        "r",
        {"http": [{"route": [{"destination": {"host": "reviews"}}]}]},
        "test",
    )
    (found,) = routes(document, viewpoint, policies)
    assert found["route"]["hash_policy"] == [expected]
    assert default_route(REVIEWS, policies)["route"]["hash_policy"] == [expected]


def test_a_cluster_has_its_pods_as_endpoints() -> None:
    clusters = outbound_clusters(
        Policies([rule(subsets=[{"name": "v2", "labels": {"version": "v2"}}])]), MESH
    )
    (v2,) = [cluster for cluster in clusters if "|v2|" in cluster["name"]]
    address = {"socket_address": {"address": "127.1.7.13", "port_value": 9080}}
    assert v2 == {
        "name": f"outbound|9080|v2|{REVIEWS}",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": f"outbound|9080|v2|{REVIEWS}",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}],
        },
        **DEFAULT,
    }


def test_an_application_is_called_from_the_address_that_istio_uses() -> None:
    cluster = inbound_cluster("127.2.7.13")
    assert cluster["upstream_bind_config"] == {"source_address": {"address": "127.0.0.6", "port_value": 0}}
    (locality,) = cluster["load_assignment"]["endpoints"]
    assert (cluster["name"], locality["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]) == (
        "inbound|9080||",
        {"address": "127.2.7.13", "port_value": 9080},
    )
