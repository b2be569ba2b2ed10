"""How often each version failed, with exact intervals, and how the versions differ in it."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

from ..distributions import fisher_p
from ..records import Version
from ..split.intervals import Interval, clopper_pearson, wilson


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Failed answers of one version; the interval is Clopper and Pearson's."""

    version: Version
    failed: int
    requests: int
    interval: Interval

    @property
    def rate(self) -> float | None:
        return self.failed / self.requests if self.requests else None

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "failed": self.failed,
            "requests": self.requests,
            "rate": self.rate,
            "interval": self.interval.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class ErrorDifference:
    """Candidate's rate minus baseline's: Newcombe's interval, and Fisher's exact p of "no difference"."""

    candidate: Version
    baseline: Version
    difference: float
    interval: Interval
    p: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate,
            "baseline": self.baseline,
            "difference": self.difference,
            "interval": self.interval.as_dict(),
            "p": self.p,
        }


def error_rate(version: Version, failed: int, requests: int, alpha: float = 0.01) -> ErrorRate:
    return ErrorRate(version, failed, requests, clopper_pearson(failed, requests, alpha))


def error_difference(
    candidate: ErrorRate, baseline: ErrorRate, alpha: float = 0.01
) -> ErrorDifference | None:
    """None where one of them never answered."""
    if candidate.rate is None or baseline.rate is None:
        return None
    difference = candidate.rate - baseline.rate
    interval = newcombe((candidate.failed, candidate.requests), (baseline.failed, baseline.requests), alpha)
    p = fisher_p(candidate.failed, candidate.requests, baseline.failed, baseline.requests)
    return ErrorDifference(candidate.version, baseline.version, difference, interval, p)


def newcombe(candidate: tuple[int, int], baseline: tuple[int, int], alpha: float) -> Interval:
    """Bounds of candidate's share minus baseline's, each given as (hits, all), none of them empty.

    Newcombe, Statistics in Medicine 17, 1998, method 10.
    """
    (mine, of_mine), (theirs, of_theirs) = candidate, baseline
    share, base = mine / of_mine, theirs / of_theirs
    around, around_base = wilson(mine, of_mine, alpha), wilson(theirs, of_theirs, alpha)
    down = sqrt((share - around.low) ** 2 + (around_base.high - base) ** 2)
    up = sqrt((around.high - share) ** 2 + (base - around_base.low) ** 2)
    return Interval(share - base - down, share - base + up)
