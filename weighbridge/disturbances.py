"""What happens to a run from outside: other routes, a clock that is set, a folder that goes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from analyzer.run.folder import Run, RunFolder
from setup.mesh import Mesh

from .folders import FolderError

_SET = 0.5
"""Seconds by which a clock is off at once when somebody sets it; NTP slews by half a millisecond a second."""
Clock = Callable[[], float]


class Disturbances:
    """Looked for several times a second; cheap enough for that."""

    def __init__(self, folder: RunFolder, mesh: Mesh | None, clock: Clock = time.time) -> None:
        self._folder = folder
        self._mesh = mesh
        self._clock = clock
        self._ahead = clock() - time.monotonic()
        self._revision = mesh.revision() if mesh else None
        self._steps: list[float] = []
        self._calm = self.now()
        self._until: float | None = None

    def now(self) -> float:
        """Unix seconds by the clock as it was when the run began, whatever it was set to since."""
        return time.monotonic() + self._ahead - sum(self._steps)

    def look(self) -> str | None:
        """Why the load must end, where it must; raises FolderError where the folder is gone."""
        if not self._folder.run_file.exists():
            raise FolderError(
                f"{self._folder.path} was taken away while the run lasted",
                "nothing of the run is left: run it again",
            )
        self._look_at_clock()
        if self._mesh is None:
            return None
        moment = self.now()
        if self._mesh.revision() != self._revision:
            self._until = self._calm
            return "somebody else changed the routes"
        self._calm = moment
        return None

    def accept(self) -> None:
        """The routes were changed by this run itself."""
        if self._mesh is not None:
            self._revision = self._mesh.revision()

    def told(self, run: Run) -> Run:
        """The run's record with what was found, since the last look too."""
        self._look_at_clock()
        return replace(run, until=self._until, disturbed=(*run.disturbed, *self._words()))

    def _look_at_clock(self) -> None:
        ahead = self._clock() - time.monotonic()
        if abs(ahead - self._ahead) > _SET:
            self._steps.append(ahead - self._ahead)
        self._ahead = ahead

    def _words(self) -> list[str]:
        words = [
            f"the clock was set {'forward' if step > 0 else 'back'} by {abs(step):.1f} s during the run: "
            "times of log lines before and after do not compare; no verdict rests on them"
            for step in self._steps
        ]
        if self._until is not None:
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(self._until))
            words.append(f"somebody else changed the routes after {at} UTC")
        return words
