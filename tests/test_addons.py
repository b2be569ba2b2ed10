"""Prometheus, Grafana, Kiali and a tracer: from the release's own manifests, let in, and asked."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cluster_fixtures import Namespace
from control_plane import ControlPlane
from front_door import FrontDoor
from istio_release import release_folder
from node import Node

from analyzer import objects
from setup import documents
from setup.cluster import addon_manifests, changes, teardown
from setup.cluster.addon_manifests import ADDONS, USUAL, chosen
from setup.cluster.addons import Addons, answers, way
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.cluster.errors import ConflictError
from setup.mesh import MeshError, MeshSettingError

AS_IN_THE_TUTORIAL = """\
---
apiVersion: networking.istio.io/v1beta1
kind: Gateway
metadata:
  name: grafana-gateway
  namespace: istio-system
spec:
  selector:
    istio: ingressgateway
  servers:
  - port:
      number: 80
      name: http-grafana
      protocol: HTTP
    hosts:
    - grafana.example.com
---
apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata:
  name: grafana-vs
  namespace: istio-system
spec:
  hosts:
  - grafana.example.com
  gateways:
  - grafana-gateway
  http:
  - route:
    - destination:
        host: grafana
        port:
          number: 3000
---
apiVersion: networking.istio.io/v1beta1
kind: DestinationRule
metadata:
  name: grafana
  namespace: istio-system
spec:
  host: grafana
  trafficPolicy:
    tls:
      mode: DISABLE
