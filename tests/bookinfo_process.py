"""A real Bookinfo process for tests, and in place of Envoy a sidecar that routes by Host and remembers."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ports import free_port

from setup.local.bookinfo.spec import BookinfoPod, Generation, Spec, Timeouts

ROOT = Path(__file__).parent.parent
VERSIONS = {
    "details": ["v1"],
    "ratings": ["v1"],
    "reviews": ["v1", "v2", "v3"],
    "productpage": ["v1"],
}
Address = tuple[str, int]


def pod_name(app: str, version: str) -> str:
    """As long as the usual names are: 27 characters for reviews."""
    return f"{app}-{version}-84779c7bbc-9drws"


@dataclass(frozen=True)
class Call:
    """One request as the sidecar saw it."""

    service: str
    head: bytes

    def header(self, name: bytes) -> bytes | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip(b" ")
        return None


@dataclass
class Sidecar:
    """Where every pod of the process sends its calls. ``reviews`` says which versions answer, in turn."""

    upstreams: dict[tuple[str, str], Address]
    calls: list[Call] = field(default_factory=list)
    connections: int = 0
    seen: threading.Condition = field(default_factory=threading.Condition)
    reviews: Iterator[str] = field(default_factory=lambda: itertools.repeat("v1"))

    def services(self) -> list[str]:
        return [call.service for call in self.calls]

    def wait_for(self, service: str) -> None:
        with self.seen:
            assert self.seen.wait_for(lambda: service in self.services(), timeout=10)

    def upstream(self, head: bytes) -> Address:
        service = Call("", head).header(b"host").partition(b":")[0].decode()
        with self.seen:
            self.calls.append(Call(service, head))
            version = next(self.reviews) if service == "reviews" else "v1"
            self.seen.notify_all()
        return self.upstreams[service, version]


class _Downstream(socketserver.StreamRequestHandler):
    sidecar: Sidecar

    def handle(self) -> None:
        self.sidecar.connections += 1
        # A caller that gave up waiting is nothing to report.
        with contextlib.suppress(OSError):
            while head := _head(self.rfile):
                with socket.create_connection(self.sidecar.upstream(head)) as upstream:
                    upstream.sendall(head)
                    with upstream.makefile("rb") as answer:
                        answer_head = _head(answer)
                        length = int(Call("", answer_head).header(b"content-length") or 0)
                        self.wfile.write(answer_head + answer.read(length))


def _head(lines: IO[bytes]) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        line = lines.readline()
        if not line:
            return b""
        head += line
    return head


@contextlib.contextmanager
def sidecar(upstreams: dict[tuple[str, str], Address], port: int) -> Iterator[Sidecar]:
    remembering = Sidecar(upstreams)
    handler = type("Handler", (_Downstream,), {"sidecar": remembering})
    server = type(
        "Server", (socketserver.ThreadingTCPServer,), {"daemon_threads": True, "block_on_close": False}
    )
    with server(("127.0.0.1", port), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield remembering
        finally:
            listening.shutdown()
            thread.join()


@dataclass(frozen=True)
class Bookinfo:
    """A running process, its front door, its control socket and the sidecar behind it."""

    process: subprocess.Popen[str]
    page: Address
    control: Path
    sidecar: Sidecar

    @property
    def url(self) -> str:
        return f"http://{self.page[0]}:{self.page[1]}"


def spec(folder: Path, generation: Generation = Generation.C, timeouts: Timeouts | None = None) -> Spec:
    outbound = ("127.0.0.1", free_port())
    pods = [
        BookinfoPod(pod_name(app, version), app, version, ("127.0.0.1", free_port()), outbound)
        for app, versions in VERSIONS.items()
        for version in versions
    ]
    return Spec(generation, str(folder / "control.sock"), tuple(pods), timeouts or Timeouts(), seed=1)


def start(what: Spec, folder: Path) -> subprocess.Popen[str]:
    what.write(folder / "spec.json")
    return start_from(folder / "spec.json")


def start_from(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "setup.local.bookinfo", str(path)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def running(
    folder: Path, generation: Generation = Generation.C, timeouts: Timeouts | None = None
) -> Iterator[Bookinfo]:
    what = spec(folder, generation, timeouts)
    addresses = {(pod.app, pod.version): pod.listen for pod in what.pods}
    with sidecar(addresses, what.pods[0].outbound[1]) as remembering, start(what, folder) as process:
        try:
            line = process.stdout.readline()
            assert line == "ready\n", process.stderr.read()
            yield Bookinfo(process, addresses["productpage", "v1"], Path(what.control), remembering)
        finally:
            process.terminate()
            process.wait(timeout=10)
