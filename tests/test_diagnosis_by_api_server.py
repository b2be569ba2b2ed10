"""Causes that only an API server knows: read from a real one by the role of our manifest, then named.

The calls are logged as such a mesh would log them; no pod runs here.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases import CANARY, PODS, case, documents, draw, line
from cluster_fixtures import Namespace, service_account
from control_plane import CRDS, ControlPlane

from analyzer.diagnosis import objects as plain
from analyzer.diagnosis.case import Case, Pages
from analyzer.diagnosis.diagnose import diagnose
from analyzer.diagnosis.findings import Finding
from analyzer.objects import loaded
from analyzer.records import UNKNOWN, Outcome, Weights
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.cluster.objects import objects

pytestmark = pytest.mark.e2e

THIRDS = {"v1": 1 / 3, "v2": 1 / 3, "v3": 1 / 3}
PAGES = 120
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_MORE = ("sidecars.networking.istio.io", "peerauthentications.security.istio.io")


@pytest.fixture(scope="module")
def istio(plane: ControlPlane) -> ControlPlane:
    """With the kinds of Istio that only a diagnosis reads."""
    for crd in loaded(CRDS["today"].read_text()):
        name = crd["metadata"]["name"]
        if name in _MORE and not plane.has(f"{_CRDS}/{name}"):
            plane.call("POST", _CRDS, crd)
            kind = f"/apis/{crd['spec']['group']}/v1beta1/{crd['spec']['names']['plural']}"
            plane.until(lambda kind=kind: plane.has(kind))
    if not plane.has("/api/v1/namespaces/istio-system"):
        plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "istio-system"}})
    return plane


@pytest.fixture
def cluster(istio: ControlPlane, namespace: Namespace, tmp_path: Path) -> Cluster:
    return Cluster(istio, namespace.name, service_account(istio, namespace.name, tmp_path / "account"))


class Cluster:
    """Objects made by an administrator, and read as a run reads them."""

    def __init__(self, plane: ControlPlane, namespace: str, account: Path) -> None:
        self.plane = plane
        self.namespace = namespace
        self.account = account

    def make(self, kind: str, name: str, spec: dict[str, Any], namespace: str = "", **metadata: Any) -> None:
        where = f"namespaces/{namespace or self.namespace}"
        path = {
            "Service": f"/api/v1/{where}/services",
            "Pod": f"/api/v1/{where}/pods",
            "PeerAuthentication": f"/apis/security.istio.io/v1beta1/{where}/peerauthentications",
        }.get(kind, f"/apis/networking.istio.io/v1beta1/{where}/{kind.lower()}s")
        group = "v1" if path.startswith("/api/") else path.split("/")[2] + "/v1beta1"
        body = {"apiVersion": group, "kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}
        self.plane.call("POST", path, body)

    def pod(self, name: str, *containers: str, images: str = "x:1", **labels: str) -> None:
        spec = {"containers": [{"name": one, "image": images} for one in containers]}
        spec["containers"][0]["env"] = [{"name": "PASSWORD", "value": "hunter2"}]  # type: ignore[assignment]
        self.make("Pod", name, spec, labels=labels)

    def service(self, name: str = "reviews", port: str = "http", **selector: str) -> None:
        ports = [{"port": 9080, "name": port, "protocol": "TCP"}]
        self.make("Service", name, {"ports": ports, "selector": {"app": name} | selector})

    def label(self, **labels: str) -> None:
        named = {name.replace("_", "."): value for name, value in labels.items()}
        change = {"metadata": {"labels": named}}
        self.plane.call(
            "PATCH", f"/api/v1/namespaces/{self.namespace}", change, "application/merge-patch+json"
        )

    def recorded(self) -> list[dict[str, Any]]:
        """What a run keeps, read by the service account of setup/manifests/rbac.yaml."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("KUBECONFIG", str(self.account))
            found: list[dict[str, Any]] = json.loads(
                json.dumps(objects(Api(*connect(namespace=self.namespace))))
            )
            return found

    def diagnosed(self, found: Case) -> list[Finding]:
        """The case in this cluster: its pods, documents and lines are of this namespace."""
        here = replace(
            found,
            objects=tuple(plain.of(self.recorded())),
            mesh={"kind": "cluster", "namespace": self.namespace} | dict(found.mesh.get("more", {})),
            pods=tuple(replace(pod, namespace=self.namespace) for pod in PODS),
            documents=tuple(replace(one, namespace=self.namespace) for one in found.documents),
            before=(),
            calls={
                said._replace(cluster=said.cluster.replace(".default.", f".{self.namespace}.")): count
                for said, count in found.calls.items()
            },
        )
        return list(diagnose(here).findings)


