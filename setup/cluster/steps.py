"""The steps from an empty cluster to a mesh: each says what it would do, does it, and may be repeated.

No step keeps a note of what it did here. Each one looks at the cluster, so a run that was killed half way is
resumed by running it again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

Say = Callable[[str], None]
"""Takes a line of progress."""


class Step(Protocol):
    """One step of the way."""

    @property
    def name(self) -> str:
        """One word, for progress and messages."""

    def plan(self) -> Iterable[str]:
        """What it would change, a line each; none where the cluster is as it should be. Changes nothing."""

    def run(self, say: Say) -> None:
        """Make it so, and return when it is; raises MeshError where it cannot be."""


def perform(steps: Iterable[Step], say: Say, *, dry_run: bool = False) -> None:
    """Go through the steps in order; with ``dry_run`` only tell what each would do."""
    for step in steps:
        lines = list(step.plan())
        for line in lines or ["nothing to do"]:
            say(f"{step.name}: {'would ' if dry_run and lines else ''}{line}")
        if not dry_run:
            step.run(lambda line, name=step.name: say(f"{name}: {line}"))  # type: ignore[misc]  # mypy#15459
