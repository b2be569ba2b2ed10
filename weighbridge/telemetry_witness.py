"""The third witness of a run: what the mesh's proxies counted, read before its load and after."""

from __future__ import annotations

import time
from dataclasses import dataclass

from analyzer.run.folder import RunFolder
from analyzer.telemetry import counters
from setup.mesh import Counters, Mesh


@dataclass(frozen=True, slots=True)
class TelemetryWitness:
    """``before`` is None where no mesh tells its counters; then nothing is left in the folder."""

    mesh: Mesh | None
    since: float
    before: Counters | None

    @classmethod
    def begin(cls, mesh: Mesh | None) -> TelemetryWitness:
        """Called when the copy of the access logs has begun."""
        return cls(mesh, time.time(), mesh.counters() if mesh else None)

    def end(self, folder: RunFolder) -> None:
        """Called when that copy is complete."""
        after = self.mesh.counters() if self.mesh else None
        if self.before and after:
            missing = (*self.before.missing, *after.missing)
            counters.growth(
                after.source, self.since, time.time(), self.before.texts, after.texts, missing
            ).write(folder)
