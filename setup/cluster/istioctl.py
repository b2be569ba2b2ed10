"""istioctl as a process: its arguments as a list, a time limit, its words as they come, and its version."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ..mesh import MeshError
from .istio_version import IstioVersion, found_in

OLDEST = 12
"""The oldest minor release of Istio that we drive."""
_LIMIT = 60.0
"""Seconds for what only asks. istioctl's own time-outs are 15 s and 30 s."""
_GRACE = 3.0
_WORDS = 300
_ESCAPE = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")

Hear = Callable[[str], None]
"""Takes a line of progress."""


class IstioctlError(MeshError):
    """istioctl is not there, is not what we can drive, or did not do what was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call ended, its words free of colours."""

    code: int
    out: str
    err: str

    @property
    def reason(self) -> str:
        """What it says of its failure: from ``Error:`` on, else its last line; in one line."""
        said = self.err.strip() or self.out.strip()
        _, _, error = said.rpartition("Error: ")
        words = " ".join((error or said).split())
        return words if len(words) <= _WORDS else words[:_WORDS] + " …"


@dataclass(frozen=True, slots=True)
class Istioctl:
    """One istioctl, bound to a context of the kubeconfig (None: the kubeconfig's own)."""

    path: Path
    version: IstioVersion
    context: str | None = None

    @property
    def release(self) -> Path | None:
        """The release folder that it lies in, where it lies in one: samples, manifests, charts."""
        folder = self.path.resolve().parent.parent
        return folder if (folder / "samples").is_dir() else None

    def command(self, *arguments: str) -> list[str]:
        """The whole command, as a list."""
        context = () if self.context is None else ("--context", self.context)
        return [str(self.path), *arguments, *context]

    def shown(self, *arguments: str) -> str:
        """The command as one may type it."""
        return shlex.join(["istioctl", *self.command(*arguments)[1:]])

    def ask(self, *arguments: str, limit: float = _LIMIT, hear: Hear | None = None) -> Answer:
        """Run it to its end, whatever its exit code; raises IstioctlError where it hangs or cannot start."""
        return _run(self.command(*arguments), limit, hear)

    def do(self, *arguments: str, limit: float = _LIMIT, hear: Hear | None = None, hint: str = "") -> Answer:
        """Run it; raises IstioctlError, with its own reason, where it fails."""
        answer = self.ask(*arguments, limit=limit, hear=hear)
        if answer.code:
            reason = answer.reason or f"exit code {answer.code}"
            raise IstioctlError(
                f"istioctl {' '.join(_verb(arguments))} failed: {reason}",
                hint or f"try it by hand: {self.shown(*arguments)}",
            )
        return answer


def opened(path: Path, context: str | None = None) -> Istioctl:
    """The istioctl at a path, once it has told its version."""
    answer = _run([str(path), "version", "--remote=false", "-o", "json"], _LIMIT, None)
    version = _version(answer)
    if version is None:
        said = answer.reason or "nothing"
        raise IstioctlError(
            f"{path} does not tell its version: {said}", "name a released istioctl with --istioctl"
        )
    if not version.since(OLDEST):
        raise IstioctlError(
            f"{path} is istioctl {version}, and 1.{OLDEST} is the oldest that can be driven",
            "name a newer one with --istioctl, or fetch one with --istio-version",
        )
    return Istioctl(path, version, context)


def _version(answer: Answer) -> IstioVersion | None:
    """From JSON; from ``client version: 1.30.3`` or ``1.12.1`` where a build answers in words."""
    if answer.code:
        return None
    try:
        client: Any = json.loads(answer.out)["clientVersion"]["version"]
    except (ValueError, KeyError, TypeError):
        client = answer.out
    return found_in(str(client))


def _verb(arguments: Sequence[str]) -> Iterator[str]:
    """The leading words: ``x precheck``, ``install``."""
    for argument in arguments:
        if argument.startswith("-"):
            return
        yield argument


def _run(command: Sequence[str], limit: float, hear: Hear | None) -> Answer:
    """In a session of its own, so that Ctrl-C reaches us alone and we end it with all that it started."""
    deadline = time.monotonic() + limit
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise IstioctlError(
            f"{command[0]} cannot be run: {reason}", "name an istioctl for this machine with --istioctl"
        ) from error
    try:  # at once: a Ctrl-C may come before its first word
        out, err = _Words(process.stdout, hear), _Words(process.stderr, hear)
        code = process.wait(max(0.0, deadline - time.monotonic()))
        return Answer(code, out.whole(), err.whole())
    except subprocess.TimeoutExpired:
        _end(process)
        last = (err.whole() or out.whole()).strip().splitlines()
        words = f"; its last words: {last[-1].strip()[:_WORDS]}" if last else ""
        raise IstioctlError(
            f"istioctl {' '.join(_verb(command[1:]))} did not end within {limit:g} s and was ended{words}",
            "it can be repeated; see whether the cluster answers: kubectl get pods -n istio-system",
        ) from None
    finally:
        _end(process)


class _Words:
    """Everything that comes through a pipe, kept, and told line by line while it comes."""

    def __init__(self, pipe: IO[str] | None, hear: Hear | None) -> None:
        self._pipe = pipe
        self._hear = hear
        self._lines: list[str] = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def whole(self) -> str:
        """All of it; a grandchild may hold the pipe open, which is not waited for."""
        self._thread.join(_GRACE)
        return "".join(self._lines)

    def _read(self) -> None:
        if self._pipe is None:
            return
        with self._pipe:
            for line in self._pipe:
                clean = _ESCAPE.sub("", line)
                self._lines.append(clean)
                if self._hear and any(letter.isalnum() for letter in clean):  # no line of the ship it draws
                    self._hear(clean.strip())


def _end(process: subprocess.Popen[str]) -> None:
    """End the process and whatever it started; nothing happens where it has ended."""
    if process.poll() is not None:
        return
    for deed in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, deed)
            process.wait(_GRACE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
        return
