"""Runs as a comparison finds them: the recorded example at another time, with another promise or mesh."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parent.parent / "results" / "example"


def copy(to: Path, started: float = 0.0, **changed: Any) -> Path:
    """Rows and logs are those of the example; ``run.json`` differs in the keys that are given."""
    # Copies, for a link would lead out of the run's folder.
    for name in ("requests", "access-log"):
        shutil.copytree(EXAMPLE / name, to / name)
    shutil.copy(EXAMPLE / "summary.json", to)
    told = json.loads((EXAMPLE / "run.json").read_text())
    (to / "run.json").write_text(json.dumps(told | {"started": started} | changed))
    return to


def described(key: str, **changed: Any) -> dict[str, Any]:
    """The example's ``mesh``, ``load`` or ``promise`` with other values."""
    told: dict[str, Any] = json.loads((EXAMPLE / "run.json").read_text())[key]
    return told | changed
