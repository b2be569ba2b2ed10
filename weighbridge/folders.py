"""A new folder for a new run, below results/ or where the user wants it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import msgspec

from analyzer import bounded
from analyzer.errors import JudgementError, WorkError
from analyzer.run.folder import RunFolder
from analyzer.typed_json import NoRecordError, decode

RESULTS = Path("results")
_ELSEWHERE = "choose another folder with --out"


class FolderError(WorkError):
    """A run's folder took no more: what came into it before is there."""

    @classmethod
    def of(cls, path: Path, error: OSError) -> Self:
        return cls(
            f"cannot write to {path}: {error.strerror or error}",
            f"what came into it before can be judged: `weighbridge analyze {path}`",
        )


@dataclass(frozen=True, slots=True)
class Fresh:
    """A run that is about to begin: its id, which every request of it carries, and its empty folder."""

    id: str
    folder: RunFolder


@contextmanager
def fresh(out: Path | None) -> Iterator[Fresh]:
    """Make a new run's folder, for its owner alone; taken away again where nothing came into it."""
    run_id = f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    path = (out or RESULTS / run_id).absolute()
    made = [folder for folder in (path, *path.parents) if not folder.exists()]
    with _making(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    with claimed(path):
        try:
            _check_empty(path)
            yield Fresh(run_id, RunFolder(path))
        finally:
            with contextlib.suppress(OSError):  # the first that holds something stays, and those above it
                for folder in made:
                    folder.rmdir()


@contextmanager
def claimed(path: Path) -> Iterator[None]:
    """Be the one run that writes to the folder; the kernel forgets the claim when this process ends."""
    with _making(path):
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JudgementError(f"another run writes to {path}", _ELSEWHERE) from error
        except OSError:  # a file system without locks
            pass
        yield
    finally:
        os.close(folder)


@contextmanager
def _making(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise JudgementError(f"cannot write results to {path}: {error.strerror}", _ELSEWHERE) from error


def _check_empty(path: Path) -> None:
    """Refuse a folder that has something in it or takes nothing."""
    with _making(path):
        taken = any(path.iterdir())
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    if taken:
        raise JudgementError(f"{path} holds something already", _ELSEWHERE)


def latest(path: Path) -> RunFolder:
    """The run at that path, or the last one of a folder of runs; raises JudgementError without one."""
    if (path / "run.json").exists():
        return RunFolder(path)
    began = []
    for file in path.glob("*/run.json"):
        with contextlib.suppress(OSError, NoRecordError):  # not one of ours
            began.append((decode(bounded.read_within(file.parent, file), _Began).started, file.parent))
    if not began:
        raise JudgementError(f"there is no run in {path}", "start one with `weighbridge run`")
    return RunFolder(max(began)[1])


class _Began(msgspec.Struct):
    started: float
