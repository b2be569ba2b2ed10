"""Lines of one request are found in the logs of several proxies, and retries are told apart."""

from __future__ import annotations

from io import BytesIO

import pytest
from access_log_lines import CALL, call, line

from analyzer.access_log.digest import Digest
from analyzer.access_log.joins import Joined, Retries
from analyzer.records import LogEntry

REVIEWS = "reviews.default.svc.cluster.local"
PRODUCTPAGE = "productpage-v1-7c4f8d9b5-x2x9p"
INBOUND = {
    "upstream_cluster": "inbound|9080||",
    "upstream_local_address": "127.0.0.6:41542",
    "downstream_local_address": "172.16.184.6:9080",
    "downstream_remote_address": "172.16.158.7:34590",
    "requested_server_name": f"outbound_.9080_.v3_.{REVIEWS}",
}


def joined(outbound: list[LogEntry], inbound: list[LogEntry] | None = None) -> Joined:
    digest = Digest(join=True)
    list(digest.read(stream(outbound), "a", PRODUCTPAGE))
    list(digest.read(stream(inbound or []), "b", "reviews-v3-84779c7bbc-9drws"))
    assert digest.joins is not None
    return digest.joins.joined(digest.hops())


def stream(entries: list[LogEntry]) -> BytesIO:
    return BytesIO(b"".join(line(entry) + b"\n" for entry in entries))


def test_lines_without_an_id_are_in_no_request() -> None:
    found = joined([call(request_id=None)] * 3)
    assert (found.requests, found.lines, found.lines_per_request) == (0, 0, {})
    assert [retries.calls for retries in found.retries] == [0]


def test_requests_are_counted_by_their_lines() -> None:
    outbound = [call(request_id=one) for one in ("a", "b", "c")]
    inbound = [call(request_id=one, **INBOUND) for one in ("a", "b")]
    found = joined(outbound, inbound)
    assert (found.requests, found.lines, found.lines_per_request) == (3, 5, {1: 1, 2: 2})


def test_an_applications_retry_is_a_second_call_with_the_same_id() -> None:
    failed = call(response_code=503, request_id="a")
    (retries,) = joined([failed, call(request_id="a"), call(request_id="b"), call(request_id="b")]).retries
    assert retries == Retries(retries.caller, REVIEWS, calls=4, repeated=2, after_failure=1, by_mesh=None)


def test_the_meshs_retry_shows_at_the_destination_alone() -> None:
    outbound = [call(request_id="a"), call(request_id="b")]
    inbound = [call(request_id="a", response_code=503, **INBOUND), call(request_id="a", **INBOUND)]
    (retries,) = joined(outbound, inbound).retries
    assert (retries.calls, retries.repeated, retries.by_mesh) == (2, 0, 1)


@pytest.mark.parametrize("odd", ["", '"'])
def test_the_first_of_two_lines_is_the_one_that_stands_first(odd: str) -> None:
    """Also where the quick way leaves the first to the exact one."""
    first = call(request_id="a", user_agent=f"curl{odd}", response_code=503)
    (retries,) = joined([first, call(request_id="a")]).retries
    assert retries.after_failure == 1
    (retries,) = joined([call(request_id="a"), first]).retries
    assert retries.after_failure == 0


def test_what_others_have_joined_can_be_added() -> None:
    """As another process would have read it: ids have the same fingerprints everywhere."""
    one, other = Digest(join=True), Digest(join=True)
    list(one.read(stream([call(request_id="a", response_code=503), CALL]), "a", PRODUCTPAGE))
    list(other.read(stream([call(request_id="x"), call(request_id="a")]), "b", PRODUCTPAGE))
    one.merge(other)
    assert one.joins is not None
    found = one.joins.joined(one.hops())
    assert (found.requests, found.lines_per_request) == (3, {1: 2, 2: 1})
    assert [(r.calls, r.repeated, r.after_failure) for r in found.retries] == [(4, 1, 1)]
