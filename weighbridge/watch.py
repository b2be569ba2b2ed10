"""The verdict while a run lasts: what is new in its folder goes through the same test, as decided."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import IO

import pandas as pd

from analyzer.access_log.exact import exact
from analyzer.live import LiveSplit
from analyzer.records import UNKNOWN, LogEntry, Outcome, Version
from analyzer.run import calls, requests
from analyzer.run.answered import answered
from analyzer.run.calls import Call
from analyzer.run.decided import Decided, Place
from analyzer.run.folder import Run, RunFolder, RunPod
from analyzer.split.forecast import forecast
from analyzer.split.pace import Pace
from analyzer.split.sequential import SplitTest
from analyzer.split.watch import Tally
from setup.mesh import AccessLog, Pod


class Watch:
    """Reads what is new at each look; memory follows what is in flight."""

    def __init__(
        self, folder: RunFolder, run: Run, log: AccessLog | None, until_certain: bool, patience: float
    ) -> None:
        """``patience`` is how many seconds to go on while no page at all shows a version."""
        self.split = LiveSplit(run.promise, run.live)
        self._until_certain = until_certain
        self._patience = patience
        self._silent_since: float | None = None
        self._told = False
        self._pages = _Chunks(folder.requests)
        self._lines = _Lines(folder, run, log) if log else None
        self._settle = log.delay if log else 0.0
        self._decided = Decided()
        self._settling: deque[tuple[float, list[Place], float, set[Place]]] = deque()
        self._answered = 0
        self.pace = Pace(time.monotonic())

    def close(self) -> None:
        """Let go of the logs; there is no look after this."""
        if self._lines:
            self._lines.close()

    @property
    def ending(self) -> str | None:
        """Why more requests would tell nothing new; None while they do, or where all are wanted anyway."""
        if self._silent_since and time.monotonic() - self._silent_since >= self._patience:
            return f"not one of {self._answered:,} pages showed a version"
        decision = self.split.tally.decision
        outcome = decision.outcome if decision else None
        if outcome is None or not self._until_certain:
            return None
        if outcome is Outcome.UNDECIDED:
            return f"the budget of {self.split.test.budget:,} requests is spent"
        return "the verdict is certain" if self._told or outcome is Outcome.FAIL else None

    def look(self) -> None:
        """Take in what was written since the last look."""
        now = time.monotonic()
        rows = self._pages.new()
        pages = list(answered(rows))
        self.split.add_pages(rows)
        self._answered += len(pages)
        self._told |= any(page.version != UNKNOWN for page in pages)
        if self._told:
            self._silent_since = None
        elif pages and self._silent_since is None:
            self._silent_since = now
        self.pace.add(now, self._answered)
        places, served = [page.place for page in pages], {page.place for page in pages if page.served}
        self._settling.append((now, places, self._pages.until, served))
        self._decided.add_calls(self._lines.new() if self._lines else (page.call for page in pages))
        while self._settling and self._settling[0][0] <= now - self._settle:
            self._decided.add_pages(*self._settling.popleft()[1:])
        self.split.add_calls(self._decided.take())

    def line(self) -> str:
        """How it stands, for people who wait."""
        pace = self.pace.per_second
        return f"{self._answered:,} pages  {pace:,.0f}/s  {standing(self.split.test, self.split.tally, pace)}"


def recorded(pods: Iterable[Pod]) -> tuple[RunPod, ...]:
    """The mesh's pods as a run keeps them."""
    return tuple(RunPod(pod.name, pod.namespace, dict(pod.labels), pod.ip) for pod in pods)


def standing(test: SplitTest, tally: Tally, pace: float) -> str:
    """Shares beside their promise, the verdict so far, and at so many requests a second the time it takes."""
    labelled = sum(tally.counts) + tally.stray
    shares = "  ".join(
        f"{version} {_percent(count, labelled)} ({100 * test.weights.share(version):.3g})"
        for version, count in zip(test.weights.versions, tally.counts, strict=True)
    )
    if tally.decision:
        return f"{shares}  {tally.decision.outcome} after {tally.decision.requests:,}"
    ahead = forecast(test, tally, pace)
    return f"{shares}  {ahead.words}" if ahead else f"{shares}  not yet certain"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


class _Chunks:
    """New rows of the load, chunk by chunk; a chunk is whole or absent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read = 0
        self._earlier = len(list(folder.glob("*.parquet")))
        self._began = time.time()
        self.until = float("-inf")
        """Every page that was asked for before this Unix second has been read."""

    def new(self) -> pd.DataFrame:
        """Their columns are those of ``requests.read``."""
        frames = []
        while (path := requests.chunk(self._folder, self._read + 1)).exists():
            self._read += 1
            frame, self.until = requests.read_chunk(path)
            if self._read <= self._earlier:  # the last chunk of a part says that nothing follows in that part
                self.until = min(self.until, self._began)
            frames.append(frame)
        return pd.concat(frames) if frames else requests.none()


class _Lines:
    """New reviews calls of this run in the callers' outbound logs; a line that is not whole yet waits."""

    def __init__(self, folder: RunFolder, run: Run, log: AccessLog) -> None:
        self._folder = folder
        self._run = run
        self._log = log
        self._open: dict[Path, IO[bytes]] = {}
        self._rest: dict[Path, bytes] = {}

    def new(self) -> Iterable[tuple[int, int, float, Version]]:
        """Pods come and go on a cluster, so each look asks which there are."""
        run = replace(self._run, pods=recorded(self._log.pods()))
        versions = run.versions_by_ip()
        for pod in run.pods_of(calls.CALLER):
            for line in self._whole_lines(self._folder.log_of(pod)):
                entry = exact(line)
                found = calls.call(pod.name, entry, versions) if isinstance(entry, LogEntry) else None
                if found and found[0] == run.id:
                    one: Call = found[1]
                    yield one.worker, one.seq, one.start, one.version

    def close(self) -> None:
        for file in self._open.values():
            file.close()

    def _whole_lines(self, path: Path) -> list[bytes]:
        if path not in self._open:
            if not path.exists():  # a pod without a proxy
                return []
            self._open[path] = path.open("rb")
        *lines, self._rest[path] = (self._rest.get(path, b"") + self._open[path].read()).split(b"\n")
        return lines