"""


def test_an_addon_is_let_in_as_the_tutorial_does_it() -> None:
    let_in = addon_manifests.documents(ADDONS["grafana"], "example.com", {"istio": "ingressgateway"})
    assert documents.dump(let_in) == AS_IN_THE_TUTORIAL


def test_both_tracers_are_served_by_the_service_that_they_share() -> None:
    for name in ("zipkin", "jaeger"):
        _, virtual_service, _ = addon_manifests.documents(ADDONS[name], "a.b", {"istio": "x"})
        assert virtual_service.spec["hosts"] == [f"{name}.a.b"]
        assert virtual_service.spec["http"][0]["route"][0]["destination"] == {
            "host": "tracing",
            "port": {"number": 80},
        }


def test_two_tracers_at_once_are_refused() -> None:
    with pytest.raises(MeshSettingError) as caught:
        chosen(["zipkin", "kiali", "jaeger"])
    assert (str(caught.value), caught.value.hint) == (
        "zipkin and jaeger answer at the same Services, so the later one would take them over",
        "choose one",
    )


def test_a_stranger_is_refused_with_the_names_of_those_that_are_known() -> None:
    with pytest.raises(MeshSettingError) as caught:
        chosen(["loki"])
    assert (str(caught.value), caught.value.hint) == (
        "there is no addon loki",
        "known: prometheus, grafana, kiali, zipkin, jaeger",
    )


def test_a_release_without_samples_is_told(tmp_path: Path) -> None:
    with pytest.raises(MeshError) as caught:
        addon_manifests.manifests(tmp_path, ADDONS["zipkin"])
    assert str(caught.value) == f"{tmp_path} has no samples/addons/extras/zipkin.yaml"


def test_ports_name_their_protocol_because_old_servers_do_not_fill_it_in(tmp_path: Path) -> None:
    (tmp_path / "samples" / "addons").mkdir(parents=True)
    service = {"kind": "Service", "spec": {"ports": [{"port": 1}, {"port": 2, "protocol": "UDP"}]}}
    containers = [{"ports": [{"containerPort": 3}]}, {}]
    deployment = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}}
    (tmp_path / "samples" / "addons" / "kiali.yaml").write_text(objects.dumped([service, deployment]))
    first, second = addon_manifests.manifests(tmp_path, ADDONS["kiali"])
    assert first["spec"]["ports"] == [{"port": 1, "protocol": "TCP"}, {"port": 2, "protocol": "UDP"}]
    ports = second["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert ports == [{"containerPort": 3, "protocol": "TCP"}]


@pytest.mark.e2e
def test_the_usual_addons_come_up_answer_and_stay_as_they_are(
    istio_system: ControlPlane, api: Api, node: NodeOfPages
) -> None:
    istiod(istio_system, '{"extensionProviders": [{"name": "zipkin"}]}')
    gateway(istio_system, node.page)
    addons = Addons(api, release_folder(), chosen(USUAL), "example.com")
    planned, heard = list(addons.plan()), list[str]()
    assert {"create Deployment grafana", "create ClusterRole kiali", "create Telemetry mesh-default"} <= set(
        planned
    )
    assert sum(line.startswith(("create Gateway", "create VirtualService")) for line in planned) == 8
    with node.running("istio-system"):
        addons.run(heard.append)
    assert heard[-4:] == [
        "prometheus answers at http://prometheus.example.com/; from here: weighbridge open prometheus",
        "grafana answers at http://grafana.example.com/; from here: weighbridge open grafana",
        "kiali answers at http://kiali.example.com/kiali; from here: weighbridge open kiali",
        "zipkin answers at http://zipkin.example.com/zipkin/; from here: weighbridge open zipkin",
    ]
    assert list(addons.plan()) == []
    rival_is_refused(api)
    assert {f"{name}.example.com" for name in USUAL} <= node.hosts
    assert sorted(teardown.addons(api)) == sorted(line.removeprefix("create ") for line in planned)
    assert list(teardown.addons(api)) == []


def rival_is_refused(api: Api) -> None:
    """Beside the zipkin that is there, a jaeger is refused before anything is sent."""
    with pytest.raises(MeshError) as caught:
        list(Addons(api, release_folder(), chosen(["jaeger"])).plan())
    assert str(caught.value) == "zipkin is there already and answers at the Services that jaeger needs"


@pytest.mark.e2e
def test_where_istio_knows_no_tracer_no_telemetry_is_made_and_it_is_said(
    istio_system: ControlPlane, api: Api, node: Node
) -> None:
    istiod(istio_system, "{}")
    addons, heard = Addons(api, release_folder(), chosen(["zipkin"])), list[str]()
    assert list(addons.plan()) == [
        "create Deployment zipkin",
        "create Service tracing",
        "create Service zipkin",
    ]
    with node.running("istio-system"):
        addons.run(heard.append)
    assert heard[-1] == "no traces will come: Istio's mesh configuration has no tracer named zipkin"


@pytest.mark.e2e
def test_what_was_interrupted_goes_on_where_it_stopped(
    istio_system: ControlPlane, api: Api, node: Node
) -> None:
    istiod(istio_system, "{}")
    changes.apply(api, addon_manifests.manifests(release_folder(), ADDONS["zipkin"])[:1])
    addons = Addons(api, release_folder(), chosen(["zipkin"]))
    assert list(addons.plan()) == ["create Service tracing", "create Service zipkin"]
    with node.running("istio-system"):
        addons.run(list[str]().append)
    assert list(addons.plan()) == []


@pytest.mark.e2e
def test_an_addon_that_somebody_else_changed_is_not_overwritten(istio_system: ControlPlane, api: Api) -> None:
    theirs, *_ = addon_manifests.manifests(release_folder(), ADDONS["zipkin"])
    theirs["spec"]["template"]["spec"]["containers"][0]["image"] = "example.com/zipkin:mine"
    path = "/apis/apps/v1/namespaces/istio-system/deployments/zipkin?fieldManager=helm"
    istio_system.call("PATCH", path, theirs, "application/apply-patch+yaml")
    with pytest.raises(ConflictError) as caught:
        Addons(api, release_folder(), chosen(["zipkin"])).run(print)
    assert str(caught.value) == (
        'Deployment zipkin: helm owns .spec.template.spec.containers[name="zipkin"].image'
    )


@pytest.mark.e2e
def test_an_addon_that_is_not_there_or_not_ready_is_told(istio_system: ControlPlane, api: Api) -> None:
    with pytest.raises(MeshError) as missing:
        way(api, ADDONS["kiali"])
    assert str(missing.value) == "there is no kiali in istio-system of context test"
    service = {
        "metadata": {"name": "kiali"},
        "spec": {"selector": {"app": "kiali"}, "ports": [{"port": 20001}]},
    }
    istio_system.call("POST", "/api/v1/namespaces/istio-system/services", service)
    with pytest.raises(MeshError) as unready:
        way(api, ADDONS["kiali"])
    assert (str(unready.value), unready.value.hint) == (
        "no pod of kiali is ready in istio-system",
        "see `kubectl -n istio-system get pods -l app=kiali`",
    )
    assert not answers(api, ADDONS["kiali"])


@pytest.mark.e2e
def test_up_tells_which_addons_it_would_bring(istio_system: ControlPlane, door: FrontDoor) -> None:
    istiod(istio_system, "{}")
    command = ("up", "--mesh", "cluster", "--dry-run", "--addons", "zipkin")
    told = door(*command, "--domain", "example.com", "--istio-release", release_folder())
    assert (told.code, [line for line in told.err.splitlines() if line.startswith("addons: ")]) == (
        0,
        [
            "addons: would create Deployment zipkin",
            "addons: would create Service tracing",
            "addons: would create Service zipkin",
            "addons: would create Gateway zipkin-gateway",
            "addons: would create VirtualService zipkin-vs",
            "addons: would create DestinationRule zipkin",
        ],
    )
    refused = door(*command, PATH="/nowhere")
    assert (refused.code, refused.error, refused.hint) == (
        4,
        "the addons come with the release of Istio, and there is no istioctl on PATH",
        "fetch it with --istio-version 1.30.3, or give its folder with --istio-release",
    )


@pytest.mark.e2e
def test_an_addon_is_opened_through_a_tunnel_that_ctrl_c_ends(
    istio_system: ControlPlane, node: Node, door: FrontDoor
) -> None:
    ports = [{"port": 20001, "targetPort": "http", "name": "http"}]
    service = {"metadata": {"name": "kiali"}, "spec": {"selector": {"app": "kiali"}, "ports": ports}}
    istio_system.call("POST", "/api/v1/namespaces/istio-system/services", service)
    container = {"name": "kiali", "image": "kiali:1", "ports": [{"name": "http", "containerPort": 20001}]}
    spec = {"nodeName": node.name, "containers": [container], "terminationGracePeriodSeconds": 0}
    pod = {"metadata": {"name": "kiali-1", "labels": {"app": "kiali"}}, "spec": spec}
    node.run(istio_system.call("POST", "/api/v1/namespaces/istio-system/pods", pod))
    opened = door.start("open", "kiali", "--port", "0", "--json")
    opened.until(lambda: opened.said("}"))
    url = json.loads(opened.out.read_text())["url"]
    assert url.startswith("http://127.0.0.1:")
    assert requests.get(url, timeout=10).text == "/kiali"
    taken = url.split(":")[2].split("/")[0]
    refused = door("open", "kiali", "--port", taken)
    opened.interrupt()
    assert opened.done().code == 0
    assert (refused.code, refused.error) == (2, f"port {taken} cannot be taken: address already in use")


@pytest.mark.e2e
def test_an_addon_that_is_not_there_is_not_opened(istio_system: ControlPlane, door: FrontDoor) -> None:
    refused = door("open", "kiali")
    assert (refused.code, refused.error, refused.hint) == (
        4,
        "there is no kiali in istio-system of context test",
        "bring it: weighbridge up --mesh cluster --addons kiali",
    )


class Pages(http.server.ThreadingHTTPServer):
    """Remembers as which hosts it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.hosts: set[str] = set()


