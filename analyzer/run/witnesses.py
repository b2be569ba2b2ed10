"""What a run folder holds before anybody judges it: rows and log lines, joined, in decided order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import pandas as pd

from .. import bounded
from ..access_log.entries import Account, entries
from ..errors import JudgementError
from ..records import LogEntry, Version
from . import calls, gateway, requests
from .calls import Joined, Marked, Seen
from .folder import Run, RunFolder, RunPod
from .gateway import Arrival


class Notice(Protocol):
    """Whoever wants to see the lines while they are read, so that nobody reads them twice."""

    def call(self, reporter: str, entry: LogEntry) -> None:
        """A line of a caller's proxy."""

    def arrival(self, reporter: str, entry: LogEntry) -> None:
        """A line of a gateway's proxy."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """``seen`` is None where no proxy's log was at hand, and then pages stand in for calls.

    ``lines`` accounts for every line of the callers' logs. ``decisions`` are those of ``joined``, and
    how each came in (columns gateway and connection).
    """

    run: Run
    joined: Joined
    seen: Seen | None
    lines: Account
    decisions: pd.DataFrame
    absent: tuple[str, ...] = ()
    """Chunks of rows that are lost."""
    earlier: tuple[Joined, ...] = ()
    """The witnesses of the time before each change of the weights, as in ``Run.earlier``."""

    @property
    def decided(self) -> list[Version]:
        """The versions in the order in which they were decided."""
        versions: list[Version] = self.decisions["version"].tolist()
        return versions


def evidence(folder: RunFolder, run: Run | None = None, notice: Notice | None = None) -> Evidence:
    """Read the run's rows and logs; raises JudgementError where it is no run."""
    run = run or folder.read()
    pages, account = requests.read(folder.requests), Account()
    seen = calls.of_run(_calls(folder, run, account, notice), run.id) if run.mesh else None
    joined = calls.join(pages, seen.calls, run.live, run.until) if seen else calls.pages_only(pages)
    earlier = tuple(calls.join(pages, seen.calls, o.live, o.ended) for o in run.earlier) if seen else ()
    decisions = gateway.beside(joined.decisions, _arrivals(folder, run, notice))
    absent = tuple(requests.absent(folder.requests))
    return Evidence(run, joined, seen, account, decisions, absent, earlier)


def _calls(folder: RunFolder, run: Run, account: Account, notice: Notice | None) -> Iterator[Marked]:
    """The reviews calls in the callers' logs; every line of them is accounted for."""
    versions = run.versions_by_ip()
    for pod in run.pods_of(calls.CALLER):
        for entry in _entries(folder, pod, account):
            if notice:
                notice.call(pod.name, entry)
            if found := calls.call(pod.name, entry, versions):
                yield found


def _arrivals(folder: RunFolder, run: Run, notice: Notice | None) -> Iterator[Arrival]:
    for pod in run.pods_of(gateway.GATEWAY):
        yield from gateway.arrivals(pod.name, _noticed(folder, pod, notice), run.id)


def _noticed(folder: RunFolder, pod: RunPod, notice: Notice | None) -> Iterator[LogEntry]:
    for entry in _entries(folder, pod, Account()):
        if notice:
            notice.arrival(pod.name, entry)
        yield entry


def _entries(folder: RunFolder, pod: RunPod, account: Account) -> Iterator[LogEntry]:
    path = folder.log_of(pod)
    if not path.exists():
        return
    try:
        with bounded.within(folder.path, path) as stream:
            yield from entries(stream, account, pod.name)
    except OSError as error:
        raise JudgementError(f"cannot read {path}: {error.strerror}", "record the run again") from error
