"""Running Envoys made to serve given documents: files replaced, then every proxy asked until it says so."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace as changed

from .. import documents as istio
from ..documents import Document
from ..mesh import MeshError, Pod
from .admin import Admin
from .envoy import discovery
from .envoy.access_log_format import LogFormat
from .envoy.bootstrap import bootstrap
from .envoy.tracing import Tracing
from .envoy.translation import ProxyConfig, translate
from .folder import MeshFolder, replace
from .topology import Topology

IN_FORCE_LIMIT = 10.0
"""Seconds until every Envoy must serve new routes; it takes milliseconds."""


class Proxies:
    """Every Envoy of one mesh, reached through its files and its admin socket; works from any process."""

    def __init__(self, folder: MeshFolder, topology: Topology) -> None:
        self._folder = folder
        self._topology = topology

    def admin(self, pod: str) -> Admin:
        return Admin(self._folder.admin_socket(pod))

    def envoy_version(self) -> str | None:
        """Of the gateway's Envoy, which all pods share; None where it does not answer."""
        try:
            return self.admin(self._topology.gateway.pod.name).version()
        except OSError:
            return None

    def documents(self) -> Sequence[Document]:
        return istio.read_file(self._folder.documents_file)

    def revision(self) -> tuple[tuple[int, int], ...]:
        """Which routes the Envoys are served from: inode and time of each file; a change replaces them.

        Clusters are no part of it: other pods behind a service are no other routes, and whatever else changes
        clusters replaces the routes' file, too.
        """
        files = (self._folder.proxy(pod.name) / discovery.ROUTES_FILE for pod in self._topology.pods)
        try:
            return tuple((seen.st_ino, seen.st_mtime_ns) for seen in (file.stat() for file in files))
        except FileNotFoundError:  # the mesh goes away, which its check tells
            return ()

    def prepare(
        self, documents: Sequence[Document], log_format: LogFormat, tracing: Tracing | None = None
    ) -> None:
        """Write everything the Envoys need before their start."""
        configs = translate(documents, self._topology)
        for pod in self._topology.pods:
            folder, log = self._folder.proxy(pod.name), self._folder.access_log(pod.name)
            folder.mkdir(parents=True)
            log.parent.mkdir(parents=True)
            log.touch()
            socket = self._folder.admin_socket(pod.name)
            start = bootstrap(
                pod,
                self._topology,
                admin_socket=socket,
                folder=folder,
                log=log,
                log_format=log_format,
                tracing=tracing,
            )
            replace(folder / "bootstrap.json", json.dumps(start, indent=1))
            self._publish(pod, configs[pod.name])
        self._keep(documents)

    def are_ready(self) -> bool:
        """Whether every Envoy is live and has taken its configuration (it is live with a broken one, too)."""
        return all(self._has_started(pod) for pod in self._topology.pods)

    def serve(self, documents: Sequence[Document]) -> None:
        """Make every Envoy serve the documents; on any refusal all keep what they had."""
        before = translate(self.documents(), self._topology)
        after = translate(documents, self._topology)
        moved = [pod for pod in self._topology.pods if not self._has(pod, after[pod.name])]
        try:
            self._shift(moved, before, after)
        except BaseException:  # Ctrl-C among them
            for pod in moved:
                self._publish(pod, before[pod.name])
            raise
        self._keep(documents)

    def scale(self, topology: Topology) -> None:
        """Send calls to the pods that get them in that topology, from now on; the routes stay as they are."""
        documents, pods = self.documents(), self._topology.pods
        before, after = translate(documents, self._topology), translate(documents, topology)
        refusals = {pod.name: self._refusals(pod) for pod in pods}
        file = discovery.CLUSTERS_FILE
        try:
            self._wait(file, [(pod, self._publish(pod, after[pod.name], file)) for pod in pods], refusals)
        except BaseException:  # Ctrl-C among them
            for pod in pods:
                self._publish(pod, before[pod.name], file)
            raise

    def _shift(
        self, moved: Sequence[Pod], before: Mapping[str, ProxyConfig], after: Mapping[str, ProxyConfig]
    ) -> None:
        """Add clusters, move the routes over, only then drop clusters: no request meets a missing one."""
        refusals = {pod.name: self._refusals(pod) for pod in moved}
        kept = {pod.name: _with_clusters_of(before[pod.name], after[pod.name]) for pod in moved}
        for configs in (kept, after):
            for file in (discovery.CLUSTERS_FILE, discovery.ROUTES_FILE):
                versions = [(pod, self._publish(pod, configs[pod.name], file)) for pod in moved]
                self._wait(file, versions, refusals)

    def _wait(self, file: str, versions: Sequence[tuple[Pod, str]], refusals: Mapping[str, int]) -> None:
        deadline = time.monotonic() + IN_FORCE_LIMIT
        for pod, version in versions:
            while self._stats(pod, "version_text").get(f"{self._stat(pod, file)}.version_text") != version:
                if self._refusals(pod) > refusals[pod.name]:
                    raise MeshError(f"the Envoy of {pod.name} refused the routes: {self._last_words(pod)}")
                if time.monotonic() > deadline:
                    raise MeshError(
                        f"the Envoy of {pod.name} does not take the routes", f"see {self._log(pod)}"
                    )
                time.sleep(0.002)

    def _has_started(self, pod: Pod) -> bool:
        admin = self.admin(pod.name)
        if not admin.is_ready():
            return False
        try:
            taken = admin.stats(r"\.version_text$")
        except OSError:
            return False
        return all(taken.get(f"{self._stat(pod, file)}.version_text") for file in _FILES)

    def _refusals(self, pod: Pod) -> int:
        counts = self._stats(pod, "update_(rejected|failure)")
        return sum(
            int(counts.get(f"{self._stat(pod, file)}.{kind}", 0))
            for file in _FILES
            for kind in ("update_rejected", "update_failure")
        )

    def _stats(self, pod: Pod, ending: str) -> Mapping[str, str | int]:
        try:
            return self.admin(pod.name).stats(rf"\.{ending}$")
        except OSError as error:
            raise MeshError(f"the Envoy of {pod.name} does not answer: {error}") from error

    def _stat(self, pod: Pod, file: str) -> str:
        clusters = file == discovery.CLUSTERS_FILE
        return discovery.CLUSTERS_STAT if clusters else discovery.routes_stat(pod, self._topology)

    def _publish(self, pod: Pod, config: ProxyConfig, *names: str) -> str:
        """Replace one discovery file, or all of them; gives the version of the last."""
        version = ""
        for name, text in discovery.files(config).items():
            if name in (names or _FILES):
                replace(self._folder.proxy(pod.name) / name, text)
                version = discovery.version(text)
        return version

    def _has(self, pod: Pod, config: ProxyConfig) -> bool:
        """Whether the proxy's files say so already; documents may lie where a change was killed."""
        folder = self._folder.proxy(pod.name)
        return all((folder / name).read_text() == text for name, text in discovery.files(config).items())

    def _keep(self, documents: Sequence[Document]) -> None:
        replace(self._folder.documents_file, istio.dump(documents))

    def _log(self, pod: Pod) -> str:
        return str(self._folder.proxy(pod.name) / "envoy.log")

    def _last_words(self, pod: Pod) -> str:
        lines = (self._folder.proxy(pod.name) / "envoy.log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it does not say why"


_FILES = (discovery.CLUSTERS_FILE, discovery.ROUTES_FILE)


def _with_clusters_of(before: ProxyConfig, after: ProxyConfig) -> ProxyConfig:
    names = {cluster["name"] for cluster in after.clusters}
    leaving = [cluster for cluster in before.clusters if cluster["name"] not in names]
    return changed(after, clusters=(*after.clusters, *leaving))
