"""A node, as far as an API server can tell: a kubelet that hands out containers' logs and forwards ports.

It runs no containers. Tests write the lines that a container would, rotate and restart as a real node does,
and say where a pod's port leads.
"""

from __future__ import annotations

import base64
import hashlib
import http.server
import itertools
import secrets
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from control_plane import ControlPlane

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
"""Completes a WebSocket handshake: RFC 6455, section 1.3."""
_IPS = itertools.count(1)


@dataclass
class _Instance:
    """One life of a container: its lines, when they were written, the first that is still there."""

    lines: list[tuple[float, bytes]] = field(default_factory=list)
    first: int = 0
    ended: bool = False


class ContainerLog:
    """What one container has written, and how its readers fare."""

    def __init__(self) -> None:
        self._instances = [_Instance()]
        self._follows = 0
        self._cut = 0
        self._held = ""
        self.changed = threading.Condition()
        self.readers = 0
        """How many follow it now."""

    def write(self, *lines: str, age: float = 0.0) -> None:
        with self.changed:
            now = time.time() - age
            self._instances[-1].lines += [(now, line.encode() + b"\n") for line in lines]
            self.changed.notify_all()

    def hold(self, reason: str) -> None:
        """Refuse every reader, as a kubelet does before the container runs; an empty reason ends it."""
        self._held = reason

    def rotate(self, *unseen: str, ends_follow: bool = True) -> None:
        """Begin a new file. Old kubelets end a follow then; ``unseen`` lines went into the old file later."""
        with self.changed:
            instance = self._instances[-1]
            self._follows += ends_follow
            now = time.time()
            instance.lines += [(now, line.encode() + b"\n") for line in unseen]
            instance.first = len(instance.lines) if unseen or ends_follow else instance.first
            self.changed.notify_all()

    def restart(self) -> None:
        """The container died and runs again: a new log, the old one as ``previous``."""
        with self.changed:
            self._instances[-1].ended = True
            self._instances.append(_Instance())
            self.changed.notify_all()

    def cut(self) -> None:
        """Break every connection in the middle of a line."""
        with self.changed:
            self._cut += 1
            self.changed.notify_all()

    def end(self) -> None:
        """The container died for good."""
        with self.changed:
            self._instances[-1].ended = True
            self.changed.notify_all()

    def until_followed(self, seconds: float = 30) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.readers > 0, seconds), "nobody follows"

    def read(self, query: Mapping[str, str]) -> Iterator[bytes]:
        """As ``GET /containerLogs``; half a line and ConnectionAbortedError where the connection breaks."""
        previous, follow = query.get("previous") == "true", query.get("follow") == "true"
        since = datetime.fromisoformat(query["sinceTime"]).timestamp() if "sinceTime" in query else 0.0
        with self.changed:
            if self._held:
                raise LookupError(self._held)
            if previous and len(self._instances) == 1:
                raise LookupError("previous terminated container not found")
            instance = self._instances[-2 if previous else -1]
            follows, cut = self._follows, self._cut
            at = max(instance.first, sum(stamp < since for stamp, _ in instance.lines))
            if "tailLines" in query:
                at = max(at, len(instance.lines) - int(query["tailLines"]))
            self.readers += follow
            self.changed.notify_all()
        try:
            while True:
                with self.changed:
                    new = b"".join(line for _, line in instance.lines[at:])
                    at = len(instance.lines)
                    done = instance.ended or follows != self._follows or not follow
                    if not new and not done and cut == self._cut:
                        self.changed.wait(1)
                    broken = cut != self._cut
                if broken:
                    yield b"[2026-01-01T00:00:00.000Z] half a li"
                    raise ConnectionAbortedError
                if new:
                    yield new
                elif done:
                    return
        finally:
            with self.changed:
                self.readers -= follow
                self.changed.notify_all()


