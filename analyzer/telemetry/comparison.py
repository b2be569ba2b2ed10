"""Our counts of a run beside those of one telemetry server, version by version, and whether they agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..records import Outcome, Version


@dataclass(frozen=True, slots=True)
class Row:
    """One version: our count or share, theirs, and how far apart they may be."""

    version: Version
    ours: float
    theirs: float
    allowed: float

    @property
    def difference(self) -> float:
        return self.theirs - self.ours

    @property
    def agrees(self) -> bool:
        return abs(self.difference) <= self.allowed

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "ours": self.ours,
            "theirs": self.theirs,
            "difference": self.difference,
            "allowed": self.allowed,
            "agrees": self.agrees,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """One server. ``unit`` is what is compared; ``silence`` says why there was nothing to compare.

    ``troubles`` are differences that no row shows, each a sentence; ``notes`` are no differences.
    """

    server: str
    url: str
    unit: str
    rows: tuple[Row, ...]
    silence: str = ""
    troubles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        if self.silence:
            return Outcome.UNDECIDED
        return Outcome.PASS if all(row.agrees for row in self.rows) and not self.troubles else Outcome.FAIL

    def as_dict(self) -> dict[str, Any]:
        return {
            "server": self.server,
            "url": self.url,
            "outcome": self.outcome.value,
            "unit": self.unit,
            "versions": [row.as_dict() for row in self.rows],
            "silence": self.silence,
            "troubles": list(self.troubles),
            "notes": list(self.notes),
        }


def rows(
    ours: Mapping[Version, float], theirs: Mapping[Version, float], allowed: Mapping[Version, float]
) -> tuple[Row, ...]:
    """Every version that either side knows, by name."""
    return tuple(
        Row(version, ours.get(version, 0), theirs.get(version, 0), allowed.get(version, 0.0))
        for version in sorted({*ours, *theirs})
        if ours.get(version) or theirs.get(version)
    )


def overall(comparisons: tuple[Comparison, ...]) -> Outcome:
    """One difference refutes; silence leaves it open."""
    every = {one.outcome for one in comparisons}
    return next(one for one in (Outcome.FAIL, Outcome.UNDECIDED, Outcome.PASS) if one in every)
