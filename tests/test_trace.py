"""One request over all proxies: every line once, behind the one that led to it."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from analyzer.errors import JudgementError
from analyzer.report.waterfall_text import lines
from analyzer.run.folder import RunFolder
from analyzer.trace import spans
from analyzer.trace.found import Found, find
from analyzer.trace.waterfall import NO_ARRIVAL, NO_CALL, Step, waterfall
from weighbridge.__main__ import outcome
from weighbridge.spans import fetch

EXAMPLE = RunFolder(Path(__file__).parent.parent / "results" / "example")
RUN = EXAMPLE.read()


def way(found: Found) -> list[tuple[int, str, str]]:
    return [(one.depth, one.app, one.destination if one.outbound else "") for one in waterfall(found, RUN)]


PAGE = [
    (0, "istio-ingressgateway", "productpage"),
    (1, "productpage", ""),
    (2, "productpage", "details"),
    (3, "details", ""),
    (2, "productpage", "reviews"),
    (3, "reviews", ""),
    (4, "reviews", "ratings"),
    (5, "ratings", ""),
]


def test_a_page_is_followed_from_the_gateway_to_ratings() -> None:
    assert way(find(EXAMPLE, RUN, "0.17")) == PAGE


def test_a_request_is_found_by_tag_user_agent_or_id() -> None:
    by_tag = find(EXAMPLE, RUN, "0.17")
    assert by_tag.request_id is not None
    assert find(EXAMPLE, RUN, f"weighbridge/{RUN.id}/0.17") == by_tag == find(EXAMPLE, RUN, by_tag.request_id)


def altered(tmp_path: Path, pod: str, change: tuple[str, str] | None) -> Found:
    """The same page; a line of that pod's log is written a second time otherwise, or taken away."""
    shutil.copytree(EXAMPLE.path, tmp_path / "run")
    (log,) = (tmp_path / "run" / "access-log").glob(f"{pod}*/istio-proxy.log")
    kept = []
    for line in log.read_text().splitlines(keepends=True):
        ours = f'{RUN.id}/0.17"' in line and "inbound|" in line
        kept += [line.replace(*change)] if ours and change else []
        kept += [] if ours and not change else [line]
    log.write_text("".join(kept))
    return find(RunFolder(tmp_path / "run"), RUN, "0.17")


def test_several_arrivals_of_one_call_are_numbered(tmp_path: Path) -> None:
    steps = waterfall(altered(tmp_path, "reviews-v3", ('" 200 -', '" 503 -')), RUN)
    assert [one.attempt for one in steps if one.app == "reviews" and not one.outbound] == [1, 2]


def test_a_missing_arrival_is_said_to_be_missing(tmp_path: Path) -> None:
    steps = waterfall(altered(tmp_path, "details", None), RUN)
    assert [one.note for one in steps if one.destination == "details"] == [NO_ARRIVAL]


def test_an_arrival_without_its_call_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(EXAMPLE.path, folder)
    (log,) = folder.glob("access-log/istio-ingressgateway*/istio-proxy.log")
    log.write_text("\n".join(line for line in log.read_text().split("\n") if f'{RUN.id}/0.17"' not in line))
    (first, *_) = waterfall(find(RunFolder(folder), RUN, "0.17"), RUN)
    assert (first.depth, first.app, first.note) == (0, "productpage", NO_CALL)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("0.999999", "logged a request 0.999999"),
        ("nix", "'nix' is neither a tag nor a request id"),
        ("weighbridge/other-run/0.17", "is a request of run other-run"),
        ("00000000-0000-0000-0000-000000000000", "logged a request 00000000"),
    ],
)
def test_what_is_not_there_is_refused_in_words(name: str, told: str) -> None:
    with pytest.raises(JudgementError, match=told):
        find(EXAMPLE, RUN, name)


def test_a_run_without_logs_cannot_be_followed(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE.path, tmp_path / "run", ignore=shutil.ignore_patterns("access-log"))
    with pytest.raises(JudgementError, match="holds no access log"):
        find(RunFolder(tmp_path / "run"), RUN, "0.17")


def zipkin(steps: tuple[Step, ...]) -> list[dict[str, object]]:
    """What a Zipkin would have been told of the same page."""
    return [
        {
            "localEndpoint": {"serviceName": f"{one.app}.default"},
            "name": one.path,
            "kind": "CLIENT" if one.outbound else "SERVER",
            "timestamp": int(1e12 + 1000 * one.offset),
            "duration": 1000 * (one.duration or 0) + 250,
            "tags": {"http.status_code": str(one.code), "response_flags": "-"},
        }
        for one in steps
    ]


