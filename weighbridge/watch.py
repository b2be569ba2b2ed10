"""The verdict while a run lasts: what is new in its folder goes through the same test, as decided."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from analyzer import calls, requests, watch
from analyzer.access_log.exact import exact
from analyzer.calls import Call
from analyzer.decided import Decided, Place
from analyzer.records import UNKNOWN, LogEntry, Outcome, Version
from analyzer.run import Run, RunFolder
from analyzer.split import SplitTest

_LINES_SETTLE = 1.0
"""Seconds after which every line of an answered page is in the log: the proxies hold lines for 0.2 s."""


class Watch:
    """Reads what is new at each look; memory follows what is in flight."""

    def __init__(self, folder: RunFolder, run: Run, until_certain: bool) -> None:
        promise = run.promise
        self._test = SplitTest(promise.weights, promise.within, promise.alpha)
        self._tally = watch.start(self._test)
        self._until_certain = until_certain
        self._pages = _Chunks(folder.requests)
        self._lines = _Lines(folder, run) if run.mesh else None
        self._decided = Decided()
        self._settling: deque[tuple[float, list[Place]]] = deque()
        self._answered = 0
        self._started = time.monotonic()

    @property
    def is_certain(self) -> bool:
        decision = self._tally.decision
        return self._until_certain and decision is not None and decision.outcome is not Outcome.UNDECIDED

    def look(self) -> None:
        """Take in what was written since the last look."""
        now = time.monotonic()
        pages = list(self._pages.new())
        self._answered += len(pages)
        self._settling.append((now, [(worker, seq) for worker, seq, _, _ in pages]))
        self._decided.add_calls(self._lines.new() if self._lines else pages)
        while self._settling and self._settling[0][0] <= now - _LINES_SETTLE:
            self._decided.add_pages(self._settling.popleft()[1])
        self._tally = watch.watch(self._test, self._tally, self._decided.take())

    def line(self) -> str:
        """How it stands, for people who wait."""
        seconds = time.monotonic() - self._started
        seen = self._tally.requests
        shares = "  ".join(
            f"{version} {100 * count / seen:.1f} %" if seen else f"{version} –"
            for version, count in zip(self._test.weights.versions, self._tally.counts, strict=True)
        )
        decision = self._tally.decision
        state = f"{decision.outcome} after {decision.requests}" if decision else "not yet certain"
        return f"{self._answered} pages  {self._answered / seconds:.0f}/s  {shares}  {state}"


class _Chunks:
    """New rows of the load, chunk by chunk; a chunk is whole or absent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = 0

    def new(self) -> Iterator[tuple[int, int, float, Version]]:
        while (path := requests.chunk(self._folder, self._read + 1)).exists():
            self._read += 1
            frame = requests.read_chunk(path)
            versions = frame["version"].astype(object).fillna(UNKNOWN)
            yield from zip(frame["worker"], frame["seq"], frame["start"], versions, strict=True)


class _Lines:
    """New reviews calls of this run in the callers' outbound logs; a line that is not whole yet waits."""

    def __init__(self, folder: RunFolder, run: Run) -> None:
        self._run = run
        self._versions = run.versions_by_ip()
        self._paths = [folder.log_of(pod) for pod in run.pods_of(calls.CALLER)]
        self._open: dict[Path, IO[bytes]] = {}
        self._rest: dict[Path, bytes] = {}

    def new(self) -> Iterable[tuple[int, int, float, Version]]:
        for path in self._paths:
            for line in self._whole_lines(path):
                entry = exact(line)
                found = (
                    calls.call(path.parent.name, entry, self._versions)
                    if isinstance(entry, LogEntry)
                    else None
                )
                if found and found[0] == self._run.id:
                    one: Call = found[1]
                    yield one.worker, one.seq, one.start, one.version

    def _whole_lines(self, path: Path) -> list[bytes]:
        if path not in self._open:
            self._open[path] = path.open("rb")
        *lines, self._rest[path] = (self._rest.get(path, b"") + self._open[path].read()).split(b"\n")
        return lines
