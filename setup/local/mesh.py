"""The local mesh behind the mesh protocol: owned by this process, or found running."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import requests

from .. import checks, routes
from .. import documents as istio
from ..documents import Document, DocumentError
from ..mesh import Counters, MeshError, MeshSettingError, Pod
from . import prometheus
from .access_log import LocalAccessLog
from .envoy import metrics
from .envoy.translation import SERVICES
from .folder import MeshFolder, mesh_folder, replace
from .owner import Owner
from .proxies import Proxies
from .standing import Layout, Standing
from .topology import NAMESPACE, Topology

_DOWN_LIMIT = 10.0
"""Seconds that an owner in another shell gets to take its mesh down."""


class LocalMesh:
    """One local mesh by name. ``up`` makes this process its owner; everything else works from any process."""

    def __init__(self, name: str = "default", layout: Layout | None = None) -> None:
        self.name = name
        self._layout = layout or Layout()
        self._folder: MeshFolder = mesh_folder(name)
        self._owner: Owner | None = None
        self._standing: Standing | None = self._folder.read()

    @property
    def namespace(self) -> str:
        return NAMESPACE

    @property
    def is_up(self) -> bool:
        return self._standing is not None

    @property
    def owner(self) -> int:
        """The process that the mesh lives and dies with."""
        return self._here().owner

    @property
    def layout(self) -> Layout:
        return self._here().layout

    @property
    def control_socket(self) -> Path:
        self._here()
        return self._folder.control_socket

    @property
    def url(self) -> str:
        return self._topology().gateway.url

    def up(self) -> None:
        self._owner = Owner(self._folder)
        self._standing = self._owner.up(self._layout, routes.ingress())

    def route(self, documents: Sequence[Document], *, force: bool = False) -> float:
        self._here()
        with self._folder.changing():
            current = self.documents()
            merged = istio.merge(current, documents)
            if not force:
                checks.refuse_new(current, merged, self._problems)
            self._proxies().serve(merged)
            return time.time()

    def scale(self, workload: str, replicas: int | None) -> None:
        """Let so many of the workload's pods get calls, or all of them, as soon as it returns.

        The others go on running, as a pod does that Kubernetes took out of its Service before it ends it.
        """
        topology = self._here().topology()
        if (replicas or 0) > (there := len(topology.pods_of(workload))):
            raise MeshSettingError(
                f"the mesh was started with {there} of {workload}, not with {replicas}",
                f"start it with `weighbridge up --replicas {workload}={replicas}`",
            )
        with self._folder.changing():
            wanted = {name: count for name, count in self.scaled().items() if name != workload}
            if replicas is not None and replicas < there:
                wanted[workload] = replicas
            self._proxies().scale(topology.scaled(wanted))
            self._folder.scale(wanted)

    def scaled(self) -> Mapping[str, int]:
        """How many pods get calls, of each workload of which not all do."""
        self._here()
        return self._folder.scaled()

    def reset(self) -> None:
        self._here()
        with self._folder.changing():
            self._proxies().serve(routes.ingress())

    def documents(self) -> Sequence[Document]:
        return self._proxies().documents()

    def revision(self) -> tuple[tuple[int, int], ...]:
        return self._proxies().revision()

    def describe(self) -> dict[str, Any]:
        watched = prometheus.url(self._topology()) if self.layout.prometheus else None
        told = {"kind": "local", "name": self.name, **asdict(self.layout), "prometheus": watched}
        told["replicas"] = {**self.layout.replicas, **self.scaled()}
        return told | {"envoy": self._proxies().envoy_version()}

    def objects(self) -> Sequence[Mapping[str, Any]]:
        return ()

    def pods(self) -> Sequence[Pod]:
        return self._topology().pods

    def expose(self, text: str) -> None:
        if self.layout.prometheus:
            with contextlib.suppress(OSError):  # the mesh is gone: what ends with it is no reason to fail
                replace(self._folder.metrics_file, text)

    def counters(self) -> Counters:
        texts, missing = {}, []
        for pod in self.pods():
            try:
                texts[pod.name] = metrics.read(pod)
            except requests.RequestException as error:
                missing.append(f"the proxy of {pod.name} did not tell its counters ({error})")
        return Counters("the counters of the mesh's Envoys", texts, tuple(missing))

    def access_log(self, into: Path) -> LocalAccessLog:
        pods, proxies = self.pods(), self._proxies()
        return LocalAccessLog(
            pods,
            {pod.name: self._folder.access_log(pod.name) for pod in pods},
            into,
            {pod.name: proxies.admin(pod.name) for pod in pods},
        )

    def check(self) -> None:
        if self._owner is not None:
            self._owner.check()
        elif self._folder.read() != self._standing:
            raise MeshError(f"the mesh {self.name} went away", "look at the shell that ran `weighbridge up`")

    def down(self) -> None:
        if self._owner is not None:
            self._owner.down()
        else:
            self._ask_owner_to_end()
        self._owner = self._standing = None

    def _problems(self, documents: Sequence[Document]) -> Iterator[DocumentError]:
        yield from checks.problems(documents, SERVICES)
        yield from checks.without_pods(documents, self._topology().labels_behind())

    def _ask_owner_to_end(self) -> None:
        owner = self.owner
        os.kill(owner, signal.SIGTERM)
        deadline = time.monotonic() + _DOWN_LIMIT
        while self._folder.read() is not None:
            if time.monotonic() > deadline:
                raise MeshError(
                    f"the owner of the mesh (process {owner}) does not end", f"end it: kill -9 {owner}"
                )
            time.sleep(0.02)

    def _proxies(self) -> Proxies:
        return Proxies(self._folder, self._topology())

    def _topology(self) -> Topology:
        return self._here().topology().scaled(self._folder.scaled())

    def _here(self) -> Standing:
        if self._standing is None:
            option = "" if self.name == "default" else f" --mesh-name {self.name}"
            raise MeshError(f"no mesh named {self.name} is up", f"start one with `weighbridge up{option}`")
        return self._standing
