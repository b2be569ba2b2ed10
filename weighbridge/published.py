"""How a run stands while its load runs, where others look: live.json in its folder, the mesh's Prometheus."""

from __future__ import annotations

import time

from analyzer.current import of_live
from analyzer.live import About, Answer, Live
from analyzer.records import UNKNOWN
from analyzer.report.metrics import exposition
from analyzer.run import calls, whole_file
from analyzer.run.folder import Run, RunFolder
from setup.mesh import Mesh

from .watch import Watch

_EVERY = 1.0
"""Seconds; who looks closer than that watches the page of ``web``."""


class Published:
    """Tells others once a second; whoever stops hearing of the run knows that it has ended or died."""

    def __init__(self, folder: RunFolder, run: Run, watch: Watch, mesh: Mesh | None) -> None:
        self._folder = folder
        self._mesh = mesh
        self._watch = watch
        self._about = about(run)
        self._told = float("-inf")

    def look(self) -> bool:
        """Called after each look of the watch; never touches the routes."""
        if time.monotonic() - self._told >= _EVERY:
            self._told = time.monotonic()
            state = self._watch.split.state(
                self._about, time.time(), self._watch.pace.per_second, Answer(wish=0)
            )
            publish(self._folder, self._mesh, state)
        return False


def about(run: Run) -> About:
    """What does not change while the run's load runs."""
    stand = {pod.labels.get("version", UNKNOWN) for pod in run.pods_of(calls.SERVICE)} - {UNKNOWN}
    versions = sorted(stand | {*run.promise.weights.versions})
    return About(run=run.id, witness="proxy" if run.mesh else "page", versions=tuple(versions))


def publish(folder: RunFolder, mesh: Mesh | None, state: Live) -> None:
    whole_file.write(folder.live, state.json())
    if mesh:
        mesh.expose(exposition(of_live(state)))
