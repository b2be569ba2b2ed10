"""What an Envoy is started with, and the files that it reads again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analyzer.records import Weights
from setup.local.envoy import discovery
from setup.local.envoy.access_log_format import JSON, TEXT, LogFormat, access_log
from setup.local.envoy.bootstrap import bootstrap
from setup.local.envoy.metrics import counters
from setup.local.envoy.tracing import Tracing, refuse_bad
from setup.local.envoy.translation import translate
from setup.local.topology import topology
from setup.mesh import MeshSettingError
from setup.routes import split

MESH = topology(7, 8080)
GATEWAY, PRODUCTPAGE = MESH.gateway.pod, MESH.sidecars[-1].pod
FOLDER = Path("/run/mesh")


def started(pod: Any, log_format: LogFormat = LogFormat.TEXT) -> dict[str, Any]:
    paths = {"admin_socket": FOLDER / "admin.sock", "folder": FOLDER / "xds", "log": FOLDER / "access.log"}
    return bootstrap(pod, MESH, **paths, log_format=log_format)


def listening(pod: Any, log_format: LogFormat = LogFormat.TEXT) -> list[dict[str, Any]]:
    """The listeners for the mesh's own traffic; the last one shows the metrics."""
    *own, door = started(pod, log_format)["static_resources"]["listeners"]
    assert door["name"] == "metrics"
    return own


def manager(listener: dict[str, Any]) -> dict[str, Any]:
    (chain,) = listener["filter_chains"]
    (network_filter,) = chain["filters"]
    config: dict[str, Any] = network_filter["typed_config"]
    return config


def test_a_gateway_listens_where_people_look() -> None:
    (listener,) = listening(GATEWAY)
    assert listener["address"] == {"socket_address": {"address": "127.0.0.1", "port_value": 8080}}
    assert listener["enable_reuse_port"] is False
    assert manager(listener) == {
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
        ".HttpConnectionManager",
        "stat_prefix": "ingress",
        "access_log": [access_log(FOLDER / "access.log", LogFormat.TEXT), counters("source")],
        "http_filters": [
            {
                "name": f"envoy.filters.http.{name}",
                "typed_config": {
                    "@type": f"type.googleapis.com/envoy.extensions.filters.http.{name}.v3.{message}"
                },
            }
            for name, message in (("fault", "HTTPFault"), ("cors", "Cors"), ("router", "Router"))
        ],
        "normalize_path": True,
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "use_remote_address": True,
        "server_name": "istio-envoy",
        "rds": {
            "route_config_name": "http.8080",
            "config_source": {
                "path_config_source": {"path": "/run/mesh/xds/routes.json"},
                "resource_api_version": "V3",
                "initial_fetch_timeout": "0s",
            },
        },
    }


def test_a_sidecar_listens_for_its_callers_and_for_its_application() -> None:
    listeners = listening(PRODUCTPAGE)
    addresses = [one["address"]["socket_address"] for one in listeners]
    assert addresses == [
        {"address": "127.1.7.15", "port_value": 9080},
        {"address": "127.1.7.15", "port_value": 15001},
    ]
    assert [one["enable_reuse_port"] for one in listeners] == [False, False]
    assert [one["traffic_direction"] for one in listeners] == ["INBOUND", "OUTBOUND"]
    assert [manager(one)["use_remote_address"] for one in listeners] == [False, False]
    assert manager(listeners[1])["rds"]["route_config_name"] == "9080"


def test_what_comes_in_goes_to_the_application_by_the_default_route() -> None:
    inbound, _ = listening(PRODUCTPAGE)
    (host,) = manager(inbound)["route_config"]["virtual_hosts"]
    (route,) = host["routes"]
    assert (route["name"], route["match"], route["route"]["cluster"]) == (
        "default",
        {"prefix": "/"},
        "inbound|9080||",
    )
    clusters = started(PRODUCTPAGE)["static_resources"]["clusters"]
    assert [cluster["name"] for cluster in clusters] == ["inbound|9080||", "prometheus_stats"]


def test_a_proxy_speaks_from_its_pods_address() -> None:
    """So the log of the called pod names the caller."""
    config = started(PRODUCTPAGE)
    assert config["cluster_manager"] == {
        "upstream_bind_config": {"source_address": {"address": "127.1.7.15", "port_value": 0}}
    }
    assert config["node"] == {
        "id": f"sidecar~127.1.7.15~{PRODUCTPAGE.name}.default~default.svc.cluster.local",
        "cluster": "productpage.default",
    }


def test_regular_expressions_may_be_as_large_as_istio_lets_them() -> None:
    (layer,) = started(GATEWAY)["layered_runtime"]["layers"]
    assert layer["static_layer"]["re2.max_program_size.error_level"] == 32768


