"""A Kubernetes cluster behind the mesh protocol."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from .. import processes, routes
from ..documents import Document, dump
from ..mesh import MeshError, Pod
from ..processes import Child
from . import downloads, ingress, install, installed, objects, pods, teardown, tutorial
from .access_log import ClusterAccessLog
from .api import Api
from .errors import ApiError
from .installed import ISTIO_NAMESPACE
from .routing import Routing
from .steps import Say, perform
from .tutorial import Wanted

_GATEWAY_PORT = 8080
"""Where the gateway's pods take plain HTTP, behind the Service's port 80."""
_LOOK = 5.0
"""Seconds between two looks whether the gateway still stands, and whether the routes are the same."""
_TUNNEL_LIMIT = 15.0


class ClusterMesh:
    """Istio and Bookinfo in one namespace of a cluster; ``wanted`` is what ``up`` makes of it."""

    def __init__(self, api: Api, wanted: Wanted | None = None, say: Say = print) -> None:
        self._api = api
        self._wanted = wanted or Wanted()
        self._say = say
        self._routing = Routing(api)
        self._url: str | None = None
        self._door: Child | None = None
        self._next_look = 0.0
        self._next_reading = 0.0
        self._revision = ""

    @property
    def name(self) -> str:
        return str(self._api.target)

    @property
    def namespace(self) -> str:
        return self._api.target.namespace

    @property
    def is_up(self) -> bool:
        path = self._api.path("apps/v1", "Deployment", None, "productpage-v1")
        return installed.first(self._api) is not None and self._api.find(path) is not None

    @property
    def url(self) -> str:
        """The gateway's address; where none leads there, a tunnel's, which ends with this process."""
        if self._url is None:
            self._url = ingress.address(self._api) or self._tunnel()
        return self._url

    def up(self) -> None:
        perform(tutorial.steps(self._api, self._wanted, self._say), self._say)

    def plan(self) -> None:
        """Tell what ``up`` would do, and do nothing."""
        perform(tutorial.steps(self._api, self._wanted, self._say), self._say, dry_run=True)

    def route(self, documents: Sequence[Document], *, force: bool = False) -> float:
        if not force:
            istio = installed.first(self._api)
            self._routing.check(documents, istio.version if istio else None)
        self._routing.apply(documents, force=force)
        self._next_reading = 0.0  # our own change is no news at the next look
        return self._routing.wait(documents)

    def reset(self) -> None:
        self._routing.remove(keep=routes.ingress(self.namespace))
        self._next_reading = 0.0

    def documents(self) -> Sequence[Document]:
        return self._routing.documents()

    def revision(self) -> str:
        if time.monotonic() >= self._next_reading:
            self._next_reading = time.monotonic() + _LOOK
            with suppress(ApiError):  # what cannot be read now is read at the next look
                self._revision = dump(self.documents())
        return self._revision

    def describe(self) -> dict[str, Any]:
        istio = installed.first(self._api)
        return {
            "kind": "cluster",
            "name": self.name,
            "context": self._api.target.context,
            "namespace": self.namespace,
            "kubernetes": self._api.get("/version")["gitVersion"],
            "istio": str(istio.version) if istio else None,
            "revision": istio.revision if istio else None,
        }

    def objects(self) -> Sequence[Mapping[str, Any]]:
        return objects.objects(self._api)

    def pods(self) -> Sequence[Pod]:
        return tuple(pods.as_pods(pods.involved(self._api)))

    def counters(self) -> None:
        """A cluster's Prometheus has them: see ``weighbridge verify``."""

    def expose(self, text: str) -> None:
        """Nothing in the cluster scrapes this machine."""

    def access_log(self, into: Path) -> ClusterAccessLog:
        return ClusterAccessLog(self._api, lambda: pods.involved(self._api), into)

    def check(self) -> None:
        if self._door is not None and not self._door.running:
            raise MeshError(self._door.obituary(), "the tunnel to the gateway broke: run this again")
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK
            with suppress(ApiError):  # an API server that is away for a moment takes no traffic away
                ingress.ready_gateway(self._api)

    def down(self) -> None:
        """Take away what ``up`` and ``route`` created; Istio, and what others made, stay."""
        self._tell(teardown.bookinfo(self._api))
        self._tell(teardown.addons(self._api))

    def remove_routes(self) -> None:
        """Take away the documents that ``up`` and ``route`` created, the way in included."""
        self._tell(teardown.routes(self._api))

    def remove_istio(self) -> None:
        """Take all of Istio away, whoever installed it, with the istioctl that was asked for."""
        found = downloads.find(self._wanted.istioctl, self._api.target.kubeconfig_context, self._say)
        install.uninstall(found, self._say)

    def _tell(self, removed: Iterable[str]) -> None:
        for line in removed:
            self._say(f"deleted {line}")

    def _tunnel(self) -> str:
        pod = ingress.ready_gateway(self._api)
        context = self._api.target.kubeconfig_context or ""
        arguments = ["-P", "-m", "setup.cluster.door", context, ISTIO_NAMESPACE, pod, str(_GATEWAY_PORT)]
        log = Path(tempfile.mkdtemp(prefix="weighbridge-tunnel-")) / "log"
        self._door = processes.spawn("the tunnel", [sys.executable, *arguments], log=log)
        deadline = time.monotonic() + _TUNNEL_LIMIT
        while time.monotonic() < deadline and self._door.running:
            if found := re.search(r"^port (\d+)$", log.read_text(), re.MULTILINE):
                self._say(
                    f"no address leads to the gateway from here: a tunnel to {pod} does, for small loads"
                )
                return f"http://127.0.0.1:{found[1]}"
            time.sleep(0.05)
        raise MeshError(f"no tunnel to {pod}: {self._door.last_words()}", "see `kubectl port-forward`")
