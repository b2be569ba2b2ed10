"""Child processes that cannot outlive their owner, not even an owner killed with SIGKILL."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .mesh import MeshError

_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Child:
    """A process we own; its output goes to ``log``."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def last_words(self) -> str:
        """The last line it wrote, which is where programs say why they ended."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1] if lines else ""

    def obituary(self) -> str:
        code = self.process.poll()
        how = (
            f"was killed by {signal.Signals(-code).name}" if code and code < 0 else f"ended with code {code}"
        )
        words = self.last_words()
        return f"{self.name} {how}" + (f": {words}" if words else "")


def spawn(
    name: str,
    arguments: Sequence[str | Path],
    *,
    log: Path,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Child:
    """Start a child in a session of its own, so that Ctrl-C reaches the owner alone, who ends it in order."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),  # noqa: PLW1509 - we fork from the only thread
        )
    return Child(name, process, log)


def end(children: Sequence[Child], grace: float = 3.0) -> None:
    """Ask every child to end, wait for all of them together, kill what stays."""
    for child in children:
        if child.running:
            child.process.terminate()
    deadline = time.monotonic() + grace
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()


def _die_with(owner: int) -> Callable[[], None]:
    """What the child does before it becomes the program: ask the kernel to kill it when its owner dies."""
    if sys.platform != "linux":
        raise MeshError(
            "the local mesh needs Linux: loopback pod addresses, and children that die with their owner",
            "use a Linux machine, virtual machine or container",
        )
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != owner:  # it died between fork and prctl
            os._exit(1)

    return prepare