def test_every_span_stands_beside_its_line() -> None:
    steps = waterfall(find(EXAMPLE, RUN, "0.17"), RUN)
    beside = spans.beside(spans.zipkin([zipkin(steps)]), steps)
    assert sorted(one.line for one in beside if one.line is not None) == list(range(len(steps)))
    assert "2.250 ms" in next(iter(list(lines(steps, beside))[1:]))


def test_jaegers_own_answer_gives_the_same_spans() -> None:
    steps = waterfall(find(EXAMPLE, RUN, "0.17"), RUN)
    told = zipkin(steps)
    answer = {
        "data": [
            {
                "processes": {str(at): {"serviceName": f"{one.app}.default"} for at, one in enumerate(steps)},
                "spans": [
                    {
                        "processID": str(at),
                        "operationName": one["name"],
                        "startTime": one["timestamp"],
                        "duration": one["duration"],
                        "tags": [
                            {"key": "span.kind", "value": str(one["kind"]).lower()},
                            {"key": "http.status_code", "value": steps[at].code},
                        ],
                    }
                    for at, one in enumerate(told)
                ],
            }
        ]
    }
    assert spans.jaeger(answer) == spans.zipkin(told)


def test_no_trace_gives_no_spans_and_another_answer_is_refused() -> None:
    assert (spans.zipkin([]), spans.jaeger({"data": []})) == ([], [])
    with pytest.raises(JudgementError, match="no spans of Zipkin"):
        spans.zipkin([{"name": 3}])
    with pytest.raises(JudgementError, match="no trace of Jaeger"):
        spans.jaeger([])


def test_the_command_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["trace", "0.17", str(EXAMPLE.path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["tag"], told["page"]["version"], len(told["lines"]), told["spans"]) == (
        "0.17",
        "v3",
        8,
        None,
    )


@pytest.mark.parametrize(("option", "many"), [("--slowest", 10), ("--failed", 0)])
def test_a_list_helps_to_choose(option: str, many: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(["trace", option, str(EXAMPLE.path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["requests"]) == many
    times = [one["latency_ms"] for one in told["requests"]]
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    "arguments", [["trace"], ["trace", "--slowest", "--failed"], ["trace", "0.1", "r", "--trace-id", "7"]]
)
def test_what_makes_no_sense_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert outcome(arguments) == 2
    assert capsys.readouterr().err.startswith("error: ")


@contextmanager
def serving(pages: dict[str, tuple[int, bytes]], otherwise: tuple[int, bytes]) -> Iterator[str]:
    """A server of these pages by their path, and of one more for every other path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = pages.get(self.path.partition("?")[0], otherwise)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def test_jaeger_is_told_from_zipkin_although_it_answers_every_path_with_its_page() -> None:
    span = {"processID": "1", "operationName": "x", "startTime": 10**15, "duration": 1250, "tags": []}
    trace = {"processes": {"1": {"serviceName": "reviews.default"}}, "spans": [span]}
    pages = {
        "/api/services": (200, b'{"data": ["reviews.default"]}'),
        "/api/traces": (200, json.dumps({"data": [trace]}).encode()),
        "/api/traces/abc": (200, json.dumps({"data": [trace]}).encode()),
        "/api/traces/def": (404, b'{"data": null, "errors": [{"code": 404, "msg": "trace not found"}]}'),
    }
    with serving(pages, (200, b"<!doctype html>")) as url:
        found = {trace_id: fetch(url, trace_id, "an-id", 1e9) for trace_id in (None, "ABC", "def")}
    assert found == {None: spans.jaeger({"data": [trace]}), "ABC": found[None], "def": []}


@pytest.mark.parametrize("otherwise", [(404, b""), (200, b"<!doctype html>")], ids=["nothing", "a page"])
def test_a_server_that_is_neither_is_named_rather_than_said_to_have_no_span(
    otherwise: tuple[int, bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    with serving({}, otherwise) as url:
        assert outcome(["trace", "0.17", str(EXAMPLE.path), "--zipkin", url]) == 4
    assert capsys.readouterr() == (
        "",
        f"error: {url} answers neither as Zipkin nor as Jaeger; give the address in front of their /api/, "
        "such as http://127.0.0.1:9411\n",
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["nix"], "'nix' is no URL of Zipkin; write for example http://127.0.0.1:9411"),
        (["http://x:y"], "'http://x:y' is no URL of Zipkin; write for example http://127.0.0.1:9411"),
        (
            ["http://x", "--trace-id", "../../health"],
            "'../../health' is no trace id; it has 16 or 32 hexadecimal digits",
        ),
    ],
)
def test_what_is_no_address_or_no_id_is_refused_before_anybody_is_asked(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome(["trace", "0.17", str(EXAMPLE.path), "--zipkin", *options]) == 2
    assert capsys.readouterr() == ("", f"error: {told}\n")
