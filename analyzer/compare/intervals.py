"""How far two configurations differ, from a figure a run: intervals that hold with few runs.

The difference of each round is one observation, and Student's t of those gives the interval. Both runs of a
round come from the same minute and their order turns from round to round, so differences without an effect
are symmetric, and Student's t errs on the safe side for symmetric long tails (Benjamini, JASA 78, 1983).
Resampling runs covers too little with five of them, and exact sign flips cannot reach 5 % at all: 2/2^5 is
6 %. ``python -m bench.compare`` prints the coverage of each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..distributions import student_isf
from ..wilson import Interval

Values = Sequence[float]


@dataclass(frozen=True, slots=True)
class Estimate:
    """``middle`` and ``interval`` on the scale of the values; no interval where there are too few runs."""

    middle: float
    interval: Interval | None


def of_rounds(baseline: Values, candidate: Values, alpha: float) -> Estimate:
    """Candidate minus baseline, where the i-th values of both are of one round."""
    differences = np.subtract(candidate, baseline)
    n, middle = len(differences), float(np.mean(differences))
    if n < 2:
        return Estimate(middle, None)
    error = float(np.std(differences, ddof=1)) / n**0.5
    return _around(middle, error, n - 1, alpha)


def of_two_groups(baseline: Values, candidate: Values, alpha: float) -> Estimate:
    """Candidate minus baseline of runs that were not interleaved (Welch, Biometrika 34, 1947)."""
    middle = float(np.mean(candidate) - np.mean(baseline))
    if min(len(baseline), len(candidate)) < 2:
        return Estimate(middle, None)
    parts = [float(np.var(group, ddof=1)) / len(group) for group in (baseline, candidate)]
    sizes = [len(baseline) - 1, len(candidate) - 1]
    spread = sum(part**2 / size for part, size in zip(parts, sizes, strict=True))
    freedom = sum(parts) ** 2 / spread if spread else sum(sizes)
    return _around(middle, sum(parts) ** 0.5, freedom, alpha)


def _around(middle: float, error: float, freedom: float, alpha: float) -> Estimate:
    half = student_isf(alpha / 2, freedom) * error
    return Estimate(middle, Interval(middle - half, middle + half))


def hull(one: Interval, other: Interval) -> Interval:
    """The interval that holds both."""
    return Interval(min(one.low, other.low), max(one.high, other.high))


def between_repeats(groups: Sequence[Values]) -> float | None:
    """How far two runs of one configuration, one after the other, differ: root mean square of such A/A pairs.

    Each group holds the runs of one configuration in the order of time.
    """
    squares = [float(step) ** 2 for group in groups for step in np.diff(group)]
    return (sum(squares) / len(squares)) ** 0.5 if squares else None
