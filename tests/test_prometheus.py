"""A real Prometheus beside the local mesh counts what the proxies' logs say, under Istio's names."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from front_door import FrontDoor
from jsonschema import Draft202012Validator

from analyzer.access_log.cluster import Direction, cluster
from analyzer.access_log.entries import Account, entries
from analyzer.current import current
from analyzer.reconcile.telemetry import Telemetry
from analyzer.run.folder import RunFolder

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no Prometheus here: apt-get install prometheus"
)
pytestmark = [pytest.mark.e2e, needs_prometheus]

DASHBOARD = Path(__file__).parent.parent / "setup" / "manifests" / "grafana-weighbridge.json"
SCHEMA = Path(__file__).parent.parent / "analyzer" / "schemas" / "verify.schema.json"
CALLS = (
    'istio_requests_total{reporter="source",source_workload="productpage-v1",'
    'destination_service_name="reviews"}'
)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    """A mesh with two pods of v2, and its Prometheus."""
    with tempfile.TemporaryDirectory(prefix="wb-") as home:
        door = FrontDoor(Path(home), tmp_path_factory.mktemp("cwd"))
        up = door.start("up", "--prometheus", "--replicas", "reviews-v2=2")
        up.until(lambda: up.said("Ctrl-C ends it"))
        yield door
        up.interrupt()
        up.done()  # asserts that nothing is left
        door.close()


def prometheus(door: FrontDoor) -> str:
    (mesh,) = door("status", "--json").json["meshes"]
    url: str = mesh["prometheus"]
    return url


def query(door: FrontDoor, promql: str, at: str | None = None) -> list[dict[str, Any]]:
    url = f"{at or prometheus(door)}/api/v1/query"
    answer = requests.get(url, params={"query": promql}, timeout=10).json()
    assert answer["status"] == "success", answer
    result: list[dict[str, Any]] = answer["data"]["result"]
    return result


def by(label: str, result: list[dict[str, Any]]) -> Counter[str]:
    return Counter({one["metric"].get(label, ""): int(float(one["value"][1])) for one in result})


def until(found: Callable[[], object], wanted: object) -> None:
    """A scrape comes every two seconds."""
    deadline = time.monotonic() + 20
    while (seen := found()) != wanted:
        assert time.monotonic() < deadline, f"{seen} never became {wanted}"
        time.sleep(0.2)


def logged(folder: RunFolder) -> Counter[tuple[str, str, str]]:
    """How often each log of the run has a line with that reporter, service and code."""
    found: Counter[tuple[str, str, str]] = Counter()
    for pod in folder.read().pods:
        path = folder.log_of(pod)
        with path.open("rb") as stream:
            for entry in entries(stream, Account(), pod.name):
                called = cluster(entry.upstream_cluster)
                inbound = called.direction is Direction.INBOUND
                service = pod.labels["app"] if inbound else (called.host or "-").split(".")[0]
                found["destination" if inbound else "source", service, str(entry.response_code)] += 1
    return found


def test_every_proxy_and_the_runs_are_scraped(watched: FrontDoor) -> None:
    url = prometheus(watched)
    until(lambda: by("job", query(watched, "sum by (job) (up)", url)), {"istio-proxy": 8, "weighbridge": 1})


def test_its_counts_are_those_of_the_logs_per_version_service_and_code(watched: FrontDoor) -> None:
    url = prometheus(watched)
    versions = f"sum by (destination_version) ({CALLS})"
    hops = "sum by (reporter, destination_service_name, response_code) (istio_requests_total)"

    def counted() -> Counter[tuple[str, ...]]:
        names = ("reporter", "destination_service_name", "response_code")
        found = query(watched, hops, url)
        return Counter({tuple(o["metric"][n] for n in names): int(float(o["value"][1])) for o in found})

    until(lambda: len(counted()) > 0, True)
    time.sleep(2.5)  # one more scrape: the mesh asked for a page to see that it stands
    before, hops_before = by("destination_version", query(watched, versions, url)), counted()
    watched("fault", "reviews-v3", "--status", "503", "--share", "30")
    done = watched("run", "v2=90,v3=10", "--requests", "400", "--to-the-end", "--out", "counted", "--json")
    watched("fault", "--clear")
    by_proxy = done.json["witnesses"]["proxy"]
    until(lambda: by("destination_version", query(watched, versions, url)) - before, Counter(by_proxy))
    until(lambda: counted() - hops_before, logged(RunFolder(watched.cwd / "counted")))


def test_a_run_keeps_what_the_proxies_counted_meanwhile_and_it_is_what_they_logged(
    watched: FrontDoor,
) -> None:
    folder = RunFolder(watched.cwd / "counted")
    telemetry = Telemetry.read(folder)
    assert telemetry
    assert telemetry.missing == ()
    hops: Counter[tuple[str, str, str]] = Counter()
    for series, count in telemetry.counted.items():
        service = series.destination_service.split(".")[0]
        hops[series.reporter, service, str(series.response_code)] += count
    assert hops == logged(folder)


def test_verify_agrees_with_the_mesh_s_own_prometheus_to_the_last_call(watched: FrontDoor) -> None:
    """It is the one that the run recorded; the run of before had calls that failed and were asked again."""
    done = watched("verify", "counted", "--json")
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(done.json)
    (server,) = done.json["servers"]
    assert (done.code, server["server"], server["outcome"]) == (0, "prometheus", "pass")
    assert {version["version"]: version["difference"] for version in server["versions"]} == {"v2": 0, "v3": 0}


def test_verify_names_the_version_of_a_line_that_is_missing(watched: FrontDoor) -> None:
    shutil.copytree(watched.cwd / "counted", watched.cwd / "cut")
    (log,) = (watched.cwd / "cut" / "access-log").glob("productpage-*/istio-proxy.log")
    lines = log.read_text().splitlines(keepends=True)
    lines.remove(next(line for line in lines if "|v3|reviews" in line))
    log.write_text("".join(lines))
    done = watched("verify", "cut", "--prometheus", prometheus(watched))
    assert done.code == 1
    assert [line.split()[0] for line in done.out.splitlines() if "differs" in line] == ["v3"]


def test_a_run_tells_how_it_stands_while_it_lasts_and_afterwards(watched: FrontDoor) -> None:
    url = prometheus(watched)
    arguments = ("run", "v2=90,v3=10", "--time", "60", "--rate", "100", "--to-the-end", "--json")
    run = watched.start(*arguments, "--out", "told")
    until(lambda: by("x", query(watched, "weighbridge_running", url)), {"": 1})
    until(lambda: by("version", query(watched, "weighbridge_weight", url)), {"v2": 90, "v3": 10})
    until(lambda: len(query(watched, "weighbridge_share > 0", url)), 2)
    live = watched.cwd / "told"
    assert current(RunFolder(live), time.time()).ended is None
    run.interrupt()
    judged = run.done().json
    until(lambda: by("x", query(watched, "weighbridge_running", url)), {"": 0})
    assert by("x", query(watched, "weighbridge_requests", url)) == {"": judged["requests"]}
    shown = {
        one["metric"]["version"]: float(one["value"][1]) for one in query(watched, "weighbridge_share", url)
    }
    assert shown == {share["version"]: pytest.approx(share["seen"]) for share in judged["shares"]}
    (verdict,) = query(watched, "weighbridge_verdict == 1", url)
    assert verdict["metric"]["verdict"] == judged["verdict"]


def test_every_query_of_the_dashboard_finds_something(watched: FrontDoor) -> None:
    url = prometheus(watched)
    queries = [
        target["expr"].replace("$__rate_interval", "1m")
        for panel in json.loads(DASHBOARD.read_text())["panels"]
        for target in panel["targets"]
    ]
    assert len(queries) == 15
    for promql in queries:
        until(lambda promql=promql: bool(query(watched, promql, url)), True)


def test_a_series_has_the_labels_that_istio_gives_it(watched: FrontDoor) -> None:
    (version,) = query(watched, CALLS.replace("}", ',destination_version="v2",response_code="200"}'))
    assert version["metric"] == {
        "__name__": "istio_requests_total",
        "reporter": "source",
        "source_workload": "productpage-v1",
        "source_workload_namespace": "default",
        "source_principal": "unknown",
        "source_app": "productpage",
        "source_version": "v1",
        "source_cluster": "Kubernetes",
        "source_canonical_service": "productpage",
        "source_canonical_revision": "v1",
        "destination_workload": "reviews-v2",
        "destination_workload_namespace": "default",
        "destination_principal": "unknown",
        "destination_app": "reviews",
        "destination_version": "v2",
        "destination_cluster": "Kubernetes",
        "destination_canonical_service": "reviews",
        "destination_canonical_revision": "v2",
        "destination_service": "reviews.default.svc.cluster.local",
        "destination_service_name": "reviews",
        "destination_service_namespace": "default",
        "request_protocol": "http",
        "response_code": "200",
        "response_flags": "-",
        "connection_security_policy": "unknown",
        "instance": version["metric"]["instance"],
        "job": "istio-proxy",
        "app": "productpage",
        "namespace": "default",
        "pod": version["metric"]["pod"],
    }


def test_durations_lie_in_istios_buckets(watched: FrontDoor) -> None:
    """The defaults of Envoy, which Istio leaves as they are; a histogram is merged every five seconds."""
    of = "istio_request_duration_milliseconds"
    selected = CALLS.partition("{")[2]
    url = prometheus(watched)
    until(
        lambda: sum(by("x", query(watched, f"sum({of}_count{{{selected})", url)).values()),
        sum(by("x", query(watched, f"sum({CALLS})", url)).values()),
    )
    buckets = query(watched, f"sum by (le) ({of}_bucket{{{selected})", url)
    assert sorted(float(one["metric"]["le"]) for one in buckets) == [
        *(0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6, 3.6e6),
        float("inf"),
    ]


def test_a_call_that_reaches_no_pod_has_an_unknown_destination(watched: FrontDoor) -> None:
    (mesh,) = watched("status", "--json").json["meshes"]
    assert requests.get(f"{mesh['url']}/no-such-page", timeout=10).status_code == 404
    lost = 'istio_requests_total{source_workload="istio-ingressgateway",response_code="404"}'
    until(lambda: len(query(watched, lost)), 1)
    (one,) = query(watched, lost)
    assert (one["metric"]["destination_workload"], one["metric"]["destination_service"]) == (
        "unknown",
        "unknown",
    )
    assert one["metric"]["response_flags"] == "NR"


def test_the_metrics_port_shows_nothing_else_of_the_proxy(watched: FrontDoor) -> None:
    targets = requests.get(f"{prometheus(watched)}/api/v1/targets", timeout=10).json()["data"][
        "activeTargets"
    ]
    door = next(one["scrapeUrl"] for one in targets if one["labels"]["app"] == "reviews")
    root = door.removesuffix("/stats/prometheus")
    shown = requests.get(f"{door}?filter=server&format=json", timeout=10)
    assert (shown.status_code, shown.text) == (200, requests.get(door, timeout=10).text)
    asked = [requests.get(f"{root}/{path}", timeout=10) for path in ("config_dump", "stats", "")]
    assert [answer.status_code for answer in asked] == [404, 404, 404]
    assert requests.post(f"{root}/quitquitquit", timeout=10).status_code == 404


def test_without_a_prometheus_the_mesh_is_refused_and_told_what_to_install(door: FrontDoor) -> None:
    done = door("up", "--prometheus", WEIGHBRIDGE_PROMETHEUS="/nowhere/prometheus")
    assert (done.code, done.error) == (2, "WEIGHBRIDGE_PROMETHEUS=/nowhere/prometheus is no program")
    done = door("up", "--prometheus", PATH="/nowhere")
    assert (done.code, done.error) == (2, "no Prometheus on this machine")
    assert "apt-get install prometheus" in done.hint