def named(findings: list[Finding], cause: int) -> Finding:
    """The finding, which must stand first or second."""
    assert cause in [one.cause for one in findings[:2]], findings
    return next(one for one in findings if one.cause == cause)


def unlogged() -> Case:
    """Pages were served, and no proxy of productpage logged a call."""
    return case([UNKNOWN] * PAGES, Outcome.UNDECIDED, calls={}, pages=Pages(PAGES, lost=PAGES))


def test_a_sound_cluster_has_no_cause_and_its_record_holds_no_secret(cluster: Cluster) -> None:
    cluster.label(**{"istio-injection": "enabled"})
    cluster.service()
    cluster.pod("productpage-1", "productpage", "istio-proxy", app="productpage", version="v1")
    cluster.pod("reviews-v2", "reviews", "istio-proxy", app="reviews", version="v2")
    cluster.make("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    recorded = cluster.recorded()
    kinds = Counter(one["kind"] for one in recorded if one["metadata"].get("namespace") != "istio-system")
    assert kinds == {"Namespace": 1, "Pod": 2, "Service": 1, "PeerAuthentication": 1}
    assert "hunter2" not in json.dumps(recorded)
    assert cluster.diagnosed(case(draw({"v2": 0.9, "v3": 0.1}, 600, 1), Outcome.FAIL)) == []


def test_2_a_caller_without_a_sidecar(cluster: Cluster) -> None:
    cluster.pod("productpage-1", "productpage", app="productpage", version="v1")
    found = named(cluster.diagnosed(unlogged()), 2)
    assert found.evidence[0] == "1 of 1 productpage pods have no container istio-proxy: productpage-1"


def test_3_a_namespace_that_was_labelled_after_its_pods(cluster: Cluster) -> None:
    cluster.pod("productpage-1", "productpage", app="productpage", version="v1")
    cluster.label(**{"istio-injection": "enabled"})
    found = named(cluster.diagnosed(unlogged()), 3)
    assert found.fix.change == f"kubectl -n {cluster.namespace} rollout restart deployment"


def test_9_a_label_that_names_another_version_than_the_image(cluster: Cluster) -> None:
    image = "docker.io/istio/examples-bookinfo-reviews-v2:1.20.3"
    cluster.pod("reviews-v3", "reviews", images=image, app="reviews", version="v3")
    found = named(cluster.diagnosed(case(["v2"] * 9 + ["v3"], Outcome.PASS, pages=Pages(10, disagree=1))), 9)
    assert found.told == "pod reviews-v3 is labelled version=v3 and runs the image of v2"


def test_10_a_service_that_selects_one_version(cluster: Cluster) -> None:
    cluster.service(version="v2")
    dead = line("v3", code=503, flags=frozenset({"UH"}), to="")
    found = case(draw({"v2": 0.9, "v3": 0.1}, PAGES, 2), Outcome.UNDECIDED)
    found = replace(found, calls={line("v2"): found.counts["v2"], dead: found.counts["v3"]})
    assert named(cluster.diagnosed(found), 10).proven


def test_11_a_port_that_is_named_tcp(cluster: Cluster) -> None:
    cluster.service(port="tcp-reviews")
    tcp = line("v2", code=0, tcp=True, rule=False, route="", authority="")
    found = replace(unlogged(), calls={tcp: PAGES})
    assert (
        named(cluster.diagnosed(found), 11).evidence[0] == "Service reviews: port 9080 is named 'tcp-reviews'"
    )


def test_12_weights_below_tcp(cluster: Cluster) -> None:
    (rule, weighted) = documents()
    spec = {"hosts": ["reviews"], "tcp": weighted.spec["http"]}
    found = case(draw(THIRDS, PAGES, 3), rule=False, documents=(rule, replace(weighted, spec=spec)))
    assert named(cluster.diagnosed(found), 12).proven


def test_13_an_older_virtual_service_in_another_namespace(cluster: Cluster) -> None:
    """That of Istio's namespace is the older one; ours is in the cluster, too, with its age."""
    host = f"reviews.{cluster.namespace}.svc.cluster.local"
    route = [{"destination": {"host": host, "subset": "v1"}}]
    name = f"old-{cluster.namespace}"
    cluster.make("VirtualService", name, {"hosts": [host], "http": [{"route": route}]}, "istio-system")
    try:
        cluster.make("VirtualService", "reviews", dict(documents()[1].spec))
        found = named(cluster.diagnosed(case(["v1"] * PAGES)), 13)
    finally:
        path = "/apis/networking.istio.io/v1beta1/namespaces/istio-system/virtualservices"
        cluster.plane.call("DELETE", f"{path}/{name}")
    assert found.fix.change == f"kubectl -n istio-system delete virtualservice {name}"


@pytest.mark.parametrize(("weights", "istio_version"), [((0, 0), "1.30.3"), ((90, 20), "1.12.1")])
def test_15_weights_that_add_up_to_nothing_or_not_to_a_hundred(
    cluster: Cluster, weights: tuple[int, int], istio_version: str
) -> None:
    rule, weighted = documents()
    route = [
        {"destination": {"host": "reviews", "subset": version}, "weight": weight}
        for version, weight in zip(("v2", "v3"), weights, strict=True)
    ]
    spec = {"hosts": ["reviews"], "http": [{"route": route}]}
    found = case(draw(THIRDS, PAGES, 4), documents=(rule, replace(weighted, spec=spec)))
    found = replace(found, mesh={"more": {"istio": istio_version}})
    assert named(cluster.diagnosed(found), 15).proven


def test_22_mtls_that_only_the_pods_ask_for(cluster: Cluster) -> None:
    cluster.make("PeerAuthentication", "default", {"mtls": {"mode": "STRICT"}})
    rule, weighted = documents()
    plain_text = replace(rule, spec=rule.spec | {"trafficPolicy": {"tls": {"mode": "DISABLE"}}})
    broken = line("v2", code=503, flags=frozenset({"UC"}))
    found = case(draw({"v2": 0.9, "v3": 0.1}, PAGES, 5), Outcome.PASS, documents=(plain_text, weighted))
    found = replace(found, calls={broken: PAGES})
    assert named(cluster.diagnosed(found), 22).evidence[1] == (
        f"PeerAuthentication default in {cluster.namespace}: mtls.mode STRICT"
    )


def test_23_ambient_mode_without_a_waypoint(cluster: Cluster) -> None:
    cluster.label(**{"istio.io/dataplane-mode": "ambient"})
    cluster.service()
    cluster.pod("productpage-1", "productpage", app="productpage", version="v1")
    assert named(cluster.diagnosed(unlogged()), 23).evidence[1] == (
        "no label istio.io/use-waypoint on Service or namespace"
    )


def test_25_a_controller_that_owns_the_weights(cluster: Cluster) -> None:
    rule, weighted = documents(Weights.parse("v2=50,v3=50"))
    cluster.make("VirtualService", "reviews", dict(documents(CANARY)[1].spec))
    path = f"/apis/networking.istio.io/v1beta1/namespaces/{cluster.namespace}/virtualservices/reviews"
    theirs = {
        "apiVersion": "networking.istio.io/v1beta1",
        "kind": "VirtualService",
        "metadata": {"name": "reviews"},
        "spec": dict(weighted.spec),
    }
    manager = f"{path}?fieldManager=argo-rollouts&force=true"
    cluster.plane.call("PATCH", manager, theirs, "application/apply-patch+yaml")
    found = case(draw({"v2": 0.5, "v3": 0.5}, PAGES, 6), documents=(rule, weighted))
    assert named(cluster.diagnosed(found), 25).told.startswith("argo-rollouts sets the weights of ")


def test_27_a_gateway_on_a_port_that_its_service_lacks(cluster: Cluster) -> None:
    """The sample of Istio 1.19 and newer names the pods' own port, 8080."""
    selector = {"istio": "ingressgateway"}
    servers = [{"port": {"number": 8080, "name": "http", "protocol": "HTTP"}, "hosts": ["*"]}]
    cluster.make("Gateway", "bookinfo-gateway", {"selector": selector, "servers": servers})
    ports = [{"port": 80, "name": "http2", "protocol": "TCP"}]
    cluster.make("Service", "istio-ingressgateway", {"selector": selector, "ports": ports})
    gateway = plain.Object(
        "Gateway", "default", "bookinfo-gateway", {"selector": selector, "servers": servers}
    )
    pages = Pages(PAGES, {UNKNOWN: PAGES}, {"not-a-page": PAGES})
    found = case([], Outcome.UNDECIDED, calls={}, pages=pages, documents=(*documents(), gateway))
    assert "Gateway bookinfo-gateway listens on port 8080" in named(cluster.diagnosed(found), 27).told


@pytest.mark.parametrize("how", ["exportTo", "Sidecar"])
def test_30_routes_that_are_hidden_from_the_caller(cluster: Cluster, how: str) -> None:
    rule, weighted = documents()
    if how == "Sidecar":
        cluster.make("Sidecar", "default", {"egress": [{"hosts": ["istio-system/*"]}]})
    else:
        weighted = replace(weighted, spec=weighted.spec | {"exportTo": ["elsewhere"]})
    found = case(draw(THIRDS, PAGES, 7), rule=False, documents=(rule, weighted))
    assert named(cluster.diagnosed(found), 30).proven
