"""What our own evidence of a run says, counted as telemetry does: by the label of the pod that was called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .. import tag
from ..access_log.entries import Account, entries
from ..records import UNKNOWN, LogEntry, Version
from ..run import calls
from ..run.folder import Run, RunFolder

Place = tuple[int, int]
"""Worker and number of a page; see ``tag``."""


@dataclass(frozen=True, slots=True)
class Own:
    """Every reviews call in the callers' logs of the run, whoever made it.

    ``served`` counts them by the label of the pod that was called, ``unknown`` where none was reached.
    ``drawn`` has the versions that were drawn for each of the run's own pages, ``foreign`` is how many calls
    are not the run's.
    """

    run: Run
    served: Counter[Version]
    drawn: Mapping[Place, Counter[Version]]
    foreign: int

    @property
    def total(self) -> int:
        return self.served.total()


def own(folder: RunFolder) -> Own:
    """Count what lies in the folder; raises JudgementError where it is no run."""
    run = folder.read()
    labels, served = run.versions_by_ip(), Counter[Version]()
    drawn: dict[Place, Counter[Version]] = {}
    foreign = 0
    for entry, (owner, one) in _calls(folder, run):
        served[labels.get((entry.upstream_host or "").rpartition(":")[0], UNKNOWN)] += 1
        if owner == run.id:
            drawn.setdefault((one.worker, one.seq), Counter())[one.version] += 1
        else:
            foreign += 1
    return Own(run, served, drawn, foreign)


def _calls(folder: RunFolder, run: Run) -> Iterator[tuple[LogEntry, calls.Marked]]:
    labels = run.versions_by_ip()
    for pod in run.pods_of(calls.CALLER):
        path = folder.log_of(pod)
        if path.exists():
            with path.open("rb") as stream:
                for entry in entries(stream, Account(), pod.name):
                    if found := calls.call(pod.name, entry, labels):
                        yield entry, found


def place(user_agent: str, run: str) -> Place | None:
    """The page that a User-Agent belongs to, where it is one of the run's."""
    mark = tag.parse(user_agent)
    return (mark.worker, mark.seq) if mark and mark.run == run else None


def version_of(run: Run, workload: str, version: str, revision: str) -> Version:
    """The version that telemetry's names for a pod stand for.

    The workload comes first: without a sidecar the version is ``unknown``, and the revision ``latest`` before
    Istio 1.18.
    """
    for pod in run.pods:
        if "version" in pod.labels and workload and pod.name.startswith(f"{workload}-"):
            return pod.labels["version"]
    told = (name for name in (version, revision) if name and name not in (UNKNOWN, "latest"))
    return next(told, UNKNOWN)
