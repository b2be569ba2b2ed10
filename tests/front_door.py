"""The real command in processes of their own, for tests: started, watched, and nothing of it left behind."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_MARK = "WEIGHBRIDGE_TEST"
"""Stands in the environment of every process of one invocation, whatever started it."""
SURE = ("--alpha", "0.000001")
"""For runs that a correct mesh must not fail by chance, however short they are."""
PROVED = ("--within", "8", "--power", "0.9999")
"""For runs that prove a correct mesh: one in ten thousand is left undecided."""


@dataclass(frozen=True)
class Done:
    """How one invocation ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one object on stdout; anything beside it is an error."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The error it reported: exactly one, without a traceback."""
        lines = self.err.splitlines()
        assert not any(line.startswith("Traceback") for line in lines), self.err
        (line,) = (line.removeprefix("error: ") for line in lines if line.startswith("error: "))
        message, _, hint = line.rpartition("; ")
        return message or hint

    @property
    def hint(self) -> str:
        """What the same line says to do instead."""
        (line,) = (line for line in self.err.splitlines() if line.startswith("error: "))
        return line.rpartition("; ")[2]


@dataclass
class Invocation:
    """One command that runs; its output goes to files, so that it never waits for a reader."""

    process: subprocess.Popen[bytes]
    mark: str
    out: Path
    err: Path

    def said(self, text: str) -> bool:
        return text in self.err.read_text() + self.out.read_text()

    def until(self, done: Callable[[], object], seconds: float = 60) -> None:
        """Wait for a moment in its life; it must not end before."""
        deadline = time.monotonic() + seconds
        while not done():
            assert self.process.poll() is None, f"ended too early: {self.done()}"
            assert time.monotonic() < deadline, f"never came: {self.err.read_text()}"
            time.sleep(0.002)

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)

    def done(self, seconds: float = 120) -> Done:
        """Its end, after which no process of it is left."""
        code = self.process.wait(seconds)
        assert gone(self.mark), f"left behind: {commands(self.mark)}"
        return Done(code, self.out.read_text(), self.err.read_text())

    def end(self) -> None:
        """For a test that failed half way."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)


@dataclass
class FrontDoor:
    """Runs the command with meshes below ``home`` and from the folder ``cwd``."""

    home: Path
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    started: list[Invocation] = field(default_factory=list)

    def start(self, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> Invocation:
        mark = secrets.token_hex(8)
        out, err = (self.cwd / f".{mark}.{name}" for name in ("out", "err"))
        given = self.cwd / f".{mark}.in"
        given.write_bytes(stdin)
        with given.open("rb") as source, out.open("wb") as to_out, err.open("wb") as to_err:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "weighbridge", *map(str, arguments)],
                stdin=source,
                stdout=to_out,
                stderr=to_err,
                cwd=self.cwd,
                env={
                    **os.environ,
                    "WEIGHBRIDGE_HOME": str(self.home),
                    _MARK: mark,
                    **self.environment,
                    **environment,
                },
                start_new_session=True,
            )
        self.started.append(Invocation(process, mark, out, err))
        return self.started[-1]

    def __call__(self, *arguments: str | Path, stdin: bytes = b"", **environment: str) -> Done:
        return self.start(*arguments, stdin=stdin, **environment).done()

    def close(self) -> None:
        for invocation in self.started:
            invocation.end()


def processes(mark: str) -> dict[int, str]:
    """The command lines of what carries the mark, by process id."""
    wanted = f"{_MARK}={mark}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


def commands(mark: str) -> list[str]:
    return list(processes(mark).values())


def gone(mark: str, seconds: float = 5) -> bool:
    """Whether nothing that carries the mark lives; the kernel may need a moment to reap what it killed."""
    deadline = time.monotonic() + seconds
    while processes(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
