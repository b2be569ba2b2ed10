"""How a load ended, as it says itself: ``summary.json`` in the run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

SUMMARY = "summary.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSummary:
    """One process that sent requests. ``worker`` is the number in its tags.

    ``cpu_share`` is CPU seconds per second, ``busy`` the part of its seconds, 0 to 1, in which that was above
    0.9: a process has one core. ``capped`` are requests that left late because too many were in flight.
    """

    worker: int
    rows: int
    cpu_share: float
    busy: float
    capped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """Times are Unix seconds. ``complete`` is true when every request that Locust counted is a row on disk.

    ``trouble`` says in words what is missing or went wrong. A file that is missing means that the load was
    killed, and then the chunks on disk are what is left.
    """

    run: str
    requests: int
    failures: int
    rows: int
    started: float
    ended: float
    complete: bool
    trouble: tuple[str, ...] = ()
    workers: tuple[WorkerSummary, ...] = ()

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The summary in that folder, None where the load left none."""
        path = folder / SUMMARY
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.exists() else None

    def write(self, folder: Path) -> None:
        beside = folder / f"{SUMMARY}.writing"
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
        beside.replace(folder / SUMMARY)
