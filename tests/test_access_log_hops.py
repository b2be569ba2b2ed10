"""From whom to whom a line tells of, and which version answered, best witness first."""

from __future__ import annotations

import pytest
from access_log_lines import CALL, call

from analyzer.access_log.exact import exact
from analyzer.access_log.hops import Hop, Reporter, Sources, Witness, hops
from analyzer.access_log.keys import Key, key, key_of_connection
from analyzer.access_log.pods import Pod, Pods
from analyzer.access_log.readings import Connection
from analyzer.records import UNKNOWN, LogEntry

REVIEWS = "reviews.default.svc.cluster.local"
PRODUCTPAGE = "productpage.default.svc.cluster.local"
PODS = Pods(
    [
        Pod(
            "productpage-v1-6b746f74dc-9rlmh",
            labels={"app": "productpage", "version": "v1"},
            ips=("172.16.158.7",),
        ),
        Pod("reviews-v2-5f7d4c9d8b-abcde", labels={"app": "reviews", "version": "v2"}, ips=("10.0.0.2",)),
        Pod("reviews-v3-84779c7bbc-9drws", labels={"app": "reviews", "version": "v3"}, ips=("172.16.184.6",)),
        Pod("reviews-old-5f7d4c9d8b-zzzzz", labels={"app": "reviews"}, ips=("10.0.0.9",)),
    ]
)
KNOWN = Sources(PODS, {(REVIEWS, "canary"): "v3"})
NO_PODS = Sources(Pods(), {})
ARRIVED = call(
    upstream_cluster="inbound|9080||",
    upstream_host="172.16.184.6:9080",
    upstream_local_address="127.0.0.6:48621",
    downstream_local_address="172.16.184.6:9080",
    downstream_remote_address="172.16.158.7:55410",
    requested_server_name=f"outbound_.9080_.v3_.{REVIEWS}",
)
"""The same call as the called pod's proxy logs it, with mTLS."""


def hop(
    entry: LogEntry, sources: Sources = KNOWN, source: str = "-", beside: tuple[LogEntry, ...] = ()
) -> Hop:
    """What one line tells of, when the others stand in the same log."""
    return hops([key(one, source) for one in (entry, *beside)], sources)[0]


def version(entry: LogEntry, sources: Sources = KNOWN, source: str = "-") -> tuple[str, Witness]:
    found = hop(entry, sources, source)
    return found.version, found.witness


def test_a_call_and_its_arrival_tell_of_the_same_hop() -> None:
    sent = Hop(Reporter.SOURCE, PRODUCTPAGE, REVIEWS, "v3", Witness.SUBSET, "2xx", "", tcp=False)
    arrived = Hop(Reporter.DESTINATION, PRODUCTPAGE, REVIEWS, "v3", Witness.SERVER_NAME, "2xx", "", tcp=False)
    assert hops([key(CALL, "a"), key(ARRIVED, "b")], KNOWN) == [sent, arrived]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"upstream_cluster": f"outbound|9080|v2|{REVIEWS}"}, ("v2", Witness.SUBSET)),
        ({"upstream_cluster": f"outbound|9080|v2|{REVIEWS};"}, ("v2", Witness.SUBSET)),
        ({"upstream_cluster": f"outbound|9080|canary|{REVIEWS}"}, ("v3", Witness.SUBSET)),
        ({"upstream_cluster": "outbound|9080||reviews-v2.default.svc.cluster.local"}, ("v2", Witness.HOST)),
        ({"upstream_cluster": f"outbound|9080||{REVIEWS}"}, ("v3", Witness.POD)),
        (
            {"upstream_cluster": f"outbound|9080||{REVIEWS}", "upstream_host": "10.9.9.9:1"},
            (UNKNOWN, Witness.NOTHING),
        ),
        (
            {"upstream_cluster": f"outbound|9080||{REVIEWS}", "upstream_host": None},
            (UNKNOWN, Witness.NOTHING),
        ),
        (
            {"upstream_cluster": f"outbound|9080||{REVIEWS}", "upstream_host": "10.0.0.9:9080"},
            (UNKNOWN, Witness.NOTHING),
        ),
        ({"upstream_cluster": None, "upstream_host": None}, (UNKNOWN, Witness.NOTHING)),
        ({"upstream_cluster": f"inbound-vip|9080|http/v2|{REVIEWS}"}, ("v2", Witness.SUBSET)),
        (
            {
                "upstream_cluster": f"inbound-vip|9080|http|{REVIEWS}",
                "upstream_host": "envoy://connect_originate/10.0.0.2:9080",
            },
            ("v2", Witness.POD),
        ),
    ],
)
def test_the_best_witness_of_a_sent_call_names_the_version(
    fields: dict[str, object], found: tuple[str, Witness]
) -> None:
    assert version(call(**fields)) == found


def test_the_best_witness_of_an_arrived_call_names_the_version() -> None:
    plain = {"requested_server_name": f"outbound_.9080_._.{REVIEWS}"}
    entry = call(**{**_fields(ARRIVED), **plain})
    assert version(ARRIVED, NO_PODS) == ("v3", Witness.SERVER_NAME)
    assert version(entry) == ("v3", Witness.POD)
    assert version(entry, NO_PODS, "reviews-v3-84779c7bbc-9drws") == ("v3", Witness.WRITER)
    elsewhere = {"downstream_local_address": "10.9.9.9:9080", "upstream_host": "10.9.9.9:9080"}
    moved = call(**{**_fields(entry), **elsewhere})
    assert version(moved, KNOWN, "reviews-v2-5f7d4c9d8b-abcde") == ("v2", Witness.WRITER)
    assert version(moved) == (UNKNOWN, Witness.NOTHING)


