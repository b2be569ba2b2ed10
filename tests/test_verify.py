"""A run beside what telemetry says of it: answers as the servers give them, and the differences by name."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from front_door import FrontDoor

from analyzer.errors import JudgementError
from analyzer.records import Outcome, Weights
from analyzer.report import telemetry as told
from analyzer.run.folder import Promise, Run, RunFolder, RunPod
from analyzer.telemetry import kiali, prometheus, zipkin
from analyzer.telemetry.comparison import Comparison, overall, rows
from analyzer.telemetry.own import Own, own, version_of
from weighbridge import telemetry_servers
from weighbridge.telemetry_servers import TelemetryError, TelemetryUrlError

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "results" / "example"
TRACES = (ROOT / "tests" / "documents" / "zipkin-traces.json").read_bytes()
SHARED = Path(__file__).parents[2] / "shared" / "data"
RUN = "20261124-172239-b3d8"
PODS = (
    RunPod("productpage-v1-6b-x1", "default", {"app": "productpage", "version": "v1"}, "127.1.3.15"),
    *(
        RunPod(f"reviews-{version}-7c-x{version[1]}", "default", {"app": "reviews", "version": version}, ip)
        for version, ip in (("v1", "127.1.3.12"), ("v2", "127.1.3.13"), ("v3", "127.1.3.14"))
    ),
)
PROMISE = Promise(Weights.parse("v2=90,v3=10"), 5.0, 0.01, 0.95, 2000)


def ours(served: dict[str, int], drawn: dict[int, str] | None = None, **changed: Any) -> Own:
    fields = {"started": 1000.0, "ended": 1060.0, "mesh": None} | changed
    run = Run(
        RUN, PROMISE, "http://x", fields["mesh"], PODS, "", {}, fields["started"], None, None, fields["ended"]
    )
    places = {(0, seq): Counter([version]) for seq, version in (drawn or {}).items()}
    return Own(run, Counter(served), places, 0)


def matrix(*found: tuple[dict[str, str], list[tuple[float, str]]]) -> bytes:
    result = [{"metric": labels, "values": values} for labels, values in found]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}}).encode()


def labels(version: str, **more: str) -> dict[str, str]:
    return {"instance": "a:1", "pod": "productpage", "destination_workload": f"reviews-{version}"} | more


READ = prometheus.series(matrix(({"instance": "a:1"}, [(999.0, "1")])))


def compared(served: dict[str, int], before: bytes, after: bytes, read: Any = READ) -> Comparison:
    found = (prometheus.series(answer) for answer in (before, after))
    return prometheus.compare(ours(served), "http://p", *found, read)


def test_prometheus_counts_from_the_last_reading_before_the_run_to_the_first_after() -> None:
    before = matrix((labels("v2"), [(980.0, "90"), (995.0, "100")]))
    after = matrix(
        (labels("v2"), [(1055.0, "180"), (1070.0, "190"), (1085.0, "999")]), (labels("v3"), [(1061.0, "10")])
    )
    agreed, differs = (
        compared({"v2": 90, "v3": 10}, before, after),
        compared({"v2": 91, "v3": 9}, before, after),
    )
    assert (agreed.outcome, [(row.version, row.theirs) for row in agreed.rows]) == (
        Outcome.PASS,
        [("v2", 90), ("v3", 10)],
    )
    assert [(row.version, row.difference) for row in differs.rows] == [("v2", -1), ("v3", 1)]
    assert differs.outcome is Outcome.FAIL


def test_what_prometheus_has_not_read_in_time_says_nothing() -> None:
    after = matrix((labels("v2"), [(1055.0, "90")]))
    assert compared({"v2": 90}, matrix(), after).silence.startswith("it has not read productpage since")
    assert compared({"v2": 90}, matrix(), matrix()).outcome is Outcome.UNDECIDED
    late = compared({"v2": 90}, matrix(), matrix((labels("v2"), [(1061.0, "91")])), read=())
    assert late.silence == (
        "it first read productpage after the run had begun: what that counted before is not known"
    )


def test_a_proxy_that_began_anew_is_counted_from_zero_and_named() -> None:
    before, after = matrix((labels("v2"), [(995.0, "500")])), matrix((labels("v2"), [(1061.0, "90")]))
    told = compared({"v2": 90}, before, after)
    assert (told.outcome, told.notes) == (
        Outcome.PASS,
        ("productpage began to count anew, so what it had counted before is lost",),
    )


@pytest.mark.parametrize(
    ("names", "version"),
    [
        (("reviews-v2", "unknown", "latest"), "v2"),  # the pod called has no sidecar, before Istio 1.18
        (("", "unknown", "v3"), "v3"),
        (("", "v3", "latest"), "v3"),
        (("unknown", "unknown", "unknown"), "unknown"),
    ],
)
def test_a_version_is_found_by_workload_first(names: tuple[str, str, str], version: str) -> None:
    assert version_of(ours({}).run, *names) == version


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[]", b'{"status":"success","data":{"result":[{}]}}'])
def test_what_is_no_answer_of_prometheus_is_refused(answer: bytes) -> None:
    with pytest.raises(JudgementError, match="no answer of Prometheus"):
        prometheus.series(answer)


def test_an_error_of_prometheus_is_told() -> None:
    with pytest.raises(JudgementError, match="refuses the query: bad query"):
        prometheus.series(b'{"status":"error","errorType":"bad_data","error":"bad query"}')


def test_a_run_without_an_end_cannot_be_compared() -> None:
    with pytest.raises(JudgementError, match="has no end"):
        prometheus.questions(ours({}, ended=None).run)


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded graphs are not beside this checkout")
@pytest.mark.parametrize("file", ["kiali-graph-today.json", "kiali-graph-v1.42.json"])
def test_kialis_own_graphs_of_both_generations_give_the_rates_to_reviews(file: str) -> None:
    """Their edges from reviews to itself and from others are left out; each version gets 20 a second."""
    found = kiali.rates((SHARED / file).read_bytes(), ours({}).run)
    assert found == {"v1": 20.0, "v2": 20.0, "v3": 20.0}
    even, uneven = ours({"v1": 331, "v2": 333, "v3": 336}), ours({"v2": 90, "v3": 10})
    assert kiali.compare(even, "http://k", found).outcome is Outcome.PASS
    wrong = kiali.compare(uneven, "http://k", found)
    assert (wrong.outcome, [row.version for row in wrong.rows if not row.agrees]) == (
        Outcome.FAIL,
        ["v1", "v2", "v3"],
    )


def graph(source: dict[str, str], *targets: tuple[str, str]) -> bytes:
    nodes = [{"data": {"id": "s", **source}}]
    edges = []
    for version, rate in targets:
        nodes.append({"data": {"id": version, "nodeType": "app", "app": "reviews", "version": version}})
        traffic = {"protocol": "http", "rates": {"http": rate}}
        edges.append({"data": {"source": "s", "target": version, "traffic": traffic}})
    return json.dumps({"elements": {"nodes": nodes, "edges": edges}}).encode()


def test_with_service_nodes_the_edges_begin_at_the_service() -> None:
    service = {"nodeType": "service", "service": "reviews"}
    found = kiali.rates(graph(service, ("v2", "0.90"), ("v3", "0.10")), ours({}).run)
    assert found == {"v2": 0.9, "v3": 0.1}


def test_few_requests_per_second_leave_room_for_the_two_decimals_of_a_rate() -> None:
    """0.02 a second may be 0.015 to 0.025."""
    service = {"nodeType": "service", "service": "reviews"}
    found = kiali.rates(graph(service, ("v2", "0.18"), ("v3", "0.02")), ours({}).run)
    assert kiali.compare(ours({"v2": 927, "v3": 73}), "http://k", found).outcome is Outcome.PASS


@pytest.mark.parametrize("rate", ["nan", "inf", "-1", "x", ""])
def test_a_rate_that_is_no_number_is_no_traffic(rate: str) -> None:
    found = kiali.rates(graph({"nodeType": "app", "app": "productpage"}, ("v2", rate)), ours({}).run)
    assert kiali.compare(ours({"v2": 1}), "http://k", found).outcome is Outcome.UNDECIDED


def test_what_is_no_graph_is_refused() -> None:
    for answer in (b"{}", b"nothing", b'{"elements":{"nodes":[{}]}}'):
        with pytest.raises(JudgementError, match="no graph of Kiali"):
            kiali.rates(answer, ours({}).run)


def test_each_traced_call_is_held_against_the_log_line_of_its_page() -> None:
    """Two traces as a real Zipkin gave them: page 199 was drawn v3, page 198 v2."""
    found = zipkin.traced(TRACES, ours({}).run)
    assert found == zipkin.Traced({(0, 199): Counter({"v3": 1}), (0, 198): Counter({"v2": 1})}, 2)
    agrees = zipkin.compare(ours({}, {198: "v2", 199: "v3", 200: "v2"}), "http://z", found)
    assert (agrees.outcome, agrees.notes) == (Outcome.PASS, ("2 of 3 pages were traced",))


def test_two_wrong_pages_are_found_although_their_counts_are_equal() -> None:
    swapped = zipkin.compare(
        ours({}, {198: "v3", 199: "v2"}), "http://z", zipkin.traced(TRACES, ours({}).run)
    )
    assert swapped.outcome is Outcome.FAIL
    assert all(row.agrees for row in swapped.rows)
    assert swapped.troubles == (
        "page 0.198: traced v2 1, logged v3 1",
        "page 0.199: traced v3 1, logged v2 1",
    )


def test_a_call_that_no_subset_routed_is_told_by_the_pod_that_answered() -> None:
    plain = TRACES.replace(b"outbound|9080|v2|reviews", b"outbound|9080||reviews")
    assert zipkin.traced(plain, ours({}).run).drawn[(0, 198)] == {"v2": 1}


def test_traces_of_others_are_no_traces_of_the_run() -> None:
    others = zipkin.traced(TRACES.replace(RUN.encode(), b"another-run"), ours({}).run)
    silent = zipkin.compare(ours({}, {1: "v2"}, mesh={"kind": "local", "zipkin": ""}), "http://z", others)
    assert silent.silence == "it has no trace of this run: the mesh was started without --zipkin"


def test_what_are_no_traces_is_refused() -> None:
    with pytest.raises(JudgementError, match="no traces of Zipkin"):
        zipkin.traced(b'{"error": 1}', ours({}).run)


def test_our_own_counts_are_those_of_the_log() -> None:
    counted = own(RunFolder(EXAMPLE))
    assert (counted.served, counted.foreign, len(counted.drawn)) == ({"v2": 649, "v3": 77}, 0, 726)


def test_one_difference_refutes_and_silence_leaves_open() -> None:
    agrees = Comparison("kiali", "u", "calls", rows({"v2": 1}, {"v2": 1}, {}))
    differs = Comparison("kiali", "u", "calls", rows({"v2": 1}, {"v2": 2}, {}))
    silent = Comparison("kiali", "u", "calls", (), "nothing")
    assert overall((agrees, agrees)) is Outcome.PASS
    assert overall((agrees, silent)) is Outcome.UNDECIDED
    assert overall((silent, differs)) is Outcome.FAIL


def test_a_terminal_is_told_the_difference_by_version() -> None:
    differs = Comparison("prometheus", "u", "calls", rows({"v2": 90, "v3": 10}, {"v2": 91, "v3": 10}, {}))
    assert told.report(ours({"v2": 90, "v3": 10}), (differs,)) == (
        f"DIFFERS  prometheus on run {RUN}: calls\n"
        "  version           ours    theirs  difference\n"
        "  v2                  90        91          +1  differs\n"
        "  v3                  10        10          +0"
    )


class _Server(BaseHTTPRequestHandler):
    """Answers each path with what was recorded, and keeps what was asked."""

    def __init__(self, answers: dict[str, tuple[int, bytes]], asked: list[Any], *arguments: Any) -> None:
        self._answers, self._asked = answers, asked
        super().__init__(*arguments)

    def do_GET(self) -> None:
        split = urlsplit(self.path)
        self._asked.append((split.path, dict(parse_qsl(split.query))))
        status, body = self._answers.get(split.path, (404, b"no"))
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server calls it
        pass


@contextmanager
def serving(answers: dict[str, tuple[int, bytes]]) -> Iterator[tuple[str, list[Any]]]:
    asked: list[Any] = []
    with HTTPServer(("127.0.0.1", 0), partial(_Server, answers, asked)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


def test_a_server_that_says_no_or_leads_elsewhere_is_an_error_with_its_words() -> None:
    answers = {"/no": (500, b"out of \x1b[31mmemory\nmore"), "/away": (302, b""), "/yes": (200, b"{}")}
    with serving(answers) as (url, asked):
        assert telemetry_servers.ask("Kiali", f"{url}/yes", {"a": "b&c"}) == b"{}"
        with pytest.raises(TelemetryError, match=r"answers 500: out of \?\[31mmemory$"):
            telemetry_servers.ask("Kiali", f"{url}/no", {})
        with pytest.raises(TelemetryError, match="answers 302"):
            telemetry_servers.ask("Kiali", f"{url}/away", {})
    assert asked[0] == ("/yes", {"a": "b&c"})
    with pytest.raises(TelemetryError, match="does not answer: ConnectionError"):
        telemetry_servers.ask("Kiali", url, {})


def test_an_answer_without_end_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry_servers, "_LARGEST", 1000)
    with serving({"/": (200, b"x" * 5000)}) as (url, _), pytest.raises(TelemetryError, match="more than"):
        telemetry_servers.ask("Zipkin", f"{url}/", {})


@pytest.mark.parametrize("url", ["", "localhost:9090", "ftp://x", "http://", "http://x/?a=b", "http://[::1"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(TelemetryUrlError, match="is no URL of Prometheus"):
        telemetry_servers.checked("Prometheus", url)


@pytest.mark.e2e
def test_the_command_asks_kiali_for_the_time_of_the_run_and_names_what_differs(door: FrontDoor) -> None:
    service = {"nodeType": "service", "service": "reviews"}
    answer = graph(service, ("v2", "50.00"), ("v3", "50.00"))
    with serving({"/kiali/api/namespaces/graph": (200, answer)}) as (url, asked):
        done = door("verify", EXAMPLE, "--kiali", url, "--json")
    assert done.code == 1
    assert [version["agrees"] for version in done.json["servers"][0]["versions"]] == [False, False]
    run = RunFolder(EXAMPLE).read()
    assert run.ended
    ((path, parameters),) = asked
    assert (path, parameters["namespaces"], parameters["injectServiceNodes"]) == (
        "/kiali/api/namespaces/graph",
        "default",
        "true",
    )
    until, seconds = int(parameters["queryTime"]), int(parameters["duration"].rstrip("s"))
    assert until - seconds <= run.started < run.ended <= until


@pytest.mark.e2e
def test_without_a_server_the_command_says_which_there_are(door: FrontDoor) -> None:
    done = door("verify", EXAMPLE)
    assert (done.code, done.error) == (2, "name a server: --prometheus, --kiali or --zipkin")
    gone = door("verify", EXAMPLE, "--zipkin", "http://127.0.0.1:1")
    assert (gone.code, gone.error) == (
        4,
        "Zipkin at http://127.0.0.1:1/api/v2/traces does not answer: ConnectionError",
    )
