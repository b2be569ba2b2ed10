"""What logs come to: shares, performance and troubles of every way, with every number traced to its lines."""

from __future__ import annotations

import json
from io import BytesIO

import pytest
from access_log_lines import CALL, call, line
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log.digest import Digest
from analyzer.access_log.flags import MEANINGS, meaning
from analyzer.access_log.hops import Reporter, Witness
from analyzer.access_log.quantiles import BEYOND, Latency
from analyzer.access_log.summary import Way
from analyzer.access_log.survey import Moment, Survey, seen, survey
from analyzer.records import LogEntry
from analyzer.split.intervals import wilson

REVIEWS = "reviews.default.svc.cluster.local"
WAY = Way(Reporter.SOURCE, "unknown", REVIEWS, tcp=False)


def to(version: str, **fields: object) -> LogEntry:
    return call(upstream_cluster=f"outbound|9080|{version}|{REVIEWS}", **fields)


def of(*entries: LogEntry, moments: bool = False, join: bool = False) -> Survey:
    digest = Digest(join=join)
    list(digest.read(BytesIO(b"\n".join(map(line, entries)))))
    return survey(digest, files=["-"], moments=moments)


def test_a_split_has_every_versions_count_share_interval_and_witness() -> None:
    (split,) = of(*[to("v2")] * 9, to("v3", response_code=503, response_flags="UF,URX")).splits
    assert (split.way, split.calls, split.witnesses) == (WAY, 10, (Witness.SUBSET,))
    v2, v3 = split.versions
    assert (v2.version, v2.count, v2.share, v2.failed) == ("v2", 9, 0.9, 0)
    assert (v3.version, v3.count, v3.share, v3.failed) == ("v3", 1, 0.1, 1)
    assert v3.interval == wilson(1, 10, 0.05, of=2)
    assert (v2.bytes_received, v2.bytes_sent, v2.latency.p50) == (0, 9 * 375, 11)


def test_troubles_are_failures_refusals_and_whatever_has_a_flag() -> None:
    (split,) = of(
        to("v2"),
        to("v2", response_code=404),
        to("v2", response_code=0, response_flags="DC"),
        to("v2", response_flags="DI"),
        to("v3", response_code=500),
    ).splits
    told = {(one.hop.version, one.hop.response_class, one.hop.flags) for one in split.troubles}
    assert told == {("v2", "4xx", ""), ("v2", "none", "DC"), ("v2", "2xx", "DI"), ("v3", "5xx", "")}
    assert [one.failed for one in split.versions] == [1, 1]
    assert sum(one.count for one in split.outcomes) == split.calls


def test_connections_are_a_way_of_their_own_and_fail_by_their_flag() -> None:
    tcp = {"method": None, "path": None, "protocol": None, "response_code": 0}
    http, connections = of(to("v2"), to("v2"), to("v2", **tcp), to("v2", **tcp, response_flags="UF")).splits[
        :2
    ]
    assert (http.way.tcp, connections.way.tcp) == (False, True)
    assert (connections.calls, connections.versions[0].failed) == (2, 1)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=300))
def test_quantiles_are_order_statistics_of_all_durations(durations: list[int]) -> None:
    latency = of(*(to("v2", duration=one) for one in durations)).splits[0].versions[0].latency
    ranked, n = sorted(durations), len(durations)
    assert latency == Latency(
        ranked[-(-n // 2) - 1],
        ranked[-(-9 * n // 10) - 1] if n >= 10 * BEYOND else None,
        None,
        None,
        ranked[-1],
    )


@given(st.lists(st.tuples(st.sampled_from(["v1", "v2"]), st.sampled_from([200, 404, 503])), min_size=1))
def test_versions_and_outcomes_both_add_up_to_the_calls(calls: list[tuple[str, int]]) -> None:
    found = of(*(to(version, response_code=code) for version, code in calls))
    (split,) = found.splits
    assert split.calls == len(calls) == found.account.access
    assert sum(one.count for one in split.outcomes) == len(calls)
    assert abs(sum(one.share for one in split.versions) - 1) < 1e-9
    assert all(one.interval.low <= one.share <= one.interval.high for one in split.versions)


def test_a_duration_left_open_counts_as_a_call_without_one() -> None:
    (split,) = of(to("v2", duration=None)).splits
    assert (split.calls, split.versions[0].latency) == (1, Latency(None, None, None, None, None))


def test_the_series_counts_each_second_of_each_version() -> None:
    found = of(to("v2"), to("v3"), to("v2", start=CALL.start + 1), moments=True)
    second = int(CALL.start)
    assert found.moments == (
        Moment(WAY, "v2", second, 1),
        Moment(WAY, "v2", second + 1, 1),
        Moment(WAY, "v3", second, 1),
    )
    assert (found.first, found.last) == (second, second + 1)


def test_the_keys_that_machines_rely_on_come_first() -> None:
    told = of(to("v2"), moments=True, join=True).as_dict()
    assert list(told)[:5] == ["lines", "access", "other", "malformed", "splits"]
    assert list(told["splits"][0])[:4] == ["reporter", "caller", "destination", "versions"]
    assert told["splits"][0]["versions"] == {"v2": 1}
    assert {"per_second", "joined"} <= told.keys()
    json.dumps(told)


def test_a_way_is_shown_once_with_the_called_sides_view_beside_it() -> None:
    arrived = call(
        upstream_cluster="inbound|9080||",
        requested_server_name=f"outbound_.9080_.v3_.{REVIEWS}",
        downstream_remote_address="10.0.0.1:0",
    )
    foreign = call(upstream_cluster="inbound|9080|http|other.default.svc.cluster.local")
    shown = seen(of(to("v3"), arrived, foreign).splits)
    assert [(one.split.way.reporter, len(one.received)) for one in shown] == [
        (Reporter.SOURCE, 1),
        (Reporter.DESTINATION, 0),
    ]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ("", ""),
        ("UH", "no healthy upstream"),
        ("UF,URX", "the connection to the upstream failed; retries or connection attempts were used up"),
        ("XYZ", "XYZ: not one of Envoy's own flags"),
    ],
)
def test_flags_are_told_in_words(flags: str, words: str) -> None:
    assert meaning(flags) == words


def test_every_flag_of_the_handbook_has_its_meaning() -> None:
    documented = (
        "DC UH UF UC UR UO UT URX NR NC LR LH DI FI RL RLSE UAEX IH SI DPE UPE UMSDR DT RFCF NFCF OM DF"
    )
    assert set(f"{documented} DO UDO DR error".split()) == MEANINGS.keys()