class Page(http.server.BaseHTTPRequestHandler):
    """Whatever is asked for is there."""

    protocol_version = "HTTP/1.1"
    server: Pages

    def do_GET(self) -> None:
        self.server.hosts.add(self.headers["Host"])
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        """Silence."""


class NodeOfPages(Node):
    """Every port of every pod leads to one server of pages, and so does the gateway."""

    page: tuple[str, int]
    hosts: set[str]

    def door(self, namespace: str, pod: str, port: int) -> tuple[str, int]:
        return self.page


@pytest.fixture
def node(plane: ControlPlane) -> Iterator[NodeOfPages]:
    node = NodeOfPages(plane)
    server = Pages()
    node.page, node.hosts = ("127.0.0.1", server.server_port), server.hosts
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield node
    server.shutdown()
    server.server_close()
    node.close()


@pytest.fixture
def api(namespace: Namespace) -> Iterator[Api]:
    api = Api(*connect())
    yield api
    api.close()


def istiod(plane: ControlPlane, mesh: str) -> None:
    """An Istio of today with this mesh configuration, as far as the API server can tell."""
    containers = [{"name": "discovery", "image": "registry.istio.io/release/pilot:1.30.3"}]
    template = {"metadata": {"labels": {"app": "istiod"}}, "spec": {"containers": containers}}
    spec = {"replicas": 0, "selector": {"matchLabels": {"app": "istiod"}}, "template": template}
    body = {"metadata": {"name": "istiod", "labels": {"app": "istiod"}}, "spec": spec}
    plane.call("POST", "/apis/apps/v1/namespaces/istio-system/deployments", body)
    config = {"metadata": {"name": "istio"}, "data": {"mesh": mesh}}
    plane.call("POST", "/api/v1/namespaces/istio-system/configmaps", config)


def gateway(plane: ControlPlane, to: tuple[str, int]) -> None:
    """The Service before the ingress gateway, whose load balancer leads to a port of this machine."""
    ports = [{"name": "http2", "port": to[1], "protocol": "TCP"}]
    metadata = {"name": "istio-ingressgateway", "labels": {"istio": "ingressgateway"}}
    path = "/api/v1/namespaces/istio-system/services"
    plane.call("POST", path, {"metadata": metadata, "spec": {"type": "LoadBalancer", "ports": ports}})
    status = {"status": {"loadBalancer": {"ingress": [{"ip": to[0]}]}}}
    plane.call("PATCH", f"{path}/istio-ingressgateway/status", status, "application/merge-patch+json")
