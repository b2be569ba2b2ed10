"""A new folder for a new run, below results/ or where the user wants it."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

from analyzer.errors import JudgementError
from analyzer.run import RunFolder

RESULTS = Path("results")


def fresh_id() -> str:
    """A run's name, which every request of it carries."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def new(run_id: str, out: Path | None) -> RunFolder:
    """Make the run's folder, for its owner alone; one with something in it is refused."""
    path = (out or RESULTS / run_id).absolute()
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
    return RunFolder(path)
