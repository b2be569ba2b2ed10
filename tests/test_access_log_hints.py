"""Why calls went where they went, said only where the lines prove it."""

from __future__ import annotations

from io import BytesIO

from access_log_lines import call, line

from analyzer.access_log.digest import Digest
from analyzer.access_log.hops import Sources
from analyzer.access_log.pods import Pod, Pods
from analyzer.access_log.survey import survey
from analyzer.records import LogEntry

REVIEWS = "reviews.default.svc.cluster.local"
PODS = Pods([Pod(f"reviews-{v}-x", labels={"version": v}, ips=(f"10.0.0.{v[1]}",)) for v in ("v1", "v2")])


def ruled(version: str, **fields: object) -> LogEntry:
    """Sent by a VirtualService's route to a subset."""
    return call(**{"upstream_cluster": f"outbound|9080|{version}|{REVIEWS}", "route_name": None, **fields})


def unruled(version: str, **fields: object) -> LogEntry:
    """Sent by no rule, to whichever pod came next."""
    host = f"10.0.0.{version[1]}:9080"
    return call(**{"upstream_cluster": f"outbound|9080||{REVIEWS}", "upstream_host": host, **fields})


def hints(*logs: list[LogEntry]) -> list[str]:
    digest = Digest()
    for number, entries in enumerate(logs):
        list(digest.read(BytesIO(b"\n".join(map(line, entries))), f"{number}.log"))
    return [hint for split in survey(digest, Sources(PODS, {})).splits for hint in split.hints]


def test_calls_by_a_rule_need_no_hint() -> None:
    assert hints([ruled("v1"), ruled("v2"), ruled("v2", response_code=503, response_flags="UF,URX")]) == []


def test_versions_that_no_rule_chose_share_by_pods() -> None:
    assert hints([unruled("v1"), unruled("v2")]) == [
        "no VirtualService applied to these calls (route `default`): pods share them, not weights"
    ]
    assert hints([unruled("v1"), unruled("v1")]) == [], "of one version nothing is to be chosen"


def test_a_proxy_on_which_the_rule_is_not_in_force_is_named() -> None:
    assert hints([ruled("v1"), ruled("v2")], [unruled("v2")]) == [
        "no VirtualService applied to 1 of 3 calls (route `default`), logged by 1.log"
    ]


def test_a_named_rule_without_subsets_is_a_rule() -> None:
    assert hints([unruled("v1", route_name="default.reviews.0"), unruled("v2", route_name=None)]) == []


def test_connections_are_weighed_per_connection() -> None:
    tcp = {"method": None, "path": None, "protocol": None, "response_code": 0, "route_name": None}
    assert hints([ruled("v1", **tcp), ruled("v2", **tcp)]) == [
        "Istio took these connections for TCP: weights choose a version per connection, not per request"
    ]


def test_a_missing_subset_and_one_without_pods_are_told_apart() -> None:
    gone = call(upstream_cluster=None, upstream_host=None, response_code=503, response_flags="NC")
    empty = ruled("v3", upstream_host=None, response_code=503, response_flags="UH")
    assert hints([gone, empty, empty]) == [
        "2 calls found no healthy pod in subset v3 (UH): its share fails, no other version takes it",
        "1 calls found no cluster (NC): their route names a subset or a service that is not defined",
    ]


def test_injected_faults_are_told() -> None:
    aborted = ruled("v1", response_code=500, response_flags="FI", upstream_host=None)
    assert hints([aborted, ruled("v1", response_flags="DI"), ruled("v1", response_flags="DI")]) == [
        "fault injection is on: it delayed 2 and aborted 1 calls"
    ]


def test_the_called_side_proves_nothing_about_routes() -> None:
    arrived = {"upstream_cluster": "inbound|9080||", "route_name": "default"}
    servers = [{"requested_server_name": f"outbound_.9080_.{v}_.{REVIEWS}"} for v in ("v1", "v2")]
    assert hints([call(**arrived, **server) for server in servers]) == []
