"""The steps of `up --mesh cluster` on a real API server: told before, done once, resumed, undone."""

from __future__ import annotations

import http.server
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import istio
import pytest
from cluster_fixtures import Namespace, service_account
from control_plane import ControlPlane
from front_door import FrontDoor
from node import Node

from setup.cluster import changes, ingress, teardown, tutorial
from setup.cluster.api import Api
from setup.cluster.bookinfo import Bookinfo, Inject, Layout, manifests
from setup.cluster.connection import connect
from setup.cluster.errors import ConflictError
from setup.cluster.istio_version import IstioVersion
from setup.cluster.scale import Scale
from setup.cluster.steps import perform
from setup.cluster.tutorial import Wanted
from setup.mesh import MeshError

pytestmark = pytest.mark.e2e

TODAY = IstioVersion(1, 30, 3)
ALL = ("details-v1", "productpage-v1", "ratings-v1", "reviews-v1", "reviews-v2", "reviews-v3")


class Page(http.server.BaseHTTPRequestHandler):
    """Stands where the ingress gateway would: /productpage answers."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/productpage" else 404)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Requests are no news."""


@pytest.fixture(scope="module")
def mesh(plane: ControlPlane) -> Iterator[Node]:
    """Istio is installed, its injector injects, and a node runs its pods."""
    with ExitStack() as stack:
        page = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        threading.Thread(target=page.serve_forever, daemon=True).start()
        stack.callback(page.server_close)
        stack.callback(page.shutdown)
        node = Node(plane)
        stack.callback(node.close)
        stack.enter_context(node.running(istio.NAMESPACE))
        istio.install(plane, http_port=page.server_address[1])
        stack.callback(istio.uninstall, plane)
        stack.enter_context(istio.injector(plane))
        yield node


@pytest.fixture
def here(mesh: Node, namespace: Namespace) -> Iterator[Api]:
    """A namespace whose pods run."""
    with mesh.running(namespace.name):
        yield Api(*connect(namespace=namespace.name))


def up(api: Api, wanted: Wanted | None = None, *, dry_run: bool = False) -> list[str]:
    """What is said on the way."""
    said: list[str] = []
    perform(tutorial.steps(api, wanted or Wanted(), said.append), said.append, dry_run=dry_run)
    return said


