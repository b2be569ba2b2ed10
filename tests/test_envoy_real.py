"""Real Envoys take the configuration that documents become, and do what Istio's would."""

from __future__ import annotations

import http.client
import itertools
import json
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analyzer.records import Weights
from setup.documents import Document, read_file
from setup.local.envoy.bootstrap import bootstrap
from setup.local.envoy.translation import translate
from setup.local.mesh import LocalMesh
from setup.local.owner import envoy_binary
from setup.local.standing import Layout
from setup.local.topology import OUTBOUND_PORT, topology
from setup.mesh import Pod
from setup.routes import split
from setup.schema.expressions import is_re2

pytestmark = pytest.mark.e2e
EVERY_FIELD = Path(__file__).parent / "documents" / "every_field.yaml"
PRODUCTPAGE = topology(7, 8080).sidecars[-1].pod
REVIEWS = "reviews.default.svc.cluster.local"


def whole(pod: Pod, documents: tuple[Document, ...]) -> dict[str, Any]:
    """A bootstrap with clusters and routes in it: validation does not open other files."""
    mesh = topology(7, 8080)
    nowhere = Path("/nowhere")
    config = bootstrap(pod, mesh, admin_socket=nowhere / "admin", folder=nowhere, log=Path("/dev/null"))
    translated = translate(documents, mesh)[pod.name]
    del config["dynamic_resources"]
    static = config["static_resources"]
    static["clusters"] = [*static.get("clusters", []), *translated.clusters]
    for listener in static["listeners"]:
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        if manager.pop("rds", None):
            manager["route_config"] = translated.routes
    return config


def validated(*documents: Document, folder: Path, pod: Pod = PRODUCTPAGE) -> subprocess.CompletedProcess[str]:
    file = folder / "envoy.json"
    file.write_text(json.dumps(whole(pod, documents)))
    command = [envoy_binary(), "--mode", "validate", "-c", file]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("pod", topology(7, 8080).pods, ids=lambda pod: pod.labels["app"])
def test_every_field_is_one_that_envoy_takes(pod: Pod, tmp_path: Path) -> None:
    done = validated(*read_file(EVERY_FIELD), folder=tmp_path, pod=pod)
    complaints = [
        line for line in done.stderr.splitlines() if re.search(r"\[(warning|error|critical)\]", line)
    ]
    assert (done.returncode, complaints) == (0, [])


