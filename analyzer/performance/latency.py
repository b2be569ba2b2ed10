"""How fast each version answered, and whether one is slower than another by more than a margin.

Quantiles are order statistics of raw values. The interval of a ratio comes from the bootstrap of order
statistics: the r-th of n resampled values is the one at index n x Beta(r, n - r + 1), so a resample costs one
Beta draw, whatever n is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..access_log.quantiles import BEYOND
from ..records import Outcome, Version
from ..wilson import Interval
from .generator import Generator

Latencies = NDArray[np.float64]
"""Milliseconds, sorted ascending."""

QUANTILES = (0.5, 0.9, 0.95, 0.99)

_DRAWS = 20_000
BELIEVED = Generator()
"""A generator of which nothing bad is known."""
_ENDLESS = 1e12


@dataclass(frozen=True, slots=True)
class Comparison:
    """One quantile of a candidate over a baseline's: "at most 1 + margin times"; a refusal has no ratio."""

    candidate: Version
    baseline: Version
    quantile: float
    margin: float
    outcome: Outcome
    ratio: float | None
    interval: Interval | None
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "candidate": self.candidate,
            "baseline": self.baseline,
            "quantile": self.quantile,
            "margin": self.margin,
            "outcome": self.outcome.value,
            "ratio": self.ratio,
            "interval": self.interval and self.interval.as_dict(),
            "reason": self.reason,
        }


def latencies(milliseconds: ArrayLike) -> Latencies:
    """Sorted once, for everything below; refuses what no clock can show."""
    values = np.sort(np.asarray(milliseconds, dtype=np.float64))
    if values.size and not (values[0] >= 0 and np.isfinite(values[-1])):
        raise ValueError("a latency is a finite number of milliseconds, 0 or more")
    return values


def quantile(values: Latencies, q: float) -> float:
    """The smallest value that at least a part ``q`` of all values does not exceed."""
    return float(values[max(1, ceil(q * len(values) - 1e-9)) - 1])


def quantile_name(q: float) -> str:
    return f"p{100 * q:g}"


def refusal(name: Version, values: Latencies, q: float, generator: Generator = BELIEVED) -> str | None:
    """Why a quantile of these values must not be judged, or None.

    ``lag_ms`` is how late the load generator itself was (its own p99): beyond a tenth of the quantile in
    question the figure tells about the generator.
    """
    least = ceil(BEYOND / min(q, 1 - q) - 1e-9)
    if len(values) < least:
        return f"{quantile_name(q)} of {name} needs {least:,} answers, there are {len(values):,}."
    return generator.objection(f"{quantile_name(q)} of {name}", quantile(values, q))


def quantile_interval(values: Latencies, q: float, alpha: float) -> Interval:
    """Bounds of one quantile by the same bootstrap, at 1 - alpha."""
    drawn = resampled(values, q, np.random.default_rng(1))
    return Interval(*(float(bound) for bound in np.quantile(drawn, [alpha / 2, 1 - alpha / 2])))


def resampled(values: Latencies, q: float, rng: np.random.Generator) -> Latencies:
    """20 000 bootstrap replicates of a quantile."""
    n = len(values)
    rank = max(1, ceil(q * n - 1e-9))
    replicates: Latencies = values[
        np.minimum((rng.beta(rank, n - rank + 1, _DRAWS) * n).astype(np.int64), n - 1)
    ]
    return replicates


def ratios(candidate: Latencies, baseline: Latencies, q: float, seed: int = 1) -> Latencies:
    """20 000 bootstrap replicates of quantile(candidate) / quantile(baseline), seeded."""
    rng = np.random.default_rng(seed)
    over, under = resampled(candidate, q, rng), resampled(baseline, q, rng)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(over / under, nan=1.0, posinf=_ENDLESS)


def compare(
    by_version: Mapping[Version, Latencies],
    candidate: Version,
    baseline: Version,
    q: float,
    margin: float = 0.1,
    alpha: float = 0.01,
    generator: Generator = BELIEVED,
) -> Comparison:
    """Non-inferiority: PASS when the interval ends below 1 + margin, FAIL when it begins above it."""
    for version in (candidate, baseline):
        why = refusal(version, by_version[version], q, generator)
        if why:
            return Comparison(candidate, baseline, q, margin, Outcome.UNDECIDED, None, None, why)
    drawn = ratios(by_version[candidate], by_version[baseline], q)
    interval = Interval(*(float(bound) for bound in np.quantile(drawn, [alpha / 2, 1 - alpha / 2])))
    base = quantile(by_version[baseline], q)
    ratio = quantile(by_version[candidate], q) / base if base else float(np.median(drawn))
    if interval.high < 1 + margin:
        outcome, word = Outcome.PASS, "within"
    elif interval.low > 1 + margin:
        outcome, word = Outcome.FAIL, "beyond"
    else:
        outcome, word = Outcome.UNDECIDED, "not certainly on either side of"
    reason = (
        f"{quantile_name(q)} of {candidate} is {ratio:.3g} times that of {baseline} "
        f"({interval.low:.3g} to {interval.high:.3g}), {word} the {1 + margin:.3g} allowed."
    )
    return Comparison(candidate, baseline, q, margin, outcome, ratio, interval, reason)
