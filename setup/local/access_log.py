"""A run's own copy of the proxies' access logs, taken while they are written."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..mesh import Pod
from .admin import Admin

_BLOCK = 1 << 20
_BUFFERED = "filesystem.write_total_buffered"
_PATIENCE = 5.0
"""Seconds to wait for a proxy to write out its log; it takes milliseconds unless the disk is stuck."""


class LocalAccessLog:
    """Copies what each pod's log gains from now on; the proxies keep one file, a run gets its part."""

    delay = 1.0
    """The proxies hold lines back for 0.2 s, and a busy machine for longer."""

    def __init__(
        self,
        pods: Sequence[Pod],
        sources: Mapping[str, Path],
        into: Path,
        proxies: Mapping[str, Admin],
    ) -> None:
        self._pods = pods
        self._proxies = proxies
        for pod, admin in proxies.items():
            _flush(pod, admin)  # what was served before now is not part of the run
        self._copies = [Copy(pod, source, into / pod / source.name) for pod, source in sources.items()]

    def pods(self) -> Sequence[Pod]:
        return self._pods

    def pump(self) -> None:
        for copy in self._copies:
            copy.pump()

    def finish(self) -> Sequence[str]:
        missing = [word for pod, admin in self._proxies.items() for word in _flush(pod, admin)]
        self.pump()
        for copy in self._copies:
            copy.close()
        return [*missing, *(word for copy in self._copies for word in copy.missing)]


class Copy:
    """One pod's log: from the offset where the run began to wherever it ends, over rotations.

    A log that was moved away (logrotate's default) loses nothing; of one that was cut short in place
    (``copytruncate``), what was not yet read is gone, and ``missing`` says so.
    """

    def __init__(self, pod: str, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._pod = pod
        self._path = source
        # A log that was moved away a moment ago is not there until Envoy, which appends, opens it again.
        self._source = os.fdopen(os.open(source, os.O_RDONLY | os.O_CREAT, 0o600), "rb")
        self._source.seek(0, os.SEEK_END)
        self._target = target.open("ab", buffering=0)
        if (size := self._target.tell()) and _last_byte(target, size) != b"\n":
            self._target.write(b"\n")  # a killed run left half a line, whose rest is nowhere
        self.missing: list[str] = []

    def pump(self) -> None:
        self._drain()
        while self._was_moved():
            self._drain()  # the proxy closes the old file before it writes to the new one
            self._source.close()
            self._source = self._path.open("rb")
            self._drain()

    def close(self) -> None:
        self._source.close()
        self._target.close()

    def _drain(self) -> None:
        if os.fstat(self._source.fileno()).st_size < self._source.tell():
            self.missing.append(
                f"the log of {self._pod} was cut short while the run lasted: lines may be missing"
            )
            self._source.seek(0)
        while block := self._source.read(_BLOCK):
            self._target.write(block)

    def _was_moved(self) -> bool:
        """Whether another file has taken its place, and the proxy writes to that one."""
        try:
            there = self._path.stat()
        except FileNotFoundError:  # between the move and the proxy's next look
            return False
        return there.st_size > 0 and not os.path.samestat(there, os.fstat(self._source.fileno()))


def _last_byte(path: Path, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(size - 1)
        return file.read(1)


def _flush(pod: str, admin: Admin) -> list[str]:
    """Have one Envoy write out what it holds; it answers before it writes, so wait until nothing is left."""
    try:
        admin.flush_access_log()
        written = _until_written(admin)
        failed = admin.stats("filesystem.write_failed").get("filesystem.write_failed", 0)
    except OSError as error:
        return [f"the proxy of {pod} did not flush its log ({error}): its last lines may be missing"]
    if failed:
        return [f"the proxy of {pod} failed {failed} times to write its log: is the disk full?"]
    return [] if written else [f"the proxy of {pod} still held lines back after {_PATIENCE:.0f} s"]


def _until_written(admin: Admin) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while admin.stats(_BUFFERED).get(_BUFFERED, 0):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True
