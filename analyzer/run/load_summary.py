"""How a load ended, as it says itself: ``summary.json`` in the run's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from .. import bounded
from ..errors import JudgementError
from ..typed_json import NoRecordError, decode
from . import whole_file

SUMMARY = "summary.json"
_AGAIN = "record the run again"


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
        """The summary in that folder, None where the load left none; raises JudgementError for any other."""
        path = folder / SUMMARY
        try:
            return cls.parse(bounded.read_within(folder, path), str(path))
        except FileNotFoundError:
            return None
        except OSError as error:
            raise JudgementError(f"cannot read {path}: {error.strerror}", _AGAIN) from error

    @classmethod
    def parse(cls, content: bytes, source: str) -> Self:
        """The summary in the content of its file; ``source`` names it in errors. Raises JudgementError."""
        try:
            return decode(content, cls)
        except NoRecordError as error:
            raise JudgementError(f"{source} is not readable: {error}", _AGAIN) from error

    def write(self, folder: Path) -> None:
        whole_file.write(folder / SUMMARY, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
