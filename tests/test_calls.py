"""Pages and proxy calls are joined request by request, and every difference is counted once."""

from __future__ import annotations

from dataclasses import fields, replace

import pandas as pd
import pytest

from analyzer.access_log.exact import exact
from analyzer.records import LogEntry
from analyzer.run import calls
from analyzer.run.calls import Call, Joined

LINE = (
    b'[2026-11-23T23:49:19.824Z] "GET /reviews/0 HTTP/1.1" 200 - via_upstream - "-" 0 442 1 1 "-" '
    b'"weighbridge/run-1/0.7" "e4a3587f-299e-48dd-8ad3-89f89dd583ef" "reviews:9080" "127.1.0.13:9080" '
    b"outbound|9080|v2|reviews.default.svc.cluster.local 127.1.0.15:59222 127.1.0.15:15001 "
    b"127.0.0.1:34346 - -"
)


@pytest.fixture
def entry() -> LogEntry:
    entry = exact(LINE)
    assert isinstance(entry, LogEntry)
    return entry


def pages(*rows: tuple[int, str | None, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["seq", "version", "start"])
    return frame.assign(worker=0, status=200, trouble=None)


def logged(*rows: tuple[int, str, float]) -> pd.DataFrame:
    return pd.DataFrame([Call(0, seq, start, version, 200, "", "pod") for seq, version, start in rows])


def differences(joined: Joined) -> dict[str, int]:
    names = tuple(field.name for field in fields(Joined) if field.type == "int")
    return {name: getattr(joined, name) for name in names if getattr(joined, name)}


def test_an_outbound_reviews_line_is_a_call_of_its_subset(entry: LogEntry) -> None:
    assert calls.call("pod", entry, {}) == ("run-1", Call(0, 7, entry.start, "v2", 200, "", "pod"))


def test_without_a_subset_the_pod_behind_the_address_tells_the_version(entry: LogEntry) -> None:
    bare = replace(entry, upstream_cluster="outbound|9080||reviews.default.svc.cluster.local")
    assert calls.call("pod", bare, {"127.1.0.13": "v3"}) == (
        "run-1",
        Call(0, 7, entry.start, "v3", 200, "", "pod"),
    )
    assert calls.call("pod", bare, {}) == ("run-1", Call(0, 7, entry.start, "unknown", 200, "", "pod"))


def test_a_call_for_which_the_proxy_had_no_cluster_is_one_without_a_version(entry: LogEntry) -> None:
    lost = replace(entry, upstream_cluster=None, upstream_host=None, response_code=503, response_flags="NC")
    assert calls.call("pod", lost, {}) == ("run-1", Call(0, 7, entry.start, "unknown", 503, "NC", "pod"))


def test_lines_of_other_services_and_directions_are_no_calls(entry: LogEntry) -> None:
    for cluster in (
        "outbound|9080||details.default.svc.cluster.local",
        "inbound|9080||",
        "PassthroughCluster",
    ):
        assert calls.call("pod", replace(entry, upstream_cluster=cluster), {}) is None


def test_calls_of_other_clients_are_counted_apart(entry: LogEntry) -> None:
    ours = calls.call("pod", entry, {})
    theirs = calls.call("pod", replace(entry, user_agent="curl/8.0"), {})
    assert ours is not None
    assert theirs is not None
    seen = calls.of_run([ours, theirs], "run-1")
    assert (seen.calls["seq"].tolist(), seen.foreign) == ([7], 1)


def test_one_call_a_page_leaves_no_difference() -> None:
    joined = calls.join(pages((0, "v2", 1.0), (1, "v3", 2.0)), logged((0, "v2", 1.1), (1, "v3", 2.1)), None)
    assert differences(joined) == {"exactly_one": 2}
    assert joined.by_page == joined.by_proxy


def test_every_difference_is_in_one_class() -> None:
    joined = calls.join(
        pages((0, "v2", 1.0), (1, "v2", 1.0), (2, "v2", 1.0), (3, "v3", 1.0)),
        logged((0, "v2", 1.1), (1, "v3", 1.1), (1, "v2", 1.2), (3, "v2", 1.1), (9, "v2", 1.1)),
        None,
    )
    assert differences(joined) == {
        "exactly_one": 2,
        "asked_again": 1,
        "without_call": 1,
        "without_page": 1,
        "disagree": 1,
        "lost": 1,
    }


def test_a_served_page_whose_call_is_not_in_the_log_is_a_decision_without_a_version() -> None:
    served = pages((0, "v2", 1.0), (1, "v3", 2.0), (2, None, 3.0))
    refused = pages((3, None, 4.0)).assign(status=503)
    other = pages((4, None, 5.0)).assign(trouble="not-a-page")
    joined = calls.join(pd.concat([served, refused, other]), logged((2, "v3", 3.1), (1, "v3", 2.1)), None)
    assert joined.decisions["version"].tolist() == ["unknown", "v3", "v3"]
    assert joined.decisions["reporter"].tolist() == [None, "pod", "pod"]
    assert (joined.lost, joined.without_call) == (1, 3)


def test_pages_stand_in_for_calls_in_the_order_of_their_numbers() -> None:
    shown = pages((1, "v3", 2.0), (0, "v2", 1.0), (2, None, 3.0))
    assert calls.pages_only(shown).decisions["version"].tolist() == ["v2", "v3", "unknown"]


def test_pages_from_before_the_routes_were_live_go_with_their_calls() -> None:
    joined = calls.join(
        pages((0, "v1", 1.0), (1, "v2", 2.0)), logged((0, "v1", 2.5), (1, "v2", 2.0)), live=1.5
    )
    assert differences(joined) == {"exactly_one": 1, "excluded_before_live": 1}
    assert joined.by_proxy.as_dict() == {"v2": 1}


def test_no_pages_and_no_calls_join_to_nothing() -> None:
    empty = pd.DataFrame(columns=list(Call._fields))
    joined = calls.join(pages().astype({"start": float}), empty, live=5.0)
    assert differences(joined) == {}
