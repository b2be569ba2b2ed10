"""The lines of one request in the logs of every proxy of a run, found without reading the rest of them."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from dataclasses import dataclass

from .. import tag
from ..access_log.exact import exact
from ..errors import JudgementError
from ..records import LogEntry
from ..run.folder import Run, RunFolder, RunPod
from ..tag import Tag

_SHORT = re.compile(r"(?:0|[1-9][0-9]{0,8})\.(?:0|[1-9][0-9]{0,17})")
_ID = re.compile(r"[A-Za-z0-9._:/+=-]{8,200}")
_CHOOSE = "choose one with --slowest, --failed or --unmatched"


@dataclass(frozen=True, slots=True)
class Line:
    """A line, the pod whose proxy wrote it, and where in its log it begins."""

    pod: RunPod
    offset: int
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class Found:
    """One request: its tag where it has one, its x-request-id, and its lines in the order of their start."""

    tag: Tag | None
    request_id: str | None
    lines: tuple[Line, ...]


def find(folder: RunFolder, run: Run, name: str) -> Found:
    """The request of that tag (``0.17``, or the whole User-Agent) or x-request-id; raises JudgementError."""
    logs = [(pod, folder.log_of(pod)) for pod in run.pods if folder.log_of(pod).exists()]
    if not any(path.stat().st_size for _, path in logs):
        raise JudgementError(
            f"{folder.path} holds no access log", "pages alone cannot be followed: load a mesh"
        )
    wanted = _tag(name, run)
    agent = tag.user_agent(wanted) if wanted else None
    lines = _lines(folder, run, agent or name, of_id=not wanted)
    if wanted and lines:  # lines of applications that hand on the id, but not the tag
        ids = {line.entry.request_id for line in lines} - {None}
        for request_id in sorted(str(one) for one in ids):
            lines += [line for line in _lines(folder, run, request_id, of_id=True) if line not in lines]
    if not lines:
        raise JudgementError(f"no proxy of {folder.path} logged a request {name}", _CHOOSE)
    lines.sort(key=lambda line: (line.entry.start, -(line.entry.duration or 0)))
    marks = {mark for line in lines if (mark := tag.parse(line.entry.user_agent)) and mark.run == run.id}
    own = wanted or (marks.pop() if len(marks) == 1 else None)
    return Found(
        own, next((one.entry.request_id for one in lines if one.entry.request_id), None), tuple(lines)
    )


def _tag(name: str, run: Run) -> Tag | None:
    """None for a request id; raises JudgementError for what is neither."""
    mark = tag.parse(f"weighbridge/{run.id}/{name}" if _SHORT.fullmatch(name) else name)
    if mark and mark.run != run.id:
        raise JudgementError(
            f"{name} is a request of run {mark.run}, not of {run.id}", "name the run it is of"
        )
    if not mark and not _ID.fullmatch(name):
        raise JudgementError(
            f"{name!r} is neither a tag nor a request id", f"write for example 0.17, or {_CHOOSE}"
        )
    return mark


def _lines(folder: RunFolder, run: Run, text: str, *, of_id: bool) -> list[Line]:
    """The access lines with this User-Agent, or with this request id."""
    found = []
    for pod in run.pods:
        path = folder.log_of(pod)
        if path.exists() and path.stat().st_size:
            with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as log:
                for offset, line in _holding(log, f'"{text}"'.encode()):
                    entry = exact(line)
                    if isinstance(entry, LogEntry) and text == (
                        entry.request_id if of_id else entry.user_agent
                    ):
                        found.append(Line(pod, offset, entry))
    return found


def _holding(log: mmap.mmap, text: bytes) -> Iterator[tuple[int, bytes]]:
    """Every line that holds the text, once, and where it begins."""
    at = log.find(text)
    while at >= 0:
        begin = log.rfind(b"\n", 0, at) + 1
        end = log.find(b"\n", at)
        end = len(log) if end < 0 else end
        yield begin, log[begin:end]
        at = log.find(text, end)