class Node:
    """One node of the cluster. Its pods are real objects; what runs in them is up to the test."""

    def __init__(self, plane: ControlPlane) -> None:
        self.name = f"node-{secrets.token_hex(3)}"
        self._plane = plane
        self._logs: dict[tuple[str, ...], ContainerLog] = {}
        self._doors: dict[tuple[str, str, int], tuple[str, int]] = {}
        self._server = _server(plane, self)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        port = self._server.server_address[1]
        plane.call("POST", "/api/v1/nodes", {"metadata": {"name": self.name}})
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        plane.call(
            "PATCH",
            f"/api/v1/nodes/{self.name}/status",
            {"status": status},
            "application/merge-patch+json",
        )

    def close(self) -> None:
        self._plane.call("DELETE", f"/api/v1/nodes/{self.name}")
        self._server.shutdown()
        self._server.server_close()

    def log(self, namespace: str, pod: str, container: str = "istio-proxy") -> ContainerLog:
        return self._logs.setdefault((namespace, pod, container), ContainerLog())

    def lead(self, namespace: str, pod: str, port: int, to: tuple[str, int]) -> None:
        """Say where a pod's port leads."""
        self._doors[namespace, pod, port] = to

    def door(self, namespace: str, pod: str, port: int) -> tuple[str, int]:
        return self._doors[namespace, pod, port]

    def pod(
        self,
        namespace: str,
        name: str,
        labels: Mapping[str, str],
        *,
        sidecar: bool = True,
        ip: str | None = None,
    ) -> None:
        """A pod that runs here and is ready."""
        names = [labels.get("app", "app"), *(["istio-proxy"] if sidecar else [])]
        containers = [{"name": one, "image": f"{one}:1"} for one in names]
        body = {
            "metadata": {"name": name, "labels": dict(labels)},
            "spec": {"nodeName": self.name, "containers": containers, "terminationGracePeriodSeconds": 0},
        }
        self.run(self._plane.call("POST", f"/api/v1/namespaces/{namespace}/pods", body), ip)

    def run(self, pod: Mapping[str, Any], ip: str | None = None) -> None:
        """Say of a pod that all its containers run and are ready."""
        metadata = pod["metadata"]
        number = next(_IPS)
        states = [
            {
                "name": one["name"],
                "image": one["image"],
                "imageID": one["image"],
                "ready": True,
                "started": True,
                "restartCount": 0,
                "containerID": f"containerd://{secrets.token_hex(8)}",
                "state": {"running": {"startedAt": metadata["creationTimestamp"]}},
            }
            for one in pod["spec"]["containers"]
        ]
        status = {
            "phase": "Running",
            "podIP": ip or f"10.244.{number // 250}.{number % 250 + 1}",
            "hostIP": "127.0.0.1",
            "conditions": [{"type": kind, "status": "True"} for kind in ("Ready", "ContainersReady")],
            "containerStatuses": states,
        }
        self.say(metadata["namespace"], metadata["name"], status)

    def say(self, namespace: str, pod: str, status: Mapping[str, Any]) -> None:
        """Change a pod's status."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/status"
        self._plane.call("PATCH", path, {"status": dict(status)}, "application/merge-patch+json")

    def restarted(self, namespace: str, pod: str, container: str = "istio-proxy") -> None:
        """Say in a pod's status that a container was restarted, as a kubelet does a moment afterwards."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}"
        states = self._plane.call("GET", path)["status"]["containerStatuses"]
        for one in states:
            if one["name"] == container:
                one["restartCount"] += 1
                one["containerID"] = f"containerd://{secrets.token_hex(8)}"
        self.say(namespace, pod, {"containerStatuses": states})

    def remove(self, namespace: str, pod: str) -> None:
        """Delete a pod: its containers end, then it is gone."""
        self.log(namespace, pod).end()
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}?gracePeriodSeconds=0"
        self._plane.call("DELETE", path)

    @contextmanager
    def running(self, namespace: str) -> Iterator[None]:
        """As long as the block lasts, whatever pod is created in the namespace runs here."""
        over = threading.Event()
        thread = threading.Thread(target=self._adopt, args=(namespace, over))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _adopt(self, namespace: str, over: threading.Event) -> None:
        base = f"/api/v1/namespaces/{namespace}/pods"
        while not over.wait(0.1):
            with suppress(OSError):  # a namespace that is being deleted
                for pod in self._plane.call("GET", f"{base}?fieldSelector=spec.nodeName%3D")["items"]:
                    name = pod["metadata"]["name"]
                    target = {"apiVersion": "v1", "kind": "Node", "name": self.name}
                    binding = {"metadata": {"name": name}, "target": target}
                    self._plane.call("POST", f"{base}/{name}/binding", binding)
                    self.run(pod)
                leaving = self._plane.call("GET", f"{base}?fieldSelector=spec.nodeName%3D{self.name}")
                for pod in leaving["items"]:
                    if "deletionTimestamp" in pod["metadata"]:
                        self.remove(namespace, pod["metadata"]["name"])


