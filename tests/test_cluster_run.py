"""Route, run, status, down on a cluster whose proxies are real Envoys: the same verbs, the same verdicts."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cluster_fixtures import service_account
from control_plane import ControlPlane
from front_door import PROVED, FrontDoor
from gone_on import gone_on_with
from node import Node
from ports import free_port
from test_json_schemas import COMPARE, check
from twin import twin

from analyzer.exit_codes import ExitCode
from analyzer.judge import judge
from analyzer.records import Weights
from analyzer.run.folder import RunFolder
from setup import documents
from setup.documents import Document

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def config(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plane.kubeconfig(tmp_path_factory.mktemp("twin") / "kubeconfig")


@pytest.fixture(scope="module")
def cluster(plane: ControlPlane, config: Path) -> Iterator[Node]:
    with tempfile.TemporaryDirectory(prefix="wb-") as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("WEIGHBRIDGE_HOME", home)
        patch.setenv("KUBECONFIG", str(config))
        with twin(plane) as node:
            yield node


@pytest.fixture(scope="module")
def account(cluster: Node, plane: ControlPlane, config: Path) -> Path:
    """A kubeconfig that may do what setup/manifests/rbac.yaml allows, and nothing else."""
    return service_account(plane, "default", config.with_name("account"))


@pytest.fixture
def door(account: Path, home: Path, tmp_path: Path) -> Iterator[FrontDoor]:
    """Every verb here acts as the service account of our manifest."""
    door = FrontDoor(home, tmp_path, {"KUBECONFIG": str(account)})
    yield door
    door.close()


def test_a_run_on_a_cluster_passes_where_its_proxies_keep_the_weights(door: FrontDoor) -> None:
    done = door("run", "v2=90,v3=10", "--mesh", "cluster", *PROVED, "--json", "--out", "run")
    assert done.code == 0, done.err
    assert done.json["verdict"] == "pass"
    assert done.json["unmatched"] == {"pages": 0, "calls": 0}
    run = RunFolder(door.cwd / "run").read()
    assert run.mesh is not None
    assert {key: run.mesh[key] for key in ("kind", "name", "istio")} == {
        "kind": "cluster",
        "name": "test/default",
        "istio": "1.30.3",
    }
    assert run.missing == ()
    assert run.live is not None
    assert sorted(pod.labels["app"] for pod in run.pods) == [
        "details",
        "istio-ingressgateway",
        "productpage",
        "ratings",
        "reviews",
        "reviews",
        "reviews",
    ]
    assert [one.kind for one in documents.read(run.documents, "run")] == ["DestinationRule", "VirtualService"]
    kept = {(one["kind"], one["metadata"]["name"]) for one in RunFolder(door.cwd / "run").objects()}
    assert {("Namespace", "default"), ("Service", "reviews"), ("VirtualService", "reviews")} <= kept
    assert done.json["diagnosis"]["causes"] == []
    again = door("analyze", "run", "--json")
    assert again.json["verdict"] == "pass"


def test_a_run_on_a_cluster_that_was_killed_is_gone_on_with_to_its_end(door: FrontDoor) -> None:
    asked = ("--mesh", "cluster", "--within", "5", "--requests", "400", "--to-the-end", "--rate", "50")
    gone_on_with(door, "v2=90,v3=10", *asked, pages=400)
    again = door("run", "--resume", "run")
    assert (again.code, again.error) == (2, "the load of the run is complete: 400 pages were asked for")


def test_a_run_on_a_cluster_that_serves_other_routes_by_now_is_not_gone_on_with(door: FrontDoor) -> None:
    assert door("route", "v2=90,v3=10", "--mesh", "cluster").code == 0
    asked = ("--mesh", "cluster", "--requests", "400", "--to-the-end", "--rate", "50")
    run = door.start("run", "--expect", "v2=90,v3=10", "--no-route", *asked, "--out", "run")
    run.until(lambda: any(door.cwd.glob("run/requests/*.parquet")))
    run.interrupt()
    assert run.done().code == ExitCode.UNDECIDED
    assert door("route", "v2=50,v3=50", "--mesh", "cluster").code == 0
    done = door("run", "--resume", "run")
    assert (done.code, done.error, done.hint) == (
        2,
        "the mesh test/default serves other routes than the run began with",
        "start a new run instead",
    )


def test_routes_are_in_force_at_every_proxy_when_the_verb_returns(door: FrontDoor) -> None:
    assert door("route", "v1=1,v3=1", "--mesh", "cluster").code == 0
    done = door(
        "run", "--expect", "v2=90,v3=10", "--no-route", "--mesh", "cluster", "--within", "8", "--json"
    )
    assert done.code == 1, done.err
    assert done.json["witnesses"]["proxy"].keys() <= {"v1", "v3"}
    assert done.json["diagnosis"]["causes"][0]["told"] == (
        "VirtualService reviews for reviews.default asks for other weights than promised: v1 50 %, v3 50 %, "
        "where v2=90,v3=10 was promised"
    )


def test_documents_that_do_not_fit_are_refused_before_anything_is_sent(
    door: FrontDoor, plane: ControlPlane, tmp_path: Path
) -> None:
    assert door("route", "v2=100", "--mesh", "cluster").code == 0
    path = "/apis/networking.istio.io/v1beta1/namespaces/default/virtualservices/reviews"
    before = plane.call("GET", path)
    for wrong, message in (
        ({"destination": {"host": "reviews"}, "weight": -1}, "-1"),
        ({"destination": {"host": "reviews"}, "weight": "ten"}, "ten"),
        ({"destination": {"host": "reviews", "subset": "v9"}}, "no DestinationRule defines v9"),
    ):
        route = [wrong, {"destination": {"host": "reviews", "subset": "v3"}, "weight": 1}]
        spec = {"hosts": ["reviews"], "http": [{"route": route}]}
        file = tmp_path / "wrong.yaml"
        file.write_text(documents.dump([Document("VirtualService", "default", "reviews", spec, "test")]))
        done = door("route", "-f", file, "--mesh", "cluster")
        assert done.code == 2
        assert message in done.error
    assert plane.call("GET", path) == before


@pytest.fixture
def theirs(door: FrontDoor, plane: ControlPlane) -> Iterator[str]:
    """The path of the VirtualService, which another tool owns; afterwards it is ours again."""
    assert door("route", "v2=100", "--mesh", "cluster").code == 0
    path = "/apis/networking.istio.io/v1beta1/namespaces/default/virtualservices/reviews"
    document = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews"},
        "spec": {"http": [{"route": [{"destination": {"host": "reviews", "subset": "v1"}}]}]},
    }
    plane.call(
        "PATCH", f"{path}?fieldManager=argo-rollouts&force=true", document, "application/apply-patch+yaml"
    )
    yield path
    assert door("route", "v2=100", "--mesh", "cluster", "--force").code == 0


@pytest.mark.usefixtures("theirs")
def test_a_route_that_another_tool_owns_is_explained_and_taken_over_by_force(door: FrontDoor) -> None:
    done = door("route", "v2=90,v3=10", "--mesh", "cluster")
    assert (done.code, done.error, done.hint) == (
        4,
        "VirtualService reviews: argo-rollouts owns .spec.http",
        "change it there, or take it over with `weighbridge route --force`",
    )
    assert door("route", "v2=90,v3=10", "--mesh", "cluster", "--force").code == 0


def test_two_configurations_are_compared_in_turn_and_the_routes_are_as_before(door: FrontDoor) -> None:
    """Six tenths of all calls go elsewhere, which three runs of each tell; errors there are none."""
    assert door("route", "v2=75,v3=25", "--mesh", "cluster").code == 0
    before = _mesh(door)["documents"]
    how = ("--rounds", "3", "--requests", "100", "--mesh", "cluster", "--json", "--out", "found")
    done = door.start("compare", "v2=90,v3=10", "v2=30,v3=70", *how).done(600)
    assert done.code == 0, done.err
    check(done.json, COMPARE)
    assert (done.json["rounds"], done.json["interleaved"]) == (3, True)
    assert done.json["warnings"] == ["3 rounds leave wide intervals; 5 or more tell much better"]
    words = {one["metric"]: one["word"] for one in done.json["differences"]}
    assert (words["share of v2"], words["share of v3"]) == ("less", "more")
    for name in ("01-A", "01-B", "02-B", "02-A", "03-A", "03-B"):
        judged = judge(RunFolder(door.cwd / "found" / name))
        assert judged.run.mesh is not None
        assert (judged.run.mesh["kind"], judged.run.missing) == ("cluster", ())
        assert judged.matching is not None
        assert (judged.matching.pages, judged.matching.exactly_one) == (100, 100)
        assert judged.run.documents != before
    assert _mesh(door)["documents"] == before


def test_a_comparison_changes_no_route_that_another_tool_owns_and_says_how_to_take_it_over(
    door: FrontDoor, plane: ControlPlane, theirs: str
) -> None:
    before = plane.call("GET", theirs)["spec"]
    done = door("compare", "v2=90,v3=10", "v2=30,v3=70", "--mesh", "cluster", "--out", "found")
    assert (done.code, done.out, done.error, done.hint) == (
        4,
        "",
        "VirtualService reviews: argo-rollouts owns .spec.http",
        "change it there, or take it over with `weighbridge route --force`",
    )
    assert plane.call("GET", theirs)["spec"] == before
    assert not (door.cwd / "found").exists()


def test_status_shows_address_pods_and_documents(door: FrontDoor) -> None:
    assert door("route", "v2=100", "--mesh", "cluster").code == 0
    mesh = _mesh(door)
    assert mesh["url"].startswith("http://127.0.0.1:")
    assert len(mesh["pods"]) == 7
    assert "kind: VirtualService" in mesh["documents"]


def _mesh(door: FrontDoor) -> dict[str, Any]:
    """What ``status`` shows of the cluster."""
    (mesh,) = door("status", "--mesh", "cluster", "--json").json["meshes"]
    found: dict[str, Any] = mesh
    return found


def test_where_no_address_leads_to_the_gateway_a_tunnel_does(
    door: FrontDoor, plane: ControlPlane, cluster: Node
) -> None:
    path = "/api/v1/namespaces/istio-system/services/istio-ingressgateway/status"
    address = plane.call("GET", path)["status"]["loadBalancer"]
    nowhere = {"status": {"loadBalancer": {"ingress": None}}}
    plane.call("PATCH", path, nowhere, "application/merge-patch+json")
    try:
        done = door("run", "v2=50,v3=50", "--mesh", "cluster", "--requests", "60", "--json", "--out", "run")
    finally:
        back = {"status": {"loadBalancer": address}}
        plane.call("PATCH", path, back, "application/merge-patch+json")
    assert "no address leads to the gateway from here: a tunnel to istio-ingressgateway-" in done.err
    assert done.code == 3, done.err  # sixty pages prove nothing
    assert sum(done.json["witnesses"]["page"].values()) == 60
    assert done.json["unmatched"] == {"pages": 0, "calls": 0}


def test_locusts_page_shows_a_cluster_and_changes_its_weights(door: FrontDoor) -> None:
    port = str(free_port())
    how = (*PROVED, "--users", "2", "--autostart", "--web-port", port, "--out", "run")
    web = door.start("web", "v2=90,v3=10", "--mesh", "cluster", *how)
    url = f"http://127.0.0.1:{port}/split"
    web.until(lambda: _live(url).get("outcome") == "pass", 120)
    page = requests.get(f"{url}/", timeout=10).text
    token = page.partition('token" content="')[2].partition('"')[0]
    wish, proof = {"weights": "v1=50,v2=50"}, {"X-Weighbridge-Token": token}
    assert requests.post(f"{url}/weights", json=wish, headers=proof, timeout=10).ok
    web.until(lambda: len(_live(url)["segments"]) == 2 and _live(url)["outcome"] == "pass", 120)
    web.interrupt()
    done = web.done()
    assert done.code == 0, done.err
    run = RunFolder(door.cwd / "run").read()
    assert [one.promise.weights for one in run.earlier] == [Weights.parse("v2=90,v3=10")]
    assert run.promise.weights == Weights.parse("v1=50,v2=50")


def _live(url: str) -> dict[str, Any]:
    """The state of the page, empty while Locust starts."""
    try:
        told: dict[str, Any] = requests.get(f"{url}/live.json", timeout=10).json()
    except requests.RequestException:
        return {}
    return told


def test_down_takes_the_routes_away(door: FrontDoor, plane: ControlPlane) -> None:
    assert door("route", "v2=100", "--mesh", "cluster").code == 0
    done = door("down", "--mesh", "cluster", "--routes-only")
    assert done.code == 0
    assert done.err.splitlines() == [
        "deleted VirtualService reviews",
        "deleted DestinationRule reviews",
        "what we created there is gone",
    ]


@pytest.mark.parametrize(
    "verb",
    [["route", "v2=1"], ["run", "v2=1"], ["compare", "v2=1", "v3=1"], ["status"], ["down"]],
    ids=" ".join,
)
def test_what_cannot_be_reached_is_one_line_and_exit_4_for_every_verb(
    door: FrontDoor, verb: list[str]
) -> None:
    done = door(*verb, "--mesh", "cluster", KUBECONFIG="/nowhere/config")
    assert (done.code, done.error) == (4, "no cluster: there is no kubeconfig at /nowhere/config")


def test_options_of_one_mesh_are_refused_for_the_other(door: FrontDoor) -> None:
    done = door("up", "--mesh", "cluster", "--port", "8080")
    assert (done.code, done.error) == (2, "--port is for the local mesh")
    done = door("up", "--inject", "all")
    assert (done.code, done.error) == (2, "--inject is for --mesh cluster")