def _fields(entry: LogEntry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in LogEntry.__slots__}


def test_an_address_is_known_by_what_other_lines_say_of_it() -> None:
    unlabelled = call(upstream_cluster=f"outbound|9080||{REVIEWS}", upstream_host="10.0.0.7:9080")
    named = call(upstream_cluster=f"outbound|9080|v2|{REVIEWS}", upstream_host="10.0.0.7:9080")
    found = hop(unlabelled, NO_PODS, beside=(named,))
    assert (found.version, found.witness) == ("v2", Witness.PEER)
    arrived = call(
        **{**_fields(ARRIVED), "downstream_local_address": "10.0.0.7:9080", "requested_server_name": None}
    )
    written = hops([key(unlabelled, "-"), key(arrived, "reviews-v2-5f7d4c9d8b-abcde")], NO_PODS)[0]
    assert (written.version, written.witness) == ("v2", Witness.PEER), (
        "by the pod that logs the calls it gets there"
    )
    other = call(upstream_cluster=f"outbound|9080|v3|{REVIEWS}", upstream_host="10.0.0.7:9080")
    assert hop(unlabelled, NO_PODS, beside=(named, other)).version == UNKNOWN


def test_a_caller_is_known_by_its_pod_by_what_is_called_there_or_by_its_name() -> None:
    called = call(upstream_cluster=f"outbound|9080||{PRODUCTPAGE}", upstream_host="172.16.158.7:9080")
    assert hop(CALL).caller == PRODUCTPAGE
    assert hop(CALL, NO_PODS).caller == UNKNOWN
    assert hop(CALL, NO_PODS, beside=(called,)).caller == PRODUCTPAGE
    assert hop(CALL, NO_PODS, source="productpage-v1-6b746f74dc-9rlmh").caller == "productpage-v1"
    assert hop(ARRIVED, NO_PODS, beside=(called,)).caller == PRODUCTPAGE


def test_a_client_behind_x_forwarded_for_is_not_taken_for_a_pod() -> None:
    assert hop(call(**{**_fields(ARRIVED), "downstream_remote_address": "172.16.158.7:0"})).caller == UNKNOWN


@pytest.mark.parametrize(
    ("cluster", "destination"),
    [
        ("PassthroughCluster", "passthrough"),
        ("BlackHoleCluster;", "black hole"),
        ("xds-grpc", "xds-grpc"),
        (None, UNKNOWN),
        ("outbound|443||edition.cnn.com", "edition.cnn.com"),
        ("outbound|9080||reviews-v2.default.svc.cluster.local", REVIEWS),
    ],
)
def test_a_destination_that_is_no_service_still_has_a_name(cluster: str | None, destination: str) -> None:
    assert hop(call(upstream_cluster=cluster, upstream_host=None)).destination == destination


def test_an_answer_is_told_by_its_class_and_flags() -> None:
    timeout = hop(call(response_code=504, response_flags="UT"))
    assert (timeout.response_class, timeout.flags) == ("5xx", "UT")
    left = hop(call(response_code=0, response_flags="DC"))
    assert (left.response_class, left.flags) == ("none", "DC")
    connection = hop(call(method=None, path=None, protocol=None, response_code=0, response_code_details=None))
    assert (connection.response_class, connection.flags, connection.tcp) == ("none", "", True)


def test_a_waypoint_reports_for_itself() -> None:
    entry = call(
        upstream_cluster=f"inbound-vip|9080|http|{REVIEWS}",
        upstream_host="envoy://connect_originate/172.16.184.6:9080",
        upstream_local_address="envoy://internal_client_address/",
        downstream_remote_address="172.16.158.7:55410",
    )
    assert hop(entry) == Hop(Reporter.WAYPOINT, PRODUCTPAGE, REVIEWS, "v3", Witness.POD, "2xx", "", tcp=False)


def ztunnel(direction: str, error: str = "") -> Key:
    line = (
        "2025-10-06T14:40:57.663450Z\tinfo\taccess\tconnection complete\tsrc.addr=172.16.158.7:48986 "
        'src.workload="productpage-v1-6b746f74dc-9rlmh" src.namespace="default" dst.addr=172.16.184.6:15008 '
        f'dst.hbone_addr=172.16.184.6:9080 dst.service="{REVIEWS}" '
        'dst.workload="reviews-v3-84779c7bbc-9drws" '
        f'direction="{direction}" bytes_sent=99 bytes_recv=174 duration="20ms"{error}'
    )
    reading = exact(line.encode())
    assert isinstance(reading, Connection)
    return key_of_connection(reading, "ztunnel")


def test_ztunnel_tells_of_connections_by_the_pods_it_names() -> None:
    sent, arrived = hops([ztunnel("outbound"), ztunnel("inbound", ' error="x"')], NO_PODS)
    assert sent == Hop(Reporter.ZTUNNEL, "productpage-v1", REVIEWS, "v3", Witness.POD, "none", "", tcp=True)
    assert arrived == Hop(
        Reporter.ZTUNNEL_INBOUND, "productpage-v1", REVIEWS, "v3", Witness.POD, "none", "error", tcp=True
    )
    assert hops([ztunnel("outbound")], KNOWN)[0].caller == PRODUCTPAGE
