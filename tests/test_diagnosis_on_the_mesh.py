"""Causes of a wrong split made on real Envoys: each is named first or second, and a correct mesh has none."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import requests as http
from readers import ask, begun, ended, reader

from analyzer import tag
from analyzer.diagnosis.findings import Finding
from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.records import Outcome, Request, Weights
from analyzer.run.folder import Promise, RunFolder
from setup import documents, routes
from setup.documents import Document
from setup.local import folder as folders
from setup.local.bookinfo import control
from setup.local.bookinfo.faults import Fault
from setup.local.envoy import discovery
from setup.local.envoy.translation import translate
from setup.local.mesh import LocalMesh
from setup.local.standing import Layout
from setup.local.topology import OUTBOUND_PORT, topology

pytestmark = pytest.mark.e2e

NAME = "diagnosis"
HALVES = Weights.parse("v2=50,v3=50")
CANARY = Weights.parse("v2=70,v3=30")
PAGES = 240
READERS = 4


@pytest.fixture(scope="module")
def ward() -> Iterator[LocalMesh]:
    """One mesh for every scenario, with two pods of productpage."""
    with tempfile.TemporaryDirectory(prefix="wb-") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEIGHBRIDGE_HOME", home)
        mesh = LocalMesh(NAME, Layout(replicas={"productpage-v1": 2}))
        mesh.up()
        yield mesh
        mesh.down()


@pytest.fixture
def clinic(ward: LocalMesh, tmp_path: Path) -> Iterator[Clinic]:
    yield Clinic(ward, RunFolder(tmp_path / "run"))
    control.clear_faults(ward.control_socket)
    ward.reset()


class Clinic:
    """Makes something wrong, reads pages, and asks why."""

    def __init__(self, mesh: LocalMesh, folder: RunFolder) -> None:
        self.mesh = mesh
        self.folder = folder
        folder.path.mkdir()

    def route(self, *found: Document) -> None:
        """Load the documents alone, however wrong."""
        self.mesh.reset()
        self.mesh.route(found, force=True)

    def read(
        self,
        weights: Weights = CANARY,
        pages: int = PAGES,
        within: float = 15,
        meanwhile: Callable[[int], None] = lambda _: None,
        before: str = "",
    ) -> Judgement:
        """Pages asked for by several readers; ``meanwhile`` is called before each quarter of them."""
        promise = Promise(weights, within, 0.01, 0.95, 2000)
        run, log = begun(self.mesh, "clinic", promise), self.mesh.access_log(self.folder.access_log)
        run = replace(run, documents=documents.dump(self.mesh.documents()), before=before)
        rows: list[Request] = []
        with closing(reader(self.mesh)) as session, ThreadPoolExecutor(READERS) as pool:
            for quarter in range(4):
                meanwhile(quarter)
                turns = range(quarter * pages // 4, (quarter + 1) * pages // 4)
                rows += pool.map(lambda seq: ask(self.mesh, "clinic", session, seq), turns)
        log.finish()
        ended(self.mesh, self.folder, run, rows)
        after = documents.dump(self.mesh.documents())
        kept = replace(self.folder.read(), documents=run.documents)
        self.folder.write(replace(kept, after=after if after != run.documents else None))
        return judge(self.folder)

    def serve_stale(self, weights: str, pods: int) -> list[str]:
        """Have some proxies of productpage serve other weights than the documents say; gives their pods."""
        here = topology(self.mesh._here().slot, 0, replicas=self.mesh.layout.replicas)
        stale = translate(documents.merge(self.mesh.documents(), routes.split(Weights.parse(weights))), here)
        chosen = [pod for pod in here.pods if pod.labels["app"] == "productpage"][:pods]
        proxies = self.mesh._proxies()
        for pod in chosen:
            text = discovery.files(stale[pod.name])[discovery.ROUTES_FILE]
            folders.replace(folders.mesh_folder(NAME).proxy(pod.name) / discovery.ROUTES_FILE, text)
            wanted = discovery.version(text)
            deadline = time.monotonic() + 10
            while not any(
                wanted == value for value in proxies.admin(pod.name).stats(r"version_text$").values()
            ):
                assert time.monotonic() < deadline
                time.sleep(0.01)
        return [pod.name for pod in chosen]


def virtual_service(name: str = "reviews", namespace: str = "default", **spec: object) -> Document:
    return Document("VirtualService", namespace, name, {"hosts": ["reviews"], **spec}, "test")


def to(subset: str, weight: int | None = None) -> dict[str, object]:
    return {"destination": {"host": "reviews.default.svc.cluster.local", "subset": subset}} | (
        {} if weight is None else {"weight": weight}
    )


def rule(**labels: str) -> Document:
    """Subsets by name, each with the version that its pods are labelled with."""
    subsets = [{"name": name, "labels": {"version": version}} for name, version in labels.items()]
    return Document("DestinationRule", "default", "reviews", {"host": "reviews", "subsets": subsets}, "test")


SOUND = rule(v1="v1", v2="v2", v3="v3")
WEIGHTED = {"http": [{"route": [to("v2", 70), to("v3", 30)]}]}


def causes(judgement: Judgement) -> list[int]:
    return [one.cause for one in judgement.diagnosis.findings]


def named(judgement: Judgement, cause: int) -> Finding:
    """The finding, which must stand first or second."""
    assert cause in causes(judgement)[:2], judgement.diagnosis
    return next(one for one in judgement.diagnosis.findings if one.cause == cause)


def test_a_correct_mesh_has_no_cause(clinic: Clinic) -> None:
    clinic.route(*routes.split(CANARY))
    judgement = clinic.read(pages=400)
    assert judgement.outcome is Outcome.PASS
    assert judgement.diagnosis.findings == ()


WRONG_DOCUMENTS = {
    "host": (4, [virtual_service(hosts=["ratings"], **WEIGHTED), SOUND]),
    "namespace": (5, [virtual_service(namespace="canary", **WEIGHTED), SOUND]),
    "gateway": (6, [virtual_service(gateways=["bookinfo-gateway"], **WEIGHTED), SOUND]),
    "undefined subset": (7, [virtual_service(**WEIGHTED), rule(v1="v1", v2="v2")]),
    "two of one host": (
        13,
        [virtual_service("old", http=[{"route": [to("v1")]}]), virtual_service("new", **WEIGHTED), SOUND],
    ),
    "earlier match": (
        14,
        [
            virtual_service(
                http=[{"match": [{"uri": {"prefix": "/reviews"}}], "route": [to("v1")]}, *WEIGHTED["http"]]
            ),
            SOUND,
        ],
    ),
    "no weight": (15, [virtual_service(http=[{"route": [to("v2", 70), to("v3")]}]), SOUND]),
    "other weights": (31, [virtual_service(http=[{"route": [to("v2", 30), to("v3", 70)]}]), SOUND]),
    "no weights": (29, [SOUND]),
    "hashed": (
        18,
        [
            Document(
                "DestinationRule",
                "default",
                "reviews",
                {
                    "host": "reviews",
                    "trafficPolicy": {"loadBalancer": {"consistentHash": {"useSourceIp": True}}},
                },
                "test",
            )
        ],
    ),
}


@pytest.mark.parametrize(("cause", "wrong"), WRONG_DOCUMENTS.values(), ids=WRONG_DOCUMENTS)
def test_documents_that_send_calls_elsewhere_are_named(
    clinic: Clinic, cause: int, wrong: list[Document]
) -> None:
    clinic.route(*wrong)
    judgement = clinic.read()
    assert judgement.split.outcome in (Outcome.FAIL, Outcome.UNDECIDED)
    assert named(judgement, cause).proven


def test_a_subset_without_pods_is_named(clinic: Clinic) -> None:
    clinic.route(virtual_service(**WEIGHTED), rule(v2="v2", v3="v9"))
    found = named(clinic.read(), 8)
    assert found.told == "subset v3 selects version=v9, and no pod of reviews.default has that"


def test_subsets_that_select_the_same_pods_are_named(clinic: Clinic) -> None:
    clinic.route(virtual_service(**WEIGHTED), rule(v2="v2", v3="v2"))
    found = named(clinic.read(), 9)
    assert found.told.endswith("; subset v3 selects version=v2")
    assert found.evidence[-1].endswith(" pages show another version than the proxy called")


def test_too_small_a_sample_is_named(clinic: Clinic) -> None:
    clinic.route(*routes.split(HALVES))
    found = named(clinic.read(HALVES, pages=40, within=5), 1)
    assert found.told == (
        "the sample is too small: 40 calls, where being certain within 5 points takes up to 2,000"
    )


def test_a_proxy_that_serves_the_weights_of_before_is_named(clinic: Clinic) -> None:
    clinic.route(*routes.split(Weights.parse("v2=10,v3=90")))
    before = documents.dump(clinic.mesh.documents())
    clinic.route(*routes.split(CANARY))
    stale = clinic.serve_stale("v2=10,v3=90", 1)
    found = named(clinic.read(before=before), 16)
    assert (
        found.told
        == f"the caller pods do not split alike: {stale[0]} did not take the routes that the others have"
    )
    assert f"{stale[0]} fits the weights of before (v2 10 %, v3 90 %)" in found.evidence[-1]


def test_proxies_that_all_serve_the_weights_of_before_are_named(clinic: Clinic) -> None:
    clinic.route(*routes.split(Weights.parse("v1=30,v2=70")))
    before = documents.dump(clinic.mesh.documents())
    clinic.route(*routes.split(CANARY))
    clinic.serve_stale("v1=30,v2=70", 2)
    found = named(clinic.read(before=before), 16)
    assert found.told == (
        "the proxies still serve the weights of before (v1 30 %, v2 70 %): they did not take the new ones"
    )


def test_calls_of_before_the_routes_were_in_force_are_named(clinic: Clinic) -> None:
    clinic.route(*routes.split(CANARY))

    def propagate(quarter: int) -> None:
        if quarter in (0, 2):
            clinic.serve_stale("v2=10,v3=90" if not quarter else str(CANARY), 2)

    found = named(clinic.read(meanwhile=propagate), 17)
    assert found.told.startswith("old routes were still served for the first 1")


def test_weights_that_somebody_else_changes_meanwhile_are_named(clinic: Clinic) -> None:
    clinic.route(*routes.split(CANARY))

    def interfere(quarter: int) -> None:
        if quarter == 2:
            clinic.mesh.route(routes.split(Weights.parse("v2=10,v3=90")))

    found = named(clinic.read(meanwhile=interfere), 25)
    assert found.told == "VirtualService reviews was changed while the load ran, by somebody else"
    assert found.evidence[0] == "at the start v2 70 %, v3 30 %, at the end v2 10 %, v3 90 %"


def test_a_version_that_fails_and_the_retries_that_hide_it_are_named(clinic: Clinic) -> None:
    clinic.route(*routes.split(HALVES))
    control.set_fault(clinic.mesh.control_socket, Fault("reviews", "v3", 503, 1.0, 0.0))
    judgement = clinic.read(HALVES)
    assert causes(judgement) == [20, 19]
    unhealthy, hidden = judgement.diagnosis.findings
    assert unhealthy.evidence[0].endswith(
        f" to v3 failed (no flag: the application itself {judgement.by_proxy['v3']:,})"
    )
    assert hidden.evidence[1].startswith("pages show v2 100 %; the proxies drew v2 ")


def test_pods_that_outlier_detection_ejected_are_named(clinic: Clinic) -> None:
    ejecting = replace(
        SOUND,
        spec=SOUND.spec
        | {"trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 3, "maxEjectionPercent": 100}}},
    )
    clinic.route(virtual_service(http=[{"route": [to("v2", 50), to("v3", 50)]}]), ejecting)
    control.set_fault(clinic.mesh.control_socket, Fault("reviews", "v3", 503, 1.0, 0.0))
    found = named(clinic.read(HALVES), 20)
    assert found.evidence[1].startswith("DestinationRule reviews has outlierDetection: it ejected the pods, ")


def test_fault_injection_is_named(clinic: Clinic) -> None:
    fault = {"abort": {"httpStatus": 500, "percentage": {"value": 20}}}
    clinic.route(virtual_service(http=[{"fault": fault, **WEIGHTED["http"][0]}]), SOUND)
    found = named(clinic.read(), 21)
    assert found.told == "VirtualService reviews injects faults into calls to reviews.default"
    assert found.evidence[0].endswith(" aborted (FI)")


def test_calls_to_a_pods_own_address_are_named(clinic: Clinic) -> None:
    clinic.route(*routes.split(CANARY))
    caller = next(pod for pod in clinic.mesh.pods() if pod.labels["app"] == "productpage")
    called = next(pod for pod in clinic.mesh.pods() if pod.labels["app"] == "reviews")

    def past(quarter: int) -> None:
        for seq in range(10):
            agent = tag.user_agent(tag.Tag("clinic", 0, 10 * quarter + seq))
            http.get(
                f"http://{caller.ip}:{OUTBOUND_PORT}/reviews/0",
                headers={"Host": f"{called.ip}:9080", "User-Agent": agent},
                timeout=10,
            )

    found = named(clinic.read(meanwhile=past), 24)
    assert f"to {called.ip}:9080: weights act on calls of the service's name" in found.told


@pytest.mark.parametrize("kept", [0.5, 0.0], ids=["half of a log", "no log"])
def test_lines_that_are_lost_are_named(clinic: Clinic, kept: float) -> None:
    clinic.route(*routes.split(CANARY))
    clinic.read()
    for pod in clinic.folder.read().pods_of("productpage"):
        log = clinic.folder.log_of(pod)
        lines = log.read_bytes().splitlines(keepends=True)
        log.write_bytes(b"".join(lines[: int(kept * len(lines))]))
    silent = "no proxy of productpage logged a call: its access log is off, or calls do not pass its sidecar"
    assert (named(judge(clinic.folder), 26).told == silent) is (not kept)


def test_a_gateway_that_lets_no_page_in_is_named(clinic: Clinic) -> None:
    (page,) = (one for one in clinic.mesh.documents() if one.kind == "VirtualService")
    clinic.route(replace(page, spec=page.spec | {"gateways": ["nowhere"]}), *routes.split(CANARY))
    told = named(clinic.read(pages=40), 27).told
    assert told.endswith(": VirtualService bookinfo is bound to Gateway default/nowhere, and there is none")
