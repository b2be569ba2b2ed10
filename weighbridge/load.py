"""Locust as a process of its own: started in a folder of its own, watched, and ended without losing a row."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from analyzer.errors import WorkError
from locustfiles import _command
from locustfiles._command import LoadPlan
from setup import processes
from setup.processes import Child

_STOP_GRACE = 5.0
"""Seconds for the last rows, beyond those that a page in flight may take."""


class LoadError(WorkError):
    """The load could not do its work: the message says why, the hint what to do."""


class Load:
    """A running Locust."""

    def __init__(self, child: Child, timeout: float) -> None:
        self._child = child
        self._timeout = timeout

    @property
    def is_running(self) -> bool:
        return self._child.running

    def stop(self) -> None:
        """End it in order: no new page is asked for, those in flight are waited for, every row is written."""
        processes.end([self._child], grace=self._timeout + _STOP_GRACE)

    def trouble(self) -> LoadError | None:
        """Why it ended, where that was not in order."""
        if self._child.running or self._child.process.returncode == 0:
            return None
        return LoadError(self._child.obituary(), f"its whole output is in {self._child.log}")


@contextmanager
def running(plan: LoadPlan) -> Iterator[Load]:
    """Start Locust in the run's own folder, where nobody else's settings lie, and end it with the block."""
    plan.settings_file.write_bytes(_command.settings(plan))
    child = processes.spawn(
        "Locust",
        _command.command(plan),
        log=plan.folder / "locust.log",
        cwd=plan.folder,
        environment=_command.environment(plan, os.environ),
    )
    load = Load(child, plan.timeout)
    try:
        yield load
    finally:
        load.stop()
