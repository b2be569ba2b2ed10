"""Ways into a pod through a real API server: an answer, a local port, what is said where there is none."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest
import requests
from cluster_fixtures import Namespace
from control_plane import ControlPlane
from node import Node

from setup.cluster import tunnel
from setup.cluster.api import Api
from setup.cluster.connection import connect
from setup.cluster.errors import ApiError

pytestmark = pytest.mark.e2e

BODY = bytes(range(256)) * 2_000
"""Half a megabyte: many frames of the tunnel."""


class Inside(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/big" else 404)
        self.send_header("Content-Length", str(len(BODY)))
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name in the base class
        """Requests are no news."""


@pytest.fixture
def pod(plane: ControlPlane, namespace: Namespace) -> Iterator[str]:
    """A pod that answers on port 15000 of its own loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Inside)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    node = Node(plane)
    node.pod(namespace.name, "one", {"app": "one"})
    node.lead(namespace.name, "one", 15000, ("127.0.0.1", server.server_address[1]))
    yield "one"
    node.close()
    server.shutdown()
    server.server_close()


def test_a_pod_is_asked_through_the_api_server(pod: str, namespace: Namespace) -> None:
    api = Api(*connect())
    assert tunnel.get(api, namespace.name, pod, 15000, "/big") == BODY
    with pytest.raises(ApiError) as caught:
        tunnel.get(api, namespace.name, pod, 15000, "/small")
    assert str(caught.value) == "port 15000 of pod one answers 404 to /small"


def test_a_local_port_leads_into_the_pod_for_as_long_as_its_process_lives(
    pod: str, namespace: Namespace
) -> None:
    command = [sys.executable, "-P", "-m", "setup.cluster.door", "test", namespace.name, pod, "15000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as door:
        assert door.stdout
        word, port = door.stdout.readline().split()
        assert word == "port"
        pages = [requests.get(f"http://127.0.0.1:{port}/big", timeout=30).content for _ in range(3)]
        door.terminate()
    assert pages == [BODY] * 3


def test_a_pod_that_is_not_there_is_told(namespace: Namespace) -> None:
    with pytest.raises(ApiError) as caught:
        tunnel.get(Api(*connect()), namespace.name, "nobody", 15000, "/")
    assert str(caught.value) == 'pods "nobody" not found'


def test_who_may_not_forward_ports_is_told_so(namespace: Namespace, plane: ControlPlane) -> None:
    plane.kubeconfig(namespace.kubeconfig, user="nobody")
    with pytest.raises(ApiError, match="no permission in context test: pods "):
        tunnel.get(Api(*connect()), namespace.name, "one", 15000, "/")
