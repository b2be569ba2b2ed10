"""One container's log, copied while it is written: over broken connections, rotations, restarts.

What cannot be shown to be complete is reported as a gap with its bounds; nothing is lost in silence.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .api import Api
from .errors import TRANSPORT, ApiError
from .pods import PROXY, proxy_state
from .seam import Seam, time_of

_SILENCE = 5.0
"""Seconds without a line before a connection is made anew: old kubelets fall silent when a log is rotated."""
_AGAIN = 0.5
"""Seconds before another try."""
_LAST_TRIES = 5
_BLOCK = 1 << 16
_SEAM_LINES = 20_000
"""Lines that a new connection may repeat before it is clear that the log was rotated meanwhile."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines may be missing between two that were read; None is the log's beginning or its end."""

    pod: str
    after: str | None
    before: str | None
    reason: str

    def __str__(self) -> str:
        bounds = f"between {self.after or 'its beginning'} and {self.before or 'its end'}"
        return f"the proxy log of {self.pod} may lack lines {bounds}: {self.reason}"


class _UnwritableError(Exception):
    """The run's own folder takes no more lines."""


class Follower:
    """A thread that copies one pod's proxy log to a file; ``gaps`` grows while it does."""

    def __init__(self, api: Api, namespace: str, pod: str, target: Path, *, from_now_on: bool) -> None:
        self.gaps: list[Gap] = []
        self.pod = pod
        self._api = api
        self._path = api.path("v1", "Pod", namespace, pod)
        self._seam = Seam()
        self._restarts = 0
        self._complete = False
        self._done = False
        self._over = threading.Event()
        self._stream: Any = None
        target.parent.mkdir(parents=True, exist_ok=True)
        self._target = target.open("ab", buffering=0)
        if from_now_on:
            self._mark()
        self._thread = threading.Thread(target=self._run, name=f"log of {pod}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Have it read what there is, once more, and end."""
        self._over.set()
        stream = self._stream
        if stream is not None:
            with suppress(RuntimeError, OSError):  # it has just ended by itself
                stream.shutdown()  # wakes the thread that reads from it

    def join(self) -> None:
        self._thread.join()
        self._target.close()

    def _mark(self) -> None:
        """Remember the last lines there are now: what comes after them is ours."""
        try:
            self._restarts = _restarts(self._api.get(self._path))
            self._seam.keep(self._lines({"tailLines": "100"}))
        except ApiError as error:
            if error.status != 400:
                raise  # 400: the container has not started, so every line of it is ours

    def _run(self) -> None:
        """Whatever ends the thread early is a gap: nobody else would tell."""
        try:
            self._read()
        except Exception as error:
            self._report(None, f"{type(error).__name__}: {error}")

    def _read(self) -> None:
        while not self._over.is_set() and not self._done:
            if self._attempt(self._catch_up) and not self._done and not self._over.is_set():
                self._attempt(self._follow)
        if not self._done and not any(self._attempt(self._catch_up) for _ in range(_LAST_TRIES)):
            self._report(None, "the API server did not give its end")

    def _attempt(self, read: Callable[[], None]) -> bool:
        try:
            read()
        except ApiError:
            time.sleep(_AGAIN)
            return False
        return True

    def _catch_up(self) -> None:
        """Read on from where the last reading ended; afterwards the copy is complete up to now."""
        pod = self._api.find(self._path)
        if pod is None:
            self._done = True
            if not self._complete:
                self._report(None, "the pod went away while its log could not be read")
            return
        lines = self._lines(self._since())
        restarted = _restarts(pod) > self._restarts
        new = None if self._seam.is_empty and restarted else self._seam.new(lines)
        if new is None:
            self._finish_previous(lines[0] if lines else b"")
            self._restarts = max(self._restarts, _restarts(pod))
            new = lines
        self._complete = self._complete and not new
        self._write(new)

    def _finish_previous(self, first: bytes) -> None:
        """The end that was kept is not in the log: the container restarted, or the log was rotated.

        A restart shows in the log before it shows in the pod's status, so the previous log itself is asked.
        """
        previous = self._previous()
        rest = None if previous is None else self._seam.new(previous)
        if rest is None:
            self._report(time_of(first), "the log was rotated or its container restarted, unread")
        else:
            self._write(rest)
            self._restarts += 1
        self._seam.restart()

    def _previous(self) -> list[bytes] | None:
        """The log of the container's life before this one; None where there is none."""
        try:
            return self._lines({"previous": "true", **self._since()})
        except ApiError as error:
            if error.status == 400:
                return None
            raise

    def _follow(self) -> None:
        """Copy lines as they come, until the stream ends, breaks, or falls silent."""
        self._stream = self._api.stream(
            f"{self._path}/log", {"container": PROXY, "follow": "true", **self._since()}, silence=_SILENCE
        )
        self._complete = False
        repeated: list[bytes] | None = [] if not self._seam.is_empty else None
        rest = b""
        try:
            while not self._over.is_set() and (block := self._stream.read1(_BLOCK)):
                *lines, rest = (rest + block).split(b"\n")
                if repeated is None:
                    self._write(lines)
                    continue
                repeated += lines
                new = self._seam.new(repeated)
                if new is not None:
                    self._write(new)
                    repeated = None
                elif len(repeated) > _SEAM_LINES:
                    return  # reading from the start will tell what is missing
            # A stream that ends by itself gave every line of its container, to the last.
            self._complete = repeated is None and not rest and not self._over.is_set()
        except TRANSPORT:
            return  # broken or silent: what came is kept, and reading goes on after it
        finally:
            stream, self._stream = self._stream, None
            stream.close()
        self._over.wait(_AGAIN)  # a container that ended ends each further stream at once

    def _lines(self, query: dict[str, str]) -> list[bytes]:
        """The whole lines there are; one that is still being written is left for later."""
        answer = self._api.stream(f"{self._path}/log", {"container": PROXY, **query}, silence=_SILENCE)
        try:
            text: bytes = answer.read()
        except TRANSPORT as error:
            raise ApiError(f"the log of {self.pod} could not be read: {error}") from error
        finally:
            answer.close()
        return text.split(b"\n")[:-1]

    def _since(self) -> dict[str, str]:
        return {"sinceTime": self._seam.since} if self._seam.since else {}

    def _write(self, lines: list[bytes]) -> None:
        if not lines:
            return
        try:
            self._target.write(b"\n".join(lines) + b"\n")
        except OSError as error:
            self._done = True
            raise _UnwritableError(f"the copy cannot be written: {error.strerror}") from error
        self._seam.keep(lines)

    def _report(self, before: str | None, reason: str) -> None:
        self.gaps.append(Gap(self.pod, self._seam.time, before, reason))


def _restarts(pod: Any) -> int:
    return int(proxy_state(pod).get("restartCount", 0))
