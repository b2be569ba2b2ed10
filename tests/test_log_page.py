"""The page of ``weighbridge logs --html``: the graph, every way, nothing from elsewhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from access_log_lines import CALL, Format, call, line
from bs4 import BeautifulSoup

from analyzer.access_log.digest import Digest
from analyzer.access_log.files import find, opened
from analyzer.access_log.graph import Edge, Node, Part, graph
from analyzer.access_log.knowledge import gather
from analyzer.access_log.survey import Survey, survey
from analyzer.report import log_page, time_series
from analyzer.report.service_graph import picture

EXAMPLE = Path(__file__).parent.parent / "results" / "example"
HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
DOMAIN = "default.svc.cluster.local"
COUNTED = json.loads((EXAMPLE / "verdict.json").read_text())["witnesses"]["proxy"]
CALLS = sum(COUNTED.values())


def of(*lines: bytes, join: bool = True) -> Survey:
    digest = Digest(join=join)
    list(digest.read(BytesIO(b"\n".join(lines)), HOSTILE))
    return survey(digest, files=[HOSTILE], moments=True)


@pytest.fixture(scope="module")
def example() -> Survey:
    digest = Digest(join=True)
    for file in find([str(EXAMPLE)]):
        with opened(file) as (stream, _):
            list(digest.read(stream, file.name, file.pod))
    return survey(digest, gather([str(EXAMPLE)]), files=["a.log"], moments=True)


def test_the_graph_has_each_call_once_from_the_side_that_drew_the_version(example: Survey) -> None:
    nodes = {name: Node(f"{name}.{DOMAIN}") for name in ("productpage", "details", "reviews", "ratings")}
    gateway = Node("istio-ingressgateway.istio-system.svc.cluster.local")
    found = graph(example.splits)
    assert {(edge.caller, edge.destination, edge.calls, edge.failed) for edge in found.edges} == {
        (gateway, nodes["productpage"], CALLS, 0),
        (nodes["productpage"], nodes["details"], CALLS, 0),
        (nodes["productpage"], nodes["reviews"], CALLS, 0),
        (nodes["reviews"], nodes["ratings"], CALLS, 0),
    }
    assert found.versions[nodes["reviews"]] == COUNTED


def test_who_is_unknown_as_a_caller_is_not_whom_nobody_knows_as_called() -> None:
    found = graph(of(line(call(upstream_cluster=None, upstream_host=None))).splits)
    unknown = [Node("unknown", False, True), Node("unknown", False, False)]
    assert found.edges == (Edge(unknown[0], unknown[1], False, 1, 0, 11, (Part("unknown", 1, 0),)),)
    assert [box.name for box in picture(found).boxes] == ["unknown caller", "unknown destination"]


def test_the_page_shows_every_way_with_its_versions_and_troubles(example: Survey) -> None:
    page = BeautifulSoup(log_page.report(example), "lxml")
    ways = {way.h3.get_text(): way for way in page.select("section.way") if way.h3}
    assert next(iter(ways)) == "istio-ingressgateway.istio-system → productpage.default"
    rows = [
        [cell.get_text() for cell in row.select("th, td")]
        for row in ways["productpage.default → reviews.default"].select("tr")
    ]
    assert [row[:2] for row in rows[1:]] == [[name, f"{number:,}"] for name, number in COUNTED.items()]
    assert len(page.select("svg.graph rect.box")) == 5
    assert len(page.select("svg.graph path.edge")) == 5  # four ways, of which one parts
    told = {line.get_text() for line in page.select("svg.graph path.edge title")}
    for version, number in COUNTED.items():
        share = f"{100 * number / CALLS:.1f}\u202f%"
        assert f"productpage.default → reviews.default {version}: {share}, {number:,} calls" in told
    assert "retried by the mesh" in page.get_text()


def test_the_page_says_what_failed_in_words() -> None:
    page = log_page.report(of(line(call(response_code=0, response_flags="DC"))))
    assert "the client went away" in BeautifulSoup(page, "lxml").get_text()


def test_the_page_needs_nothing_from_elsewhere(example: Survey) -> None:
    page = log_page.report(example)
    assert re.findall(r"(?:src|href)=[\"'](?!#)[^\"']+", page) == []
    assert "<script" not in page
    assert "default-src 'none'" in page


def test_what_a_log_says_is_never_markup() -> None:
    members = json.loads(line(CALL, Format.JSON))
    evil = f"outbound|9080|{HOSTILE}|{HOSTILE}"
    told = [
        json.dumps(
            members | {"upstream_cluster": evil, "response_flags": HOSTILE, "start_time": time}
        ).encode()
        for time in ("2022-02-16T17:56:20.030Z", "2022-02-16T17:57:20.030Z")
    ]
    page = log_page.report(of(*told, line(CALL)[:50]))
    assert page.count("&lt;script&gt;") >= 5
    soup = BeautifulSoup(page, "lxml")
    assert soup.select("script, img, [onerror]") == []


def test_an_interrupted_reading_says_so(example: Survey) -> None:
    assert "access logs, interrupted" in log_page.report(replace(example, complete=False))


def test_a_version_has_one_colour_all_over_the_page(example: Survey) -> None:
    assert log_page.colours(example.splits) == {
        "v1": "var(--alone)",  # the only version of whatever service it is of
        "v2": "var(--v0)",
        "v3": "var(--v1)",
        "unknown": "var(--soft)",
    }


def test_areas_over_time_stack_up_to_the_busiest_moment() -> None:
    start = CALL.start
    v2 = f"outbound|9080|v2|reviews.{DOMAIN}"
    found = of(line(CALL), line(call(upstream_cluster=v2)), line(call(start=start + 1, upstream_cluster=v2)))
    told = time_series.series(found.moments)
    assert told == time_series.Series(
        (
            ("v2", "0.0,35.0 300.0,35.0 300.0,35.0 600.0,35.0 600.0,70.0 300.0,70.0 300.0,70.0 0.0,70.0"),
            ("v3", "0.0,0.0 300.0,0.0 300.0,35.0 600.0,35.0 600.0,35.0 300.0,35.0 300.0,35.0 0.0,35.0"),
        ),
        "2022-02-16 17:56:20",
        "17:56:21",
        "2 calls per second",
    )
    assert time_series.series(found.moments[:1]) is None
