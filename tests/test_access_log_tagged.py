"""A proxy's lines as columns: the quick way and the exact one say the same of every line."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from access_log_lines import Format, call, line
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import tagged
from analyzer.access_log.native import SCAN
from analyzer.access_log.quick import Quick
from analyzer.access_log.scan import Scan
from analyzer.access_log.tagged import NOBODY, Tagged
from analyzer.run.folder import RunFolder

EXAMPLE = Path(__file__).parent.parent / "results" / "example"
NUMBERS = st.integers(0, 10**10).map(str) | st.sampled_from(
    ["00", "01", "", "-1", "1.2", "x", "9" * 18, "9" * 19]
)
AGENTS = st.one_of(
    st.builds(lambda worker, seq: f"weighbridge/run-1/{worker}.{seq}", NUMBERS, NUMBERS),
    st.sampled_from(
        ["weighbridge/run-1/0.7", "weighbridge/run-12/0.7", "weighbridge/run-1/", "curl/8", "-", " "]
    ),
)
CLUSTERS = st.sampled_from(
    ["outbound|9080|v2|reviews.default.svc.cluster.local", "inbound|9080||", None, "PassthroughCluster"]
)
ENTRIES = st.builds(
    lambda agent, cluster, host, milliseconds: call(
        user_agent=agent, upstream_cluster=cluster, authority=host, start=1645034180 + milliseconds / 1000
    ),
    AGENTS,
    CLUSTERS,
    st.sampled_from(["reviews:9080", "reviews-shadow:9080", "reviews-shadow", "my-shadow-host:80"]),
    st.integers(0, 999_999),
)
WAYS = [
    pytest.param(Quick(), id="python"),
    pytest.param(SCAN, id="c", marks=pytest.mark.skipif(SCAN is None, reason="the extension was not built")),
]
LINES = st.one_of(
    st.builds(line, ENTRIES, st.sampled_from(Format)),
    st.sampled_from([b"", b"2026-01-01T00:00:00Z\tinfo\tready", b"[2026-01-01T00:00:00.000Z] cut"]),
)


def columns(read: Tagged) -> list[tuple[object, ...]]:
    rows = zip(
        read.way, read.start, read.duration, read.worker, read.seq, read.request, read.shadow, strict=True
    )
    return [(read.ways[way], *map(int, rest)) for way, *rest in rows]


def read(text: bytes) -> Tagged:
    return tagged.read(BytesIO(text), "pod", "run-1")


def read_by(scan: Scan | None, text: bytes, run: str = "run-1") -> Tagged:
    return tagged.read(BytesIO(text), "pod", run, scan)


@pytest.mark.parametrize("scan", WAYS)
@given(st.lists(LINES, max_size=20))
def test_the_quick_ways_say_the_same_of_every_line(scan: Scan, lines: list[bytes]) -> None:
    text = b"\n".join(lines)
    assert columns(read_by(scan, text)) == columns(read_by(None, text))


@pytest.mark.parametrize("scan", WAYS)
def test_the_quick_ways_say_the_same_of_a_real_log(scan: Scan) -> None:
    run = RunFolder(EXAMPLE).read().id
    for log in EXAMPLE.glob("access-log/*/istio-proxy.log"):
        text = log.read_bytes()
        assert columns(read_by(scan, text, run)) == columns(read_by(None, text, run))


def test_a_line_tells_whose_request_it_is() -> None:
    ours = line(call(user_agent="weighbridge/run-1/3.14", start=1645034180.03))
    theirs = line(call(user_agent="weighbridge/run-2/3.14"))
    found = read(ours + b"\n" + theirs + b"\n")
    assert (found.worker.tolist(), found.seq.tolist()) == ([3, NOBODY], [14, NOBODY])
    assert found.start.tolist() == [1645034180030] * 2


def test_only_the_host_of_the_authority_makes_a_shadow() -> None:
    hosts = ("reviews-shadow:9080", "reviews:9080", "shadow-reviews:9080")
    text = b"".join(line(call(authority=host, user_agent="a-shadow:b")) + b"\n" for host in hosts)
    assert read(text).shadow.tolist() == [True, False, False]


def test_no_lines_make_no_rows() -> None:
    assert (len(read(b"")), len(tagged.none())) == (0, 0)
