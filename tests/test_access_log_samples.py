"""One line of every format that Istio has written, and what it says."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from access_log_lines import Format, line, without_details

from analyzer.access_log.exact import exact
from analyzer.access_log.readings import Connection, Malformed, Other, Reason
from analyzer.records import LogEntry

SHARED = Path(__file__).parents[2] / "shared" / "data" / "access-log-samples.json"

CALL = LogEntry(
    start=1664806012.217,
    method="GET",
    path="/reviews/7",
    protocol="HTTP/1.1",
    response_code=200,
    response_flags=None,
    response_code_details="via_upstream",
    connection_termination_details=None,
    upstream_transport_failure_reason=None,
    bytes_received=0,
    bytes_sent=438,
    duration=14,
    upstream_service_time=13,
    x_forwarded_for=None,
    user_agent="python-requests/2.18.4",
    request_id="5b9d1f0a-6c8e-4a53-9d2b-0d7c1e44a9f1",
    authority="reviews:9080",
    upstream_host="10.42.1.17:9080",
    upstream_cluster="outbound|9080|v2|reviews.shop.svc.cluster.local",
    upstream_local_address="10.42.1.9:43512",
    downstream_local_address="10.43.77.5:9080",
    downstream_remote_address="10.42.1.9:39046",
    requested_server_name=None,
    route_name="canary",
)

TEXT = {
    "F1, Istio 1.3 to 1.7": (
        b'[2022-10-03T14:06:52.217Z] "GET /reviews/7 HTTP/1.1" 200 - "-" "-" 0 438 14 13 "-" "python-requests/2.18.4" '
        b'"5b9d1f0a-6c8e-4a53-9d2b-0d7c1e44a9f1" "reviews:9080" "10.42.1.17:9080" '
        b"outbound|9080|v2|reviews.shop.svc.cluster.local 10.42.1.9:43512 10.43.77.5:9080 10.42.1.9:39046 - canary",
        without_details(CALL),
    ),
    "F2, Istio 1.8": (
        b'[2022-10-03T14:06:52.217Z] "GET /reviews/7 HTTP/1.1" 200 - "-" 0 438 14 13 "-" "python-requests/2.18.4" '
        b'"5b9d1f0a-6c8e-4a53-9d2b-0d7c1e44a9f1" "reviews:9080" "10.42.1.17:9080" '
        b"outbound|9080|v2|reviews.shop.svc.cluster.local 10.42.1.9:43512 10.43.77.5:9080 10.42.1.9:39046 - canary",
        without_details(CALL),
    ),
    "F3 and F4, Istio 1.9 and later": (
        b'[2022-10-03T14:06:52.217Z] "GET /reviews/7 HTTP/1.1" 200 - via_upstream - "-" 0 438 14 13 "-" '
        b'"python-requests/2.18.4" "5b9d1f0a-6c8e-4a53-9d2b-0d7c1e44a9f1" "reviews:9080" "10.42.1.17:9080" '
        b"outbound|9080|v2|reviews.shop.svc.cluster.local 10.42.1.9:43512 10.43.77.5:9080 10.42.1.9:39046 - canary",
        CALL,
    ),
    "JSON, typed, since 1.11": (
        b'{"authority":"reviews:9080","bytes_received":0,"bytes_sent":438,"connection_termination_details":null,'
        b'"downstream_local_address":"10.43.77.5:9080","downstream_remote_address":"10.42.1.9:39046","duration":14,'
        b'"method":"GET","path":"/reviews/7","protocol":"HTTP/1.1",'
        b'"request_id":"5b9d1f0a-6c8e-4a53-9d2b-0d7c1e44a9f1","requested_server_name":null,"response_code":200,'
        b'"response_code_details":"via_upstream","response_flags":"-","route_name":"canary",'
        b'"start_time":"2022-10-03T14:06:52.217Z",'
        b'"upstream_cluster":"outbound|9080|v2|reviews.shop.svc.cluster.local","upstream_host":"10.42.1.17:9080",'
        b'"upstream_local_address":"10.42.1.9:43512","upstream_service_time":"13",'
        b'"upstream_transport_failure_reason":null,"user_agent":"python-requests/2.18.4","x_forwarded_for":null}',
        CALL,
    ),
    "JSON of 1.8: numbers as text, no details": (
        b'{"upstream_host":"10.42.1.17:9080","route_name":"canary","x_forwarded_for":"-","method":"GET",'
        b'"response_code":"200","path":"/reviews/7","bytes_sent":"438","bytes_received":"0","duration":"14",'
        b'"upstream_service_time":"13","protocol":"HTTP/1.1","response_flags":"-",'
        b'"start_time":"2022-10-03T14:06:52.217Z","requested_server_name":"-",'
        b'"upstream_cluster":"outbound|9080|v2|reviews.shop.svc.cluster.local",'
        b'"upstream_local_address":"10.42.1.9:43512","upstream_transport_failure_reason":"-",'
        b'"downstream_remote_address":"10.42.1.9:39046","downstream_local_address":"10.43.77.5:9080",'
        b'"authority":"reviews:9080","request_id":"5b9d1f0a-6c8e-4a53-9d2b-0d7c1e44a9f1",'
        b'"user_agent":"python-requests/2.18.4"}',
        without_details(CALL),
    ),
    "JSON of 1.4 to 1.7: the mixer's status besides": (
        b'{"istio_policy_status":"-","upstream_host":"10.42.1.17:9080","route_name":"canary","x_forwarded_for":"-",'
        b'"method":"GET","response_code":"200","path":"/reviews/7","bytes_sent":"438","bytes_received":"0",'
        b'"duration":"14","upstream_service_time":"13","protocol":"HTTP/1.1","response_flags":"-",'
        b'"start_time":"2022-10-03T14:06:52.217Z","requested_server_name":"-",'
        b'"upstream_cluster":"outbound|9080|v2|reviews.shop.svc.cluster.local",'
        b'"upstream_local_address":"10.42.1.9:43512","upstream_transport_failure_reason":"-",'
        b'"downstream_remote_address":"10.42.1.9:39046","downstream_local_address":"10.43.77.5:9080",'
        b'"authority":"reviews:9080","request_id":"5b9d1f0a-6c8e-4a53-9d2b-0d7c1e44a9f1",'
        b'"user_agent":"python-requests/2.18.4"}',
        without_details(CALL),
    ),
}


@pytest.mark.parametrize("name", TEXT)
def test_the_same_call_is_read_from_every_release(name: str) -> None:
    text, entry = TEXT[name]
    assert exact(text) == entry


def test_a_waypoints_line_tells_the_version_it_chose() -> None:
    reading = exact(
        b'[2025-04-11T09:12:31.004Z] "GET /reviews/7 HTTP/1.1" 200 - via_upstream - "-" 0 438 3 2 "-" "curl/8.7.1" '
        b'"0f6f3c5e-98f7-4b1d-8d1c-6d0b5b0d9a77" "reviews:9080" "envoy://connect_originate/10.42.2.31:9080" '
        b"inbound-vip|9080|http/v2|reviews.shop.svc.cluster.local; envoy://internal_client_address/ 10.43.77.5:9080 "
        b"10.42.1.9:53112 - default"
    )
    assert isinstance(reading, LogEntry)
    assert reading.upstream_cluster == "inbound-vip|9080|http/v2|reviews.shop.svc.cluster.local;"
    assert reading.upstream_host == "envoy://connect_originate/10.42.2.31:9080"
    assert reading.upstream_local_address == "envoy://internal_client_address/"


def test_a_connection_without_http_has_no_request() -> None:
    reading = exact(
        b'[2022-10-03T14:06:53.000Z] "- - -" 0 - - - "-" 113 2871 18 - "-" "-" "-" "-" "10.42.3.8:27017" '
        b"outbound|27017||mongo.shop.svc.cluster.local 10.42.1.21:55014 10.43.12.9:27017 10.42.1.21:55012 - -"
    )
    assert isinstance(reading, LogEntry)
    assert (reading.method, reading.path, reading.protocol, reading.request_id) == (None,) * 4
    assert (reading.response_code, reading.bytes_received, reading.bytes_sent) == (0, 113, 2871)
    assert (reading.duration, reading.route_name) == (18, None)


def test_a_request_that_was_no_http_is_an_access_line_without_method_and_path() -> None:
    reading = exact(
        b'[2026-02-01T00:00:09.120Z] "- - HTTP/1.1" 400 DPE http1.codec_error - "-" 0 11 0 - "-" "-" "-" "-" "-" - - '
        b"10.42.1.2:8080 203.0.113.9:40512 - -"
    )
    assert isinstance(reading, LogEntry)
    assert (reading.method, reading.path, reading.protocol) == (None, None, "HTTP/1.1")
    assert (reading.response_code, reading.response_flags, reading.upstream_cluster) == (400, "DPE", None)


_CONNECTION = Connection(
    start=1712850000.5,
    source_address="10.42.0.7:51202",
    source_workload="productpage-v1-7c4f8d9b5-x2x9p",
    destination_address="10.42.0.31:15008",
    service_address="10.43.77.5:9080",
    destination_service="reviews.shop.svc.cluster.local",
    destination_workload="reviews-v2-5d8f7c6b4-k8s2m",
    direction="outbound",
    bytes_sent=214,
    bytes_received=611,
    duration=21,
    error=None,
)


@pytest.mark.parametrize(
    "head", ["  INFO access: connection complete ", "\tinfo\taccess\tconnection complete\t"]
)
def test_ztunnels_connections_are_read_with_blanks_and_with_tabs(head: str) -> None:
    text = (
        f"2024-04-11T15:40:00.500000Z{head}"
        'src.addr=10.42.0.7:51202 src.workload="productpage-v1-7c4f8d9b5-x2x9p" src.namespace="shop" '
        'src.identity="spiffe://cluster.local/ns/shop/sa/productpage" dst.addr=10.42.0.31:15008 '
        'dst.hbone_addr=10.43.77.5:9080 dst.service="reviews.shop.svc.cluster.local" '
        'dst.workload="reviews-v2-5d8f7c6b4-k8s2m" dst.namespace="shop" direction="outbound" bytes_sent=214 '
        'bytes_recv=611 duration="21ms"'
    )
    assert exact(text.encode()) == _CONNECTION


@pytest.mark.parametrize(
    ("number", "value"),
    [("=214", "=" + "9" * 40), ("=214", "=-214"), ("21ms", "9" * 400 + "s"), ("21ms", "2.1.1ms")],
)
def test_ztunnels_numbers_that_cannot_be_are_malformed(number: str, value: str) -> None:
    text = (
        "2024-04-11T15:40:00.500000Z  INFO access: connection complete dst.addr=10.42.0.31:15008 "
        'direction="outbound" bytes_sent=214 bytes_recv=611 duration="21ms"'
    )
    assert isinstance(exact(text.encode()), Connection)
    assert exact(text.replace(number, value).encode()) == Malformed(Reason.SHAPE)


@pytest.mark.parametrize(
    "text",
    [
        b"2026-01-19T08:00:01.114523Z\tinfo\tEnvoy proxy is ready",
        b"[2026-01-19 08:00:01.114][17][warning][config] gRPC config stream to xds-grpc closed: 13",
        b'{"level":"info","time":"2026-01-19T08:00:01.114523Z","scope":"xdsproxy","msg":"connected"}',
    ],
)
def test_lines_of_the_agent_are_other(text: bytes) -> None:
    assert exact(text) == Other()


@pytest.mark.skipif(not SHARED.exists(), reason="the shared sample lines are not here")
def test_shared_samples_are_of_their_kind_with_their_fields() -> None:
    """What Envoy wrote is written again from what was read of it, to the byte, or compared member by member."""
    samples = {
        sample["id"]: (sample["format"], sample["line"].encode()) for sample in json.loads(SHARED.read_text())
    }
    assert len(samples) >= 30
    for name, (form, text) in samples.items():
        reading = exact(text)
        if form in _FORMS:
            assert isinstance(reading, LogEntry), name
            assert line(reading, _FORMS[form]) == text, name
        elif form == "json":
            assert isinstance(reading, LogEntry), name
            members = json.loads(text)
            fields = {
                key: None if value == "-" else value for key, value in members.items() if key != "start_time"
            }
            assert {key: value for key, value in asdict(reading).items() if key != "start"} == fields, name
        elif form == "ztunnel":
            assert isinstance(reading, Connection), name
            told = (
                reading.source_address,
                reading.service_address,
                reading.bytes_sent,
                reading.bytes_received,
            )
            assert told == _CONNECTIONS[name], name
        else:
            assert reading == Other(), name


_FORMS = {"1.6": Format.F1, "1.8": Format.F2, "1.9": Format.F3, "1.23": Format.F3}
_CONNECTIONS = {
    "z01": ("10.244.0.24:46238", "10.96.108.116:80", 67, 490),
    "z02": ("10.191.104.68:48986", "10.191.104.230:3476", 99, 174),
}
