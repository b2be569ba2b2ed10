"""Why calls went where they went, said only where the lines prove it."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from access_log_lines import call, line
from scipy.stats import chi2

from analyzer.access_log import homogeneity
from analyzer.access_log.digest import Digest
from analyzer.access_log.homogeneity import chance
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


def test_proxies_that_split_differently_are_named() -> None:
    one, other = [ruled("v1")] * 90 + [ruled("v2")] * 10, [ruled("v1")] * 50 + [ruled("v2")] * 50
    assert hints(one, other) == [
        "the proxies do not split these calls alike (by chance less than once in 10,000): "
        "v1 gets 50.0 % from 1.log, 90.0 % from 0.log"
    ]
    assert hints(one, [ruled("v1")] * 80 + [ruled("v2")] * 20) == [], "as chance has it once in twenty"
    assert hints(one, [ruled("v2")] * 30) == [], "too few calls to tell"


def test_proxies_of_the_same_weights_are_blamed_as_rarely_as_stated() -> None:
    """4 000 pairs of proxies at 90/10: at a threshold of 1 % between 20 and 65 alarms (seeded)."""
    random = np.random.default_rng(1)
    counts = random.binomial(500, 0.1, size=(4000, 3))
    alarms = sum(
        chance({str(n): {"v1": 500 - int(k), "v2": int(k)} for n, k in enumerate(row)}) < 0.01
        for row in counts
    )
    assert 20 <= alarms <= 65


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 100])
@pytest.mark.parametrize("distance", [0.5, 3.0, 15.0, 40.0, 599.0])
def test_the_tail_is_that_of_scipy(distance: float, freedom: int) -> None:
    assert homogeneity.tail(distance, freedom) == pytest.approx(chi2.sf(distance, freedom), rel=1e-9)


def test_the_called_side_proves_nothing_about_routes() -> None:
    arrived = {"upstream_cluster": "inbound|9080||", "route_name": "default"}
    servers = [{"requested_server_name": f"outbound_.9080_.{v}_.{REVIEWS}"} for v in ("v1", "v2")]
    assert hints([call(**arrived, **server) for server in servers]) == []
