"""What several configurations come to beside each other, as one record: every report is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..exit_codes import OF_OUTCOME, ExitCode
from ..records import Outcome, Version
from ..wilson import Interval
from .claims import Claim
from .figures import Figures
from .metrics import Metric
from .words import Word

FORMAT = 1
"""Of what ``compare --json`` prints. History: 1 is the first."""


@dataclass(frozen=True, slots=True)
class Side:
    """One configuration: ``figures`` and ``folders`` of its runs, in the order of time.

    Where runs were interleaved, the i-th runs of all sides are those of round i. ``promised`` are the shares
    that its weights promise. The first side is the baseline of all others.
    """

    label: str
    name: str
    figures: tuple[Figures, ...]
    folders: tuple[str, ...] = ()
    promised: Mapping[Version, float] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of a candidate against the baseline's.

    ``before`` and ``after`` are the means over the runs of baseline and candidate (geometric for ratios), in
    the metric's unit. ``change`` is after over before, or after minus before for shares; so is ``interval``,
    which holds for all differences of a comparison together. ``noise`` is how far two runs of the same
    configuration differ, one after the other: a ratio minus 1, or a share.
    """

    candidate: str
    metric: Metric
    before: float | None
    after: float | None
    change: float | None
    interval: Interval | None
    noise: float | None
    promised: float | None
    word: Word
    at_most: float | None
    """The largest difference that is still possible; see ``words.reach``."""
    reason: str
    """Why there is no interval; empty where there is one, however wide."""

    def as_dict(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate,
            "metric": self.metric.name,
            "kind": self.metric.kind.value,
            "version": self.metric.version,
            "quantile": self.metric.quantile,
            "unit": self.metric.unit,
            "scale": "ratio" if self.metric.is_ratio else "difference",
            "before": self.before,
            "after": self.after,
            "change": self.change,
            "interval": self.interval and self.interval.as_dict(),
            "noise": self.noise,
            "promised": self.promised,
            "word": self.word.value,
            "at_most": self.at_most,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """One claim about one candidate."""

    claim: Claim
    candidate: str
    outcome: Outcome
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "claim": self.claim.text,
            "candidate": self.candidate,
            "outcome": self.outcome.value,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """``alpha`` is the probability that any interval of the whole report misses; each one has ``each``.

    ``margin`` (of ratios) and ``points`` (of shares, 0 to 1) are the largest differences that may be called
    none. ``interleaved`` says that the i-th runs of all sides were taken in turn.
    """

    sides: tuple[Side, ...]
    interleaved: bool
    alpha: float
    each: float
    family: int
    margin: float
    points: float
    differences: tuple[Difference, ...]
    claims: tuple[ClaimResult, ...]
    warnings: tuple[str, ...]

    @property
    def baseline(self) -> Side:
        return self.sides[0]

    @property
    def rounds(self) -> int:
        return min(len(side.figures) for side in self.sides)

    def of(self, side: Side) -> tuple[Difference, ...]:
        return tuple(one for one in self.differences if one.candidate == side.label)

    @property
    def exit_code(self) -> ExitCode:
        """A comparison informs: 0 whatever it found. Only what was claimed can be refuted or open."""
        outcomes = {result.outcome for result in self.claims}
        worst = (one for one in (Outcome.FAIL, Outcome.UNDECIDED, Outcome.PASS) if one in outcomes)
        return OF_OUTCOME[next(worst, Outcome.PASS)]

    def as_dict(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "exit_code": int(self.exit_code),
            "configurations": [_side(side) for side in self.sides],
            "rounds": self.rounds,
            "interleaved": self.interleaved,
            "alpha": self.alpha,
            "family": self.family,
            "alpha_each": self.each,
            "margin": self.margin,
            "points": self.points,
            "differences": [one.as_dict() for one in self.differences],
            "claims": [one.as_dict() for one in self.claims],
            "warnings": list(self.warnings),
        }


def _side(side: Side) -> dict[str, Any]:
    return {
        "label": side.label,
        "name": side.name,
        "promised": None if side.promised is None else dict(side.promised),
        "runs": [
            {
                "folder": folder,
                "figures": {metric.name: value for metric, value in figures.values.items()},
            }
            for folder, figures in zip(side.folders, side.figures, strict=True)
        ],
    }