def test_only_the_owner_reaches_the_admin_interface() -> None:
    admin = {"address": {"pipe": {"path": "/run/mesh/admin.sock", "mode": 0o600}}}
    assert started(GATEWAY)["admin"] == admin


def test_nothing_listens_beyond_loopback() -> None:
    addresses = [
        listener["address"]["socket_address"]["address"]
        for pod in MESH.pods
        for listener in started(pod)["static_resources"]["listeners"]
    ]
    assert [address for address in addresses if not address.startswith("127.")] == []


def test_the_log_line_is_istios() -> None:
    """Twenty-four fields, as Istio's releases from 1.23 on write them, one line each."""
    assert TEXT == (
        '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% '
        '%RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% '
        '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" %BYTES_RECEIVED% %BYTES_SENT% %DURATION% '
        '%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" '
        '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" %UPSTREAM_CLUSTER_RAW% '
        "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
        "%REQUESTED_SERVER_NAME% %ROUTE_NAME%\n"
    )  # fmt: skip
    assert len(JSON) == 24
    assert sorted(JSON.values()) == sorted(
        part.strip('[]"') for part in TEXT.replace("]", "] ").split() if part.strip('[]"')
    )


def test_the_log_may_be_json() -> None:
    (listener,) = listening(GATEWAY, LogFormat.JSON)
    (log, _) = manager(listener)["access_log"]
    assert log["typed_config"]["log_format"] == {"json_format": JSON}


def test_clusters_are_written_before_the_routes_that_need_them() -> None:
    config = translate(split(Weights.parse("v2=90,v3=10")), MESH)[PRODUCTPAGE.name]
    files = discovery.files(config)
    assert list(files) == ["clusters.json", "routes.json"]
    routes = json.loads(files["routes.json"])
    assert routes["resources"] == [
        {"@type": "type.googleapis.com/envoy.config.route.v3.RouteConfiguration", **config.routes}
    ]
    assert routes["version_info"] == discovery.version(files["routes.json"])


def test_equal_content_has_an_equal_version() -> None:
    """Envoy shows the version that it serves: another one must mean other content."""

    def version(weights: str) -> str:
        config = translate(split(Weights.parse(weights)), MESH)[PRODUCTPAGE.name]
        return discovery.version(discovery.files(config)["routes.json"])

    assert version("v2=90,v3=10") == version("v2=90,v3=10")
    assert version("v2=90,v3=10") != version("v2=89,v3=11")


@pytest.mark.parametrize(
    ("pod", "stat"),
    [(GATEWAY, "http.ingress.rds.http.8080"), (PRODUCTPAGE, "http.outbound_0.0.0.0_9080.rds.9080")],
)
def test_the_place_where_envoy_says_what_it_serves(pod: Any, stat: str) -> None:
    assert discovery.routes_stat(pod, MESH) == stat


def test_the_metrics_are_shown_at_istios_port_of_the_pods_own_address() -> None:
    *_, door = started(PRODUCTPAGE)["static_resources"]["listeners"]
    assert door["address"] == {"socket_address": {"address": "127.1.7.15", "port_value": 15090}}


def test_every_listener_counts_as_caller_or_as_called() -> None:
    logs = [manager(listener)["access_log"][1] for listener in listening(PRODUCTPAGE)]
    assert logs == [counters("destination"), counters("source")]


def test_spans_go_out_only_where_a_zipkin_is_named() -> None:
    assert not any("tracing" in manager(listener) for listener in listening(PRODUCTPAGE))
    paths = {"admin_socket": FOLDER / "admin.sock", "folder": FOLDER / "xds", "log": FOLDER / "access.log"}
    traced = bootstrap(PRODUCTPAGE, MESH, **paths, tracing=Tracing("http://127.0.0.1:9411/z", 1.0))
    inbound, outbound, _ = traced["static_resources"]["listeners"]
    assert manager(inbound)["tracing"] == manager(outbound)["tracing"]
    provider = manager(inbound)["tracing"]["provider"]["typed_config"]
    assert (provider["collector_endpoint"], provider["collector_hostname"]) == (
        "/z/api/v2/spans",
        "127.0.0.1:9411",
    )
    assert manager(inbound)["tracing"]["random_sampling"] == {"value": 1.0}
    assert traced["static_resources"]["clusters"][-1]["name"] == "zipkin"


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9411", "https://zipkin", "http://", "http://z:x", "http://u:p@z", "http://z?a=b"]
)
def test_what_is_no_place_for_spans_is_refused(url: str) -> None:
    with pytest.raises(MeshSettingError, match="no place for spans"):
        refuse_bad(url)
