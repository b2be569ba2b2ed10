"""A cluster whose data plane is real: a local mesh of Envoys, and an API server that knows its pods.

Each pod of the local mesh is a pod of the cluster. Its proxy log reaches the kubelet line by line, its admin
port is its Envoy's, and the documents that the API server has are brought to the Envoys, as istiod would.
"""

from __future__ import annotations

import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import istio
from control_plane import ControlPlane
from node import Node

from setup import documents
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.cluster.proxies import ADMIN_PORT
from setup.cluster.routing import Routing
from setup.local.admin import Admin
from setup.local.folder import mesh_folder
from setup.local.mesh import LocalMesh
from setup.local.standing import Layout
from setup.mesh import Pod

NAMESPACE = "default"
"""Where the local mesh's services live."""
_SERVICES = ("details", "ratings", "reviews", "productpage")


@contextmanager
def twin(plane: ControlPlane) -> Iterator[Node]:
    """The cluster, as ``up`` leaves it but for the routes; KUBECONFIG and WEIGHBRIDGE_HOME lead to it."""
    with ExitStack() as stack:
        mesh = LocalMesh("twin", Layout())
        mesh.up()
        stack.callback(mesh.down)
        node = Node(plane)
        stack.callback(node.close)
        stack.enter_context(node.running(istio.NAMESPACE))
        istio.install(plane, http_port=mesh.layout.port, gateways=False)
        stack.callback(istio.uninstall, plane)
        over = threading.Event()
        for pod in mesh.pods():
            node.pod(pod.namespace, pod.name, pod.labels, ip=pod.ip)
            stack.callback(node.remove, pod.namespace, pod.name)
            _lead_to_admin(stack, node, pod, mesh)
            if pod.namespace == istio.NAMESPACE:
                node.lead(pod.namespace, pod.name, 8080, ("127.0.0.1", mesh.layout.port))
            _start(stack, over, _tail, node, pod, mesh_folder("twin").access_log(pod.name), over)
        for name in _SERVICES:
            _service(stack, plane, name)
        _start(stack, over, _pilot, mesh, over)
        stack.callback(over.set)
        yield node


def _start(stack: ExitStack, over: threading.Event, work: Any, *arguments: Any) -> None:
    thread = threading.Thread(target=work, args=arguments)
    thread.start()
    stack.callback(thread.join)


def _service(stack: ExitStack, plane: ControlPlane, name: str) -> None:
    base = f"/api/v1/namespaces/{NAMESPACE}/services"
    ports = [{"port": 9080, "name": "http", "protocol": "TCP"}]
    plane.call(
        "POST", base, {"metadata": {"name": name}, "spec": {"ports": ports, "selector": {"app": name}}}
    )
    stack.callback(plane.call, "DELETE", f"{base}/{name}")


def _tail(node: Node, pod: Pod, file: Path, over: threading.Event) -> None:
    """What a container runtime does: every line of the container goes into its log."""
    log, rest = node.log(pod.namespace, pod.name), b""
    with file.open("rb") as lines:
        while not over.wait(0.02):
            *whole, rest = (rest + lines.read()).split(b"\n")
            if whole:
                log.write(*(line.decode() for line in whole))


def _pilot(mesh: LocalMesh, over: threading.Event) -> None:
    """What istiod does: the documents of the API server, whenever they change, to every Envoy."""
    routing = Routing(Api(*connect()))
    known: list[str] = []
    while not over.wait(0.2):
        found = [one for one in routing.documents() if one.kind != "Gateway" and one.name != "bookinfo"]
        text = documents.dump(found)
        if found and known[-1:] != [text]:
            known.append(text)
            time.sleep(
                0.5
            )  # istiod waits for more changes before it sends; proxies get them later than kubectl
            mesh.route(documents.read(text, "cluster"), force=True)


def _lead_to_admin(stack: ExitStack, node: Node, pod: Pod, mesh: LocalMesh) -> None:
    class Handler(_AdminPort):
        admin = Admin(mesh_folder("twin").admin_socket(pod.name))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    stack.callback(server.server_close)
    stack.callback(server.shutdown)
    node.lead(pod.namespace, pod.name, ADMIN_PORT, ("127.0.0.1", server.server_address[1]))


class _AdminPort(http.server.BaseHTTPRequestHandler):
    """An Envoy's admin interface on TCP; as Istio, it says of each route which VirtualService it is from."""

    admin: Admin

    def do_GET(self) -> None:
        dump = json.loads(self.admin.ask("GET", self.path))
        for config in dump.get("configs", ()):
            for host in config["route_config"]["virtual_hosts"]:
                name = host["name"].partition(".")[0] if host["domains"] != ["*"] else "bookinfo"
                origin = f"/apis/networking.istio.io/v1/namespaces/{NAMESPACE}/virtual-service/{name}"
                for route in host["routes"]:
                    if route.get("name") not in ("default", "block_all"):
                        route["metadata"] = {"filter_metadata": {"istio": {"config": origin}}}
        body = json.dumps(dump).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Requests are no news."""