def _server(plane: ControlPlane, node: Node) -> http.server.ThreadingHTTPServer:
    class Handler(_Kubelet):
        serves = node

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    plane.kubelet_ca.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    return server


class _Kubelet(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    serves: Node

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Requests are no news."""

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(where.query).items()}
        _, what, namespace, pod, *rest = where.path.split("/")
        with suppress(BrokenPipeError, ConnectionError, ssl.SSLError):
            if what == "containerLogs":
                self._log(self.serves.log(namespace, pod, rest[0]), query)
            else:
                self._forward(self.serves.door(namespace, pod, int(query["port"])), int(query["port"]))

    def _log(self, log: ContainerLog, query: Mapping[str, str]) -> None:
        blocks = log.read(query)
        try:
            first = next(blocks, b"")
        except LookupError as error:
            self.send_error(400, str(error))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            for block in itertools.chain([first] if first else [], blocks):
                self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block))
        except ConnectionAbortedError:
            self.close_connection = True
            return
        self.wfile.write(b"0\r\n\r\n")

    def _forward(self, door: tuple[str, int], port: int) -> None:
        """One WebSocket with channel 0 for data and 1 for errors, each opened with the port's number."""
        key = self.headers["Sec-WebSocket-Key"] + _MAGIC
        accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()  # noqa: S324 - RFC 6455
        protocol = self.headers.get("Sec-WebSocket-Protocol", "v4.channel.k8s.io").split(",")[-1].strip()
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", accept)
        self.send_header("Sec-WebSocket-Protocol", protocol)
        self.end_headers()
        self.close_connection = True
        for channel in (0, 1):
            self._frame(bytes([channel]) + struct.pack("<H", port))
        with socket.create_connection(door) as inside:
            reader = threading.Thread(target=self._outwards, args=(inside,))
            reader.start()
            while (message := self._message()) is not None:
                if len(message) > 1:
                    inside.sendall(message[1:])
            inside.shutdown(socket.SHUT_RDWR)
            reader.join()

    def _outwards(self, inside: socket.socket) -> None:
        with suppress(OSError, ValueError):
            while block := inside.recv(32_768):  # a frame of at most 64 KiB
                self._frame(b"\0" + block)
            self._frame(struct.pack(">H", 1000), opcode=8)

    def _frame(self, message: bytes, opcode: int = 2) -> None:
        size = len(message)
        head = bytes([0x80 | opcode])
        head += bytes([size]) if size < 126 else struct.pack(">BH", 126, size)
        self.wfile.write(head + message)
        self.wfile.flush()

    def _message(self) -> bytes | None:
        head = self.rfile.read(2)
        if len(head) < 2 or head[0] & 0x0F == 8:
            return None
        size = head[1] & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self.rfile.read(2))
        elif size == 127:
            (size,) = struct.unpack(">Q", self.rfile.read(8))
        mask = self.rfile.read(4)
        return bytes(byte ^ mask[index % 4] for index, byte in enumerate(self.rfile.read(size)))
