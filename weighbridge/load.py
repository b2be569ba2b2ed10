"""Locust as a process of its own: started in a folder of its own, watched, and ended without losing a row."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from analyzer.errors import WorkError
from analyzer.run.load_summary import Summary
from locustfiles import _command
from locustfiles._command import LoadPlan
from setup import processes
from setup.processes import Child

_STOP_GRACE = 15.0
"""Seconds for the last rows, beside those that one request may take."""

_WORKER_GRACE = 60.0
"""Seconds for what a worker has in flight; its own timeout is the master's to say."""


class LoadError(WorkError):
    """The load could not do its work: the message says why, the hint what to do."""


class Load:
    """A running Locust."""

    def __init__(self, child: Child, plan: LoadPlan) -> None:
        self._child = child
        self._plan = plan

    @property
    def is_running(self) -> bool:
        return self._child.running

    def stop(self) -> None:
        """End it in order: no new page is asked for, those in flight are waited for, every row is written."""
        processes.end([self._child], grace=self._plan.timeout + _STOP_GRACE)

    def trouble(self) -> LoadError | None:
        """Why it ended, where that was not in order."""
        if self._child.running or self._child.process.returncode == 0:
            return None
        why = "; ".join(missing(self._plan)) or self._child.obituary()
        return LoadError(why, f"its whole output is in {self._child.log}")


def missing(plan: LoadPlan) -> tuple[str, ...]:
    """What the load says it lost, in words."""
    summary = Summary.read(plan.folder)
    return summary.trouble if summary else ()


@contextmanager
def running(plan: LoadPlan) -> Iterator[Load]:
    """Start Locust in the run's own folder, where nobody else's settings lie, and end it with the block."""
    if plan.processes > 1:
        plan = replace(plan, listen=(plan.listen[0], _free_port(plan.listen[0])))
    plan.settings_file.write_bytes(_command.settings(plan))
    child = processes.spawn(
        "Locust",
        _command.command(plan),
        log=plan.folder / "locust.log",
        cwd=plan.folder,
        environment=_command.environment(plan, os.environ),
    )
    load = Load(child, plan)
    try:
        yield load
    finally:
        load.stop()


def serve(master: tuple[str, int], count: int) -> None:
    """Be workers of a master elsewhere until it has no more to do; Ctrl-C and SIGTERM end them in order."""
    with tempfile.TemporaryDirectory(prefix="weighbridge-worker-") as name:
        folder = Path(name)
        workers = [_worker(master, folder, number) for number in range(count)]
        try:
            codes = [worker.process.wait() for worker in workers]
        finally:
            processes.end(workers, grace=_WORKER_GRACE)
        for worker, code in zip(workers, codes, strict=True):
            if code:
                raise LoadError(
                    worker.obituary(), f"is a run waiting for workers at {master[0]}:{master[1]}?"
                )


def _worker(master: tuple[str, int], folder: Path, number: int) -> Child:
    """Apart from the others, so that a signal ends each of them in order."""
    return processes.spawn(
        "Locust",
        _command.joining(master),
        log=folder / f"{number}.log",
        cwd=folder,
        environment=_command.clean(folder, os.environ),
    )


def _free_port(address: str) -> int:
    """A port that nobody has; the load takes it a moment later, and says so where somebody was faster."""
    with socket.socket() as taken:
        taken.bind((address, 0))
        port: int = taken.getsockname()[1]
        return port