def containers(api: Api) -> dict[str, set[tuple[str, ...]]]:
    """The containers of the pods of each Deployment."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for pod in api.items(api.path("v1", "Pod", None)):
        labels = pod["metadata"]["labels"]
        names = tuple(one["name"] for one in pod["spec"]["containers"])
        found.setdefault(f"{labels['app']}-{labels['version']}", set()).add(names)
    return found


def written(api: Api) -> dict[str, tuple[int, list[str]]]:
    """When we wrote each object last, and the generation of its spec: equal means untouched."""
    kinds = (*teardown.ROUTES, ("apps/v1", "Deployment"), ("v1", "Service"), ("v1", "ServiceAccount"))
    found = {}
    for version, kind in kinds:
        for one in api.items(api.path(version, kind, None), changes.SELECTOR):
            metadata = one["metadata"]
            times = [
                entry["time"] for entry in metadata["managedFields"] if entry["manager"] == "weighbridge"
            ]
            found[f"{kind} {metadata['name']}"] = (metadata.get("generation", 0), times)
    return found


def test_a_dry_run_tells_every_step_and_changes_nothing(here: Api) -> None:
    said = up(here, dry_run=True)
    assert said[:3] == [
        f"check: context test, namespace {here.target.namespace}, Kubernetes v1.20.2",
        "istio: nothing to do",
        "scale: would scale istio-egressgateway to 2",
    ]
    assert [line for line in said if "Deployment" in line] == [
        f"bookinfo: would create Deployment {name}" for name in sorted(ALL, key=_as_released)
    ]
    assert said[-2:] == [
        "gateway: would create Gateway bookinfo-gateway",
        "gateway: would create VirtualService bookinfo",
    ]
    assert written(here) == {}


def _as_released(name: str) -> tuple[bool, str]:
    return name.startswith("productpage"), name


def test_up_twice_changes_nothing_the_second_time(here: Api) -> None:
    up(here)
    assert containers(here) == {name: {(name.partition("-")[0], "istio-proxy")} for name in ALL}
    before = written(here)
    said = up(here)
    assert [line for line in said if "create" in line or "change" in line] == []
    assert {line for line in said if "nothing to do" in line} == {
        f"{step}: nothing to do" for step in ("istio", "scale", "bookinfo", "gateway")
    }
    assert written(here) == before
    assert len(before) == 16


def test_what_was_killed_half_way_is_completed_by_the_next_run(here: Api) -> None:
    first = manifests(Layout(TODAY), "")[:7]  # as far as a killed run may have come
    changes.apply(here, first)
    said = up(here)
    assert "bookinfo: create ServiceAccount bookinfo-details" not in said
    assert "bookinfo: create Deployment reviews-v3" in said
    assert set(containers(here)) == set(ALL)


def test_an_up_that_is_killed_half_way_is_resumed_by_the_same_command(
    mesh: Node, namespace: Namespace, home: Path, tmp_path: Path
) -> None:
    door = FrontDoor(home, tmp_path)
    command = ("up", "--mesh", "cluster", "--namespace", namespace.name)
    killed = door.start(*command)
    killed.until(lambda: killed.said("bookinfo: 0 of 6 deployments ready"))  # nothing runs the pods yet
    killed.process.kill()
    assert killed.done().code == -signal.SIGKILL
    with mesh.running(namespace.name):
        done = door(*command)
    assert done.code == 0, done.err
    assert "bookinfo: nothing to do" in done.err
    assert "gateway: create VirtualService bookinfo" in done.err
    assert done.out.startswith("http://127.0.0.1:")


def test_the_tutorial_begins_with_a_sidecar_in_three_productpages_and_goes_on_from_there(here: Api) -> None:
    up(here, Wanted(inject=Inject.PRODUCTPAGE, reviews=("v2",)))
    found = containers(here)
    assert found == {
        "details-v1": {("details",)},
        "productpage-v1": {("productpage", "istio-proxy")},
        "ratings-v1": {("ratings",)},
        "reviews-v2": {("reviews",)},
    }
    path = here.path("apps/v1", "Deployment", None, "productpage-v1")
    assert here.get(path)["status"]["readyReplicas"] == 3
    said = up(here, Wanted(inject=Inject.PRODUCTPAGE, reviews=("v3",)))
    assert [line for line in said if line.startswith("bookinfo: create")] == [
        "bookinfo: create Deployment reviews-v3"
    ]
    assert set(containers(here)) == {*found, "reviews-v3"}


def test_a_labelled_namespace_injects_into_every_pod(here: Api) -> None:
    up(here, Wanted(inject=Inject.NAMESPACE))
    assert containers(here) == {name: {(name.partition("-")[0], "istio-proxy")} for name in ALL}
    labels = here.get(here.path("v1", "Namespace", None, here.target.namespace))["metadata"]["labels"]
    assert labels == {"istio-injection": "enabled"}


def test_pods_that_come_without_their_sidecar_are_named(here: Api) -> None:
    """As where the cluster has no injector for the revision that is asked for."""
    with pytest.raises(MeshError) as caught:
        Bookinfo(here, Layout(TODAY, Inject.NAMESPACE, ("v2",), "canary")).run(lambda line: None)
    names, _, rest = str(caught.value).partition(" came ")
    assert sorted(name.rsplit("-", 2)[0] for name in names.split(", ")) == [
        "details-v1",
        "productpage-v1",
        "ratings-v1",
        "reviews-v2",
    ]
    assert rest == "without a sidecar"


def test_a_field_that_another_tool_owns_is_explained_and_taken_over_by_force(
    here: Api, plane: ControlPlane
) -> None:
    (ours,) = [one for one in manifests(Layout(TODAY), "") if one["metadata"]["name"] == "reviews"]
    changes.apply(here, [ours])
    port = {"port": 9080, "protocol": "TCP", "targetPort": 9081}
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "reviews"},
        "spec": {"ports": [port]},
    }
    by_helm = f"{here.path_of(ours)}?fieldManager=helm&force=true"
    plane.call("PATCH", by_helm, theirs, "application/apply-patch+yaml")
    with pytest.raises(ConflictError) as caught:
        changes.apply(here, [ours])
    assert str(caught.value) == (
        'Service reviews: helm owns .spec.ports[port=9080,protocol="TCP"].targetPort'
    )
    assert caught.value.hint == "change it there, or delete the object"
    changes.apply(here, [ours], force=True)
    assert here.get(here.path_of(ours))["spec"]["ports"][0]["targetPort"] == 9080


def test_an_autoscaler_gets_a_minimum_instead_of_replicas(here: Api, plane: ControlPlane) -> None:
    base = f"/apis/autoscaling/v1/namespaces/{istio.NAMESPACE}/horizontalpodautoscalers"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "istiod"}
    scaler = {
        "metadata": {"name": "istiod"},
        "spec": {"minReplicas": 1, "maxReplicas": 1, "scaleTargetRef": target},
    }
    plane.call("POST", base, scaler)
    try:
        assert list(Scale(here).plan())[-1] == "set the minimum of istiod's autoscaler to 2"
        Scale(here).run(lambda line: None)
        assert "istiod" not in "".join(Scale(here).plan())
        spec = plane.call("GET", f"{base}/istiod")["spec"]
        assert (spec["minReplicas"], spec["maxReplicas"]) == (2, 2)
    finally:
        plane.call("DELETE", f"{base}/istiod")


def test_the_gateways_address_is_the_load_balancers_else_a_node_port_else_none(
    here: Api, plane: ControlPlane
) -> None:
    path = f"/api/v1/namespaces/{istio.NAMESPACE}/services/istio-ingressgateway"
    service = plane.call("GET", path)
    (port,) = service["spec"]["ports"]
    assert ingress.address(here) == f"http://127.0.0.1:{port['port']}"
    plane.call("PATCH", f"{path}/status", balancer(None), "application/merge-patch+json")
    try:
        assert ingress.address(here) is None
        with socket.create_server(("127.0.0.1", port["nodePort"])):
            assert ingress.address(here) == f"http://127.0.0.1:{port['nodePort']}"
    finally:
        back = balancer(service["status"]["loadBalancer"]["ingress"])
        plane.call("PATCH", f"{path}/status", back, "application/merge-patch+json")


def balancer(addresses: object) -> dict[str, object]:
    return {"status": {"loadBalancer": {"ingress": addresses}}}


def test_down_removes_what_we_created_and_nothing_else(here: Api, plane: ControlPlane) -> None:
    up(here, Wanted(reviews=("v2",)))
    base = f"/api/v1/namespaces/{here.target.namespace}/services"
    plane.call("POST", base, {"metadata": {"name": "theirs"}, "spec": {"ports": [{"port": 80}]}})
    gone = list(teardown.bookinfo(here))
    assert gone[:2] == ["VirtualService bookinfo", "Gateway bookinfo-gateway"]
    assert "Deployment productpage-v1" in gone
    left = [one["metadata"]["name"] for one in here.items(here.path("v1", "Service", None))]
    assert left == ["theirs"]
    assert list(teardown.bookinfo(here)) == []


def test_what_others_created_is_not_ours_to_remove_even_if_we_changed_it(
    here: Api, plane: ControlPlane
) -> None:
    base = f"/api/v1/namespaces/{here.target.namespace}/services"
    spec = {"ports": [{"port": 9080, "name": "http", "protocol": "TCP"}], "selector": {"app": "reviews"}}
    plane.call("POST", base, {"metadata": {"name": "reviews"}, "spec": spec})
    changes.apply(here, [one for one in manifests(Layout(TODAY), "") if one["metadata"]["name"] == "reviews"])
    assert list(teardown.bookinfo(here)) == []
    assert plane.has(f"{base}/reviews")


def test_the_role_in_the_manifests_is_enough_for_everything(
    mesh: Node, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acts as the service account of setup/manifests/rbac.yaml, by its own token."""
    plane, name = namespace.plane, namespace.name
    monkeypatch.setenv("KUBECONFIG", str(service_account(plane, name, namespace.kubeconfig)))
    api = Api(*connect(namespace=name))
    with mesh.running(name):
        up(api)
    assert set(containers(api)) == set(ALL)
    assert len(list(teardown.bookinfo(api))) == 2 + 6 + 4 + 4
    with pytest.raises(MeshError, match="no permission"):
        list(api.items("/api/v1/secrets"))
