"""A run's own copy of the proxies' access logs, taken while they are written."""

from __future__ import annotations

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
        self._copies = [_Copy(source, into / pod / source.name) for pod, source in sources.items()]

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
        return missing


class _Copy:
    """One pod's log: from the offset where the run began to wherever it ends."""

    def __init__(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        self._source = source.open("rb")
        self._source.seek(0, 2)
        self._target = target.open("xb", buffering=0)

    def pump(self) -> None:
        while block := self._source.read(_BLOCK):
            self._target.write(block)

    def close(self) -> None:
        self._source.close()
        self._target.close()


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
