"""Whether several proxies split the same calls alike: Pearson's chi-square test of homogeneity.

Without scipy, whose import takes longer than a log of a hundred megabytes: for whole degrees of freedom the
distribution has a closed form (Abramowitz and Stegun, 26.4.4 and 26.4.5).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import erfc, exp, factorial, gamma, pow, sqrt  # noqa: A004 - the one of floats

from ..records import Version

_ENOUGH = 5.0
"""Expected calls in every cell, the usual condition of the test."""
_MOST = 100
"""Degrees of freedom, for the powers below; nobody reads a sentence about more proxies."""
_NEVER = 300.0
"""Half a distance that has no probability to speak of, and would be too large a power below."""

Counts = Mapping[str, Mapping[Version, int]]
"""Calls by proxy and version."""


def chance(counts: Counts) -> float:
    """How probable it is that proxies of the same weights differ so much; 1 where too few calls can tell."""
    by_version: dict[Version, int] = {}
    for row in counts.values():
        for version, count in row.items():
            by_version[version] = by_version.get(version, 0) + count
    total = sum(by_version.values())
    freedom = max(0, len(counts) - 1) * (len(by_version) - 1)
    if not 1 <= freedom <= _MOST:
        return 1.0
    distance = 0.0
    for row in counts.values():
        calls = sum(row.values())
        for version, of_all in by_version.items():
            expected = calls * of_all / total
            if expected < _ENOUGH:
                return 1.0
            distance += (row.get(version, 0) - expected) ** 2 / expected
    return tail(distance, freedom)


def tail(distance: float, freedom: int) -> float:
    """The probability that a chi-square variable is larger."""
    half = distance / 2
    if half > _NEVER:
        return 0.0
    if freedom % 2:
        terms = sum(pow(half, i - 0.5) / gamma(i + 0.5) for i in range(1, freedom // 2 + 1))
        return erfc(sqrt(half)) + exp(-half) * terms
    return exp(-half) * sum(pow(half, i) / factorial(i) for i in range(freedom // 2))
