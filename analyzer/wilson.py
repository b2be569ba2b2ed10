"""Two bounds of a share, and Wilson's (JASA 22, 1927); without scipy, which takes half a second to load."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist


@dataclass(frozen=True, slots=True)
class Interval:
    """Two bounds of a share, 0 to 1 (or of whatever its owner says)."""

    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        return {"low": self.low, "high": self.high}


def wilson(hits: int, requests: int, alpha: float, of: int = 1) -> Interval:
    """Wilson's score interval; with ``of`` versions watched together all hold with probability 1 - alpha."""
    if not requests:
        return Interval(0.0, 1.0)
    z2 = NormalDist().inv_cdf(alpha / of / 2) ** 2
    share = hits / requests
    middle = (share + z2 / (2 * requests)) / (1 + z2 / requests)
    half = sqrt(z2 * (share * (1 - share) / requests + z2 / (4 * requests**2))) / (1 + z2 / requests)
    return Interval(
        max(0.0, middle - half) if hits else 0.0, min(1.0, middle + half) if hits < requests else 1.0
    )