EXPRESSIONS = [
    ".*",
    "(?i)a|b",
    "(?<n>a)",
    r"\pL+[[:alpha:]]",
    "a{1000}",
    "(one|two|three){100}",
    "a(?=b)",
    "a++",
    "(",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_is_taken_by_envoy_or_refused_beforehand(expression: str, tmp_path: Path) -> None:
    """The same judgement, reached without RE2; its size may be what Istio allows."""
    rule = {"match": [{"uri": {"regex": expression}}], "directResponse": {"status": 200}}
    assert (validated(virtual_service(rule), folder=tmp_path).returncode == 0) is is_re2(expression)


@dataclass(frozen=True, slots=True)
class Call:
    """One call by productpage's application: what came back, and what each proxy wrote of it."""

    status: int
    headers: Mapping[str, str]
    body: str
    lines: Mapping[str, list[str]]

    @property
    def line(self) -> str:
        """The line of the caller's own proxy."""
        (line,) = self.lines["outbound"]
        return line

    @property
    def version(self) -> str:
        return str(json.loads(self.body)["podname"].split("-")[1])


class Caller:
    """Calls services as productpage's application does: through the outbound side of its own proxy."""

    def __init__(self, mesh: LocalMesh, folder: Path) -> None:
        self.mesh = mesh
        self.folder = folder
        self._number = itertools.count()
        (self.pod,) = [pod for pod in mesh.pods() if pod.labels["app"] == "productpage"]

    def __call__(self, path: str = "/reviews/0", host: str = "reviews:9080", **headers: str) -> Call:
        tag = f"call-{next(self._number)}"
        log = self.mesh.access_log(self.folder / tag)
        sent = {"host": host, "user-agent": tag, **{name.replace("_", "-"): v for name, v in headers.items()}}
        with closing(http.client.HTTPConnection(self.pod.ip, OUTBOUND_PORT, timeout=10)) as connection:
            connection.request("GET", path, headers=sent)
            answer = connection.getresponse()
            body = answer.read().decode()
        log.finish()
        return Call(answer.status, dict(answer.getheaders()), body, self._lines(tag))

    def _lines(self, tag: str) -> dict[str, list[str]]:
        """The call's lines: of the caller's proxy, and of every pod by its app and version."""
        found: dict[str, list[str]] = {}
        for pod in self.mesh.pods():
            for file in (self.folder / tag / pod.name).iterdir():
                lines = [line for line in file.read_text().split("\n") if f'"{tag}"' in line]
                who = "outbound" if pod == self.pod else "-".join(pod.name.split("-")[:2])
                if lines:
                    found.setdefault(who, []).extend(lines)
        return found


@pytest.fixture(scope="module")
def shared_mesh() -> Iterator[LocalMesh]:
    with pytest.MonkeyPatch.context() as environment, tempfile.TemporaryDirectory(prefix="wb-") as home:
        environment.setenv("WEIGHBRIDGE_HOME", home)
        mesh = LocalMesh("routing", Layout())
        mesh.up()
        yield mesh
        mesh.down()


@pytest.fixture
def call(shared_mesh: LocalMesh, tmp_path: Path) -> Iterator[Caller]:
    yield Caller(shared_mesh, tmp_path)
    shared_mesh.reset()


def virtual_service(*rules: dict[str, Any], **spec: Any) -> Document:
    return Document(
        "VirtualService", "default", "reviews", {"hosts": ["reviews"], "http": list(rules), **spec}, "t"
    )


def to(subset: str, **more: Any) -> dict[str, Any]:
    return {"destination": {"host": "reviews", "subset": subset}, **more}


SUBSETS = split(Weights.parse("v1=1"))[0]


def test_without_documents_the_route_is_called_default(call: Caller) -> None:
    """So a line with route ``default`` proves that no weights are in force on that proxy."""
    line = call().line
    assert f" outbound|9080||{REVIEWS} " in line
    assert line.endswith(" - default")


def test_weights_choose_the_cluster_and_the_line_names_it(call: Caller) -> None:
    """300 calls at 90/10: between 5 and 63 go to v3, or the alarm is false with less than 10^-8."""
    call.mesh.route(split(Weights.parse("v2=90,v3=10")))
    log = call.mesh.access_log(call.folder / "many")
    with closing(http.client.HTTPConnection(call.pod.ip, OUTBOUND_PORT, timeout=10)) as connection:
        for _ in range(300):
            connection.request("GET", "/reviews/0", headers={"host": "reviews:9080"})
            connection.getresponse().read()
    log.finish()
    (file,) = (call.folder / "many" / call.pod.name).iterdir()
    clusters = [line.rsplit(" ", 6)[1] for line in file.read_text().splitlines()]
    v2, v3 = (clusters.count(f"outbound|9080|{subset}|{REVIEWS}") for subset in ("v2", "v3"))
    assert v2 + v3 == len(clusters) == 300
    assert 5 <= v3 <= 63


def test_a_host_that_is_no_service_is_blocked(call: Caller) -> None:
    done = call(host="nobody:9080")
    assert done.status == 502
    assert done.line.endswith(" - block_all")


@pytest.mark.parametrize("host", ["reviews", "reviews.default", "reviews.default.svc", REVIEWS, "reviews:80"])
def test_a_service_answers_to_every_name_it_has(call: Caller, host: str) -> None:
    assert call(host=host).status == 200


def test_a_subset_that_nobody_defined_is_no_cluster(call: Caller) -> None:
    call.mesh.route([virtual_service({"route": [to("v9")]})], force=True)
    done = call()
    assert (done.status, " 503 NC cluster_not_found " in done.line) == (503, True)


def test_a_subset_without_pods_has_no_upstream(call: Caller) -> None:
    call.mesh.route(split(Weights.parse("v4=1")), force=True)
    done = call()
    assert (done.status, " 503 UH no_healthy_upstream " in done.line) == (503, True)
    assert f"outbound|9080|v4|{REVIEWS}" in done.line


def test_a_header_takes_its_user_out_of_the_split(call: Caller) -> None:
    jason = {"name": "jason", "match": [{"headers": {"end-user": {"exact": "jason"}}}], "route": [to("v2")]}
    call.mesh.route([SUBSETS, virtual_service(jason, {"route": [to("v1")]})])
    done = call(end_user="jason")
    assert (done.version, done.line.rpartition(" ")[2]) == ("v2", "jason")
    assert call().version == "v1"


@pytest.mark.parametrize(
    ("match", "path", "expected"),
    [
        ({"uri": {"prefix": "/reviews"}, "ignoreUriCase": True}, "/REVIEWS/0", True),
        ({"uri": {"prefix": "/reviews"}}, "/REVIEWS/0", False),
        ({"uri": {"regex": "/reviews/[0-9]+"}}, "/reviews/12", True),
        ({"uri": {"regex": "/reviews/[0-9]"}}, "/reviews/12", False),
        ({"queryParams": {"a": {"exact": "1"}}}, "/reviews/0?a=1", True),
        ({"queryParams": {"a": {"exact": "1"}}}, "/reviews/0?a=2", False),
        ({"queryParams": {"a": {}}}, "/reviews/0?b=1", False),
        ({"method": {"exact": "GET"}}, "/reviews/0", True),
        ({"authority": {"prefix": "reviews"}}, "/reviews/0", True),
        ({"scheme": {"exact": "https"}}, "/reviews/0", False),
        ({"withoutHeaders": {"x-a": {"exact": "1"}}}, "/reviews/0", True),
        ({"withoutHeaders": {"user-agent": {}}}, "/reviews/0", False),
        ({"sourceLabels": {"app": "productpage", "version": "v1"}}, "/reviews/0", True),
        ({"sourceLabels": {"app": "details"}}, "/reviews/0", False),
        ({"gateways": ["bookinfo-gateway"]}, "/reviews/0", False),
    ],
)
def test_a_match_takes_the_requests_that_it_describes(
    call: Caller, match: dict[str, Any], path: str, expected: bool
) -> None:
    hit = {"name": "hit", "match": [match], "directResponse": {"status": 418}}
    call.mesh.route(
        [virtual_service(hit, {"directResponse": {"status": 404}}, gateways=["bookinfo-gateway", "mesh"])]
    )
    assert (call(path).status == 418) is expected


def test_an_abort_names_the_version_that_was_chosen(call: Caller) -> None:
    fault = {"abort": {"percentage": {"value": 100}, "httpStatus": 555}}
    call.mesh.route([SUBSETS, virtual_service({"route": [to("v2")], "fault": fault})])
    done = call()
    assert (done.status, " 555 FI fault_filter_abort " in done.line) == (555, True)
    assert f'"-" outbound|9080|v2|{REVIEWS} ' in done.line


def test_a_delay_counts_in_the_duration(call: Caller) -> None:
    """Envoy's clock moves in steps of its event loop, so a few of the 120 ms may be missing."""
    fault = {"delay": {"percentage": {"value": 100}, "fixedDelay": "120ms"}}
    call.mesh.route([SUBSETS, virtual_service({"route": [to("v2")], "fault": fault})])
    line = call().line
    assert " 200 DI via_upstream " in line
    assert int(line.split(" via_upstream - ")[1].split()[3]) >= 110


def test_a_timeout_ends_the_request(call: Caller) -> None:
    """Version v2 asks ratings, which answers late."""
    late = {"delay": {"percentage": {"value": 100}, "fixedDelay": "400ms"}}
    rule = {"route": [{"destination": {"host": "ratings"}}], "fault": late}
    slow = Document("VirtualService", "default", "ratings", {"hosts": ["ratings"], "http": [rule]}, "test")
    call.mesh.route([SUBSETS, slow, virtual_service({"route": [to("v2")], "timeout": "100ms"})])
    done = call()
    assert (done.status, " 504 UT response_timeout " in done.line) == (504, True)


def test_a_mirror_shows_at_its_pod_and_not_in_the_callers_line(call: Caller) -> None:
    """The caller does not wait for the copy, whose line may so come too late for one call."""
    mirror = {"host": "reviews", "subset": "v3"}
    call.mesh.route([SUBSETS, virtual_service({"route": [to("v2")], "mirror": mirror})])
    for _ in range(50):
        done = call()
        assert f"outbound|9080|v2|{REVIEWS}" in done.line
        copies = [line for line in done.lines.get("reviews-v3", ()) if " inbound|9080|| " in line]
        if copies:
            break
    assert '"reviews:9080"' in copies[0]


def test_a_rewrite_shows_at_the_pod(call: Caller) -> None:
    """The lines keep the path that was asked for; the answer tells the one that was served."""
    rewrite = {"uri": "/reviews/7", "authority": "other.example.com"}
    rule = {"match": [{"uri": {"exact": "/a"}}], "route": [to("v1")], "rewrite": rewrite}
    call.mesh.route([SUBSETS, virtual_service(rule)])
    done = call("/a")
    assert json.loads(done.body)["id"] == "7"
    for line in (done.line, *done.lines["reviews-v1"]):
        assert ('"GET /a HTTP/1.1" 200 ' in line, '"other.example.com"' in line) == (True, True)


def test_a_redirect_sends_the_caller_elsewhere(call: Caller) -> None:
    call.mesh.route(
        [virtual_service({"redirect": {"uri": "/x", "authority": "a.example.com", "redirectCode": 307}})]
    )
    done = call()
    assert (done.status, done.headers["location"]) == (307, "http://a.example.com/x")


def test_headers_are_changed_on_the_way_back(call: Caller) -> None:
    headers = {"response": {"set": {"x-a": "1"}, "remove": ["x-envoy-upstream-service-time"]}}
    weighted = {"response": {"add": {"x-b": "%RESPONSE_CODE%"}}}
    call.mesh.route([SUBSETS, virtual_service({"route": [to("v1", headers=weighted)], "headers": headers})])
    found = call().headers
    assert (found["x-a"], found["x-b"], found.get("x-envoy-upstream-service-time")) == ("1", "200", None)


def test_cors_answers_a_preflight(call: Caller) -> None:
    cors = {"allowOrigins": [{"exact": "https://a.example.com"}], "allowMethods": ["GET"]}
    call.mesh.route([SUBSETS, virtual_service({"route": [to("v1")], "corsPolicy": cors})])
    assert (
        call(origin="https://a.example.com").headers["access-control-allow-origin"] == "https://a.example.com"
    )
    assert "access-control-allow-origin" not in call(origin="https://b.example.com").headers


def test_a_consistent_hash_keeps_a_user_on_one_pod(call: Caller) -> None:
    """Three pods and no split: the odds that ten calls meet by chance are 1 in 20 000."""
    spec = {
        "host": "reviews",
        "trafficPolicy": {"loadBalancer": {"consistentHash": {"httpHeaderName": "end-user"}}},
    }
    call.mesh.route([Document("DestinationRule", "default", "reviews", spec, "test")])
    assert len({call(end_user="jason").version for _ in range(10)}) == 1
    assert len({call(end_user=f"user-{number}").version for number in range(30)}) == 3


def test_a_request_header_of_60_kb_passes_into_the_line(call: Caller) -> None:
    value = "a" * 59_000
    assert call(**{"x_long": value}).status == 200


def test_productpage_is_let_in_and_the_rest_is_not(call: Caller) -> None:
    with closing(http.client.HTTPConnection(call.mesh.url.removeprefix("http://"), timeout=10)) as connection:
        statuses = []
        for path in ("/productpage", "/api/v1/products/0/reviews", "/health"):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            statuses.append((answer.status, answer.getheader("server")))
    assert statuses == [(200, "istio-envoy"), (200, "istio-envoy"), (404, "istio-envoy")]
