"""A new folder for a new run, below results/ or where the user wants it."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from analyzer.errors import JudgementError, WorkError
from analyzer.run.folder import RunFolder

RESULTS = Path("results")


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
    try:
        _make(path)
        yield Fresh(run_id, RunFolder(path))
    finally:
        with contextlib.suppress(OSError):  # the first that holds something stays, and so do those above it
            for folder in made:
                folder.rmdir()


def _make(path: Path) -> None:
    """Make the folder, and refuse one that has something in it or takes nothing."""
    hint = "choose another folder with --out"
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = any(path.iterdir())
        probe = path / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise JudgementError(f"cannot write results to {path}: {error.strerror}", hint) from error
    if taken:
        raise JudgementError(f"{path} holds something already", hint)
