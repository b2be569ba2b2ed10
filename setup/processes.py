"""Child processes that cannot outlive their owner, not even an owner killed with SIGKILL."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .mesh import MeshError

_PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BACKTRACE = "[backtrace]"
"""In the lines that Envoy adds to why it aborts."""
_FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
"""Ends that a program cannot explain in its last words."""


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
        said = [line for line in lines if _BACKTRACE not in line]
        return (said or lines or [""])[-1]

    def obituary(self) -> str:
        code = self.process.poll() or 0
        if code in _FROM_OUTSIDE:
            return f"{self.name} was killed by {signal.Signals(-code).name}"
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
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
    process = None
    try:
        with log.open("ab") as output, uninterrupted():
            process = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=dict(environment) if environment is not None else None,
                start_new_session=True,
                preexec_fn=_prepared(os.getpid()),  # noqa: PLW1509 - we fork from the only thread
            )
    except BaseException:  # a signal that waited: nobody else knows the child
        if process is not None:
            process.kill()
            process.wait()
        raise
    return Child(name, process, log)


def end(children: Sequence[Child], grace: float = 3.0) -> None:
    """Ask every child to end, wait for all of them together, kill what stays, also when broken off."""
    deadline = time.monotonic() + grace
    try:
        for child in children:
            if child.running:
                child.process.terminate()
        for child in children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
    finally:
        for child in children:
            if child.running:
                child.process.kill()
                child.process.wait()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Ctrl-C and SIGTERM wait for the end of the block.

    An exception is lost where it meets Python's own handlers around a fork, and amid cleaning up things stay.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepared(owner: int) -> Callable[[], None]:
    """What the child does before it becomes the program: ask the kernel to kill it when its owner dies."""
    if sys.platform != "linux":
        raise MeshError(
            "the local mesh needs Linux: loopback pod addresses, and children that die with their owner",
            "use a Linux machine, virtual machine or container",
        )
    libc = ctypes.CDLL(None, use_errno=True)

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        _die_with(owner, libc)

    return prepare


def die_with(owner: int) -> None:
    """Ask Linux to kill this process when its parent, ``owner``, dies in whatever way."""
    _die_with(owner, ctypes.CDLL(None, use_errno=True))


def _die_with(owner: int, libc: ctypes.CDLL) -> None:
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != owner:  # it died between fork and prctl
        os._exit(1)
