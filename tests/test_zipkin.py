"""A real Zipkin: the spans of one page are one tree, and each traced call is the one that was logged."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from front_door import FrontDoor
from test_json_schemas import TRACE, check

JAR = os.environ.get("ZIPKIN_JAR", "")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not (JAR and shutil.which("java")), reason="ZIPKIN_JAR names no Zipkin (.ci/zipkin fetches one)"
    ),
]


@pytest.fixture(scope="module")
def zipkin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One that keeps its spans in memory, on loopback."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        port = probe.getsockname()[1]
    place = "--armeria.ports[0]"
    options = [f"{place}.ip=127.0.0.1", f"{place}.port={port}", f"{place}.protocols[0]=http"]
    log = tmp_path_factory.mktemp("zipkin") / "log"
    with log.open("wb") as output:
        command = ["java", "-Xmx400m", "-XX:TieredStopAtLevel=1", "-jar", JAR, *options]
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 120
        while not answers(f"{url}/health"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)  # a JVM starts in seconds
        yield url
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


@pytest.fixture(scope="module")
def traced(zipkin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    """A mesh that traces every page, a run on it, and its spans all sent."""
    with tempfile.TemporaryDirectory(prefix="wb-") as home:
        door = FrontDoor(Path(home), tmp_path_factory.mktemp("cwd"))
        up = door.start("up", "--zipkin", zipkin, "--trace-sampling", "100")
        up.until(lambda: up.said("Ctrl-C ends it"))
        done = door("run", "v2=50,v3=50", "--requests", "60", "--to-the-end", "--out", "traced")
        assert done.code in (0, 3), done.err
        deadline = time.monotonic() + 60
        while sum(map(len, traces(zipkin))) < 60 * 8:
            assert time.monotonic() < deadline, "the spans never came"
            time.sleep(0.5)  # Envoy sends spans every five seconds
        yield door
        up.interrupt()
        up.done()
        door.close()


def traces(zipkin: str) -> list[list[dict[str, Any]]]:
    parameters = {"serviceName": "productpage.default", "limit": "500"}
    found: list[list[dict[str, Any]]] = requests.get(
        f"{zipkin}/api/v2/traces", params=parameters, timeout=30
    ).json()
    return [trace for trace in found if "weighbridge/" in trace[0]["tags"].get("user_agent", "")]


def test_the_spans_of_one_page_are_one_tree_with_istios_tags(zipkin: str, traced: FrontDoor) -> None:
    trace = traces(zipkin)[0]
    spans = {span["id"]: span for span in trace}
    assert len(spans) == 8
    ways = {
        (spans[span["parentId"]]["localEndpoint"]["serviceName"] if "parentId" in span else None,
         span["localEndpoint"]["serviceName"], span["kind"])
        for span in trace
    }  # fmt: skip
    app = [f"{name}.default" for name in ("productpage", "details", "reviews", "ratings")]
    assert ways == {
        (None, "istio-ingressgateway.istio-system", "CLIENT"),
        ("istio-ingressgateway.istio-system", app[0], "SERVER"),
        *((app[0], app[0], "CLIENT"), (app[0], app[1], "SERVER"), (app[0], app[2], "SERVER")),
        *((app[2], app[2], "CLIENT"), (app[2], app[3], "SERVER")),
    }
    assert len({span["tags"]["guid:x-request-id"] for span in trace}) == 1
    assert {span["tags"]["istio.canonical_service"] for span in trace} == {
        "istio-ingressgateway", "productpage", "details", "reviews", "ratings"
    }  # fmt: skip


def test_every_traced_call_is_the_one_that_was_logged(zipkin: str, traced: FrontDoor) -> None:
    done = traced("verify", "traced", "--zipkin", zipkin, "--json")
    (server,) = done.json["servers"]
    assert (done.code, server["outcome"], server["troubles"]) == (0, "pass", [])
    assert server["notes"] == ["60 of 60 pages were traced"]
    assert sum(version["theirs"] for version in server["versions"]) == 60


def test_a_run_whose_log_was_changed_is_found_out(zipkin: str, traced: FrontDoor) -> None:
    """One line says another version; the counts differ by one, and the page is named."""
    shutil.copytree(traced.cwd / "traced", traced.cwd / "changed")
    (log,) = (traced.cwd / "changed" / "access-log").glob("productpage-*/istio-proxy.log")
    lines = log.read_text()
    assert "|v2|reviews" in lines
    log.write_text(lines.replace("|v2|reviews", "|v3|reviews", 1))
    done = traced("verify", "changed", "--zipkin", zipkin, "--json")
    assert done.code == 1
    (trouble,) = done.json["servers"][0]["troubles"]
    assert trouble.endswith(": traced v2 1, logged v3 1")


def slowest(traced: FrontDoor) -> str:
    """The tag of one request, chosen as a user would."""
    tag: str = traced("trace", "--slowest", "traced", "--json").json["requests"][0]["tag"]
    return tag


def theirs(zipkin: str, tag: str) -> list[dict[str, Any]]:
    """The spans of the page with that tag, as Zipkin has them, the first to begin first."""
    (trace,) = (one for one in traces(zipkin) if one[0]["tags"]["user_agent"].endswith(f"/{tag}"))
    return sorted(trace, key=lambda span: (span["timestamp"], -span["duration"]))


def test_one_requests_way_has_each_span_of_zipkin_beside_its_line(zipkin: str, traced: FrontDoor) -> None:
    tag = slowest(traced)
    trace = theirs(zipkin, tag)
    done = traced("trace", tag, "traced", "--zipkin", zipkin, "--json")
    told = done.json
    check(told, TRACE)
    assert (done.code, told["request_id"]) == (0, trace[0]["tags"]["guid:x-request-id"])
    assert [{**span, "outbound": None, "line": None} for span in told["spans"]] == [
        {
            "service": span["localEndpoint"]["serviceName"],
            "name": span["name"],
            "outbound": None,
            "offset": (span["timestamp"] - trace[0]["timestamp"]) / 1000,
            "duration": span["duration"] / 1000,
            "code": span["tags"]["http.status_code"],
            "flags": "",
            "upstream": span["tags"]["upstream_cluster"],
            "line": None,
        }
        for span in trace
    ]
    assert sorted(span["line"] for span in told["spans"]) == list(range(8))
    for span in told["spans"]:
        line = told["lines"][span["line"]]
        assert (line["app"], line["outbound"]) == (span["service"].partition(".")[0], span["outbound"])
        assert span["upstream"].split("|")[2] in ("", line["version"])
    by_id = traced("trace", tag, "traced", "--zipkin", zipkin, "--trace-id", trace[0]["traceId"], "--json")
    assert by_id.json == told


def test_the_text_is_that_of_the_logs_with_a_column_of_spans(zipkin: str, traced: FrontDoor) -> None:
    tag = slowest(traced)
    plain = traced("trace", tag, "traced").out.splitlines()
    told = traced("trace", tag, "traced", "--zipkin", zipkin, "--json").json["spans"]
    took = {span["line"]: f"{span['duration']:.3f} ms" for span in told}
    column = ["span", *(took[line] for line in range(8))]
    (head, rows), wide = (plain[:3], plain[3:]), max(map(len, column))
    end = len(rows[0])
    assert traced("trace", tag, "traced", "--zipkin", zipkin).out.splitlines() == [
        *head,
        *(f"{row[:end]}  {cell:>{wide}}{row[end:]}" for row, cell in zip(rows, column, strict=True)),
    ]


def test_a_trace_that_zipkin_does_not_know_is_said_to_be_none(zipkin: str, traced: FrontDoor) -> None:
    tag = slowest(traced)
    unknown = ("trace", tag, "traced", "--zipkin", zipkin, "--trace-id", "0123456789abcdef")
    done = traced(*unknown)
    assert (done.code, done.out.splitlines()) == (
        0,
        [
            *traced("trace", tag, "traced").out.splitlines(),
            "no span of it there: only what is sampled is traced (`up --trace-sampling 100`)",
        ],
    )
    assert traced(*unknown, "--json").json["spans"] == []


def test_an_address_without_zipkin_is_one_line_that_says_what_to_look_at(traced: FrontDoor) -> None:
    (mesh,) = traced("status", "--json").json["meshes"]
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as probe:
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}"
    where = {
        nobody: (
            f"Zipkin at {nobody}/api/v2/services does not answer: ConnectionError",
            f"see whether it answers: curl {nobody}/api/v2/services",
        ),
        mesh["url"]: (
            f"{mesh['url']} answers neither as Zipkin nor as Jaeger",
            "give the address in front of their /api/, such as http://127.0.0.1:9411",
        ),
    }
    for url, (message, hint) in where.items():
        done = traced("trace", "0.17", "traced", "--zipkin", url, "--json")
        assert (done.code, done.json) == (4, {"error": {"code": 4, "message": message, "hint": hint}})
