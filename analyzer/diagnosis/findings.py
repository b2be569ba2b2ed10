"""What a test of a cause gives: the cause, how strongly the evidence speaks for it, and its fix."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..records import Version

LINE = math.log(100)
"""The worth in nats of a line that a correct mesh never gives: it is granted one such line in a hundred."""
Shares = Mapping[Version, float]
"""A split, each share 0 to 1."""


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do, in words, and as a change of a document (YAML) or a command that can be copied."""

    told: str
    change: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause that the evidence speaks for.

    ``strength`` is a logarithm of a likelihood ratio, in nats: the cause against a mesh that keeps its
    promise. ``proven`` says that a document, an object or a log line shows the cause itself; without, counts
    alone speak for it. ``effect`` says that calls show it, so that it matters in a run that passed, too.
    ``predicted`` is the split that the cause makes, where that can be told.
    """

    cause: int
    told: str
    strength: float
    evidence: tuple[str, ...]
    fix: Fix
    proven: bool = True
    effect: bool = False
    predicted: Shares | None = field(default=None, compare=False)

    def as_dict(self) -> dict[str, Any]:
        return {
            "cause": self.cause,
            "told": self.told,
            "strength": self.strength,
            "proven": self.proven,
            "evidence": list(self.evidence),
            "fix": asdict(self.fix),
        }
