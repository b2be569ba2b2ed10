"""How many requests a claim needs before any is sent, and how long the sequential test will take."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, log1p
from typing import Any

import numpy as np

from ..distributions import binomial_cdf, binomial_isf, binomial_ppf
from ..errors import InputError
from ..records import Version, Weights
from .run_length import run_length
from .sequential import SplitTest

_LADDER = 155
_MOST = 10**9
BUDGET = 1.6
"""The sequential test gives up at this multiple of the plan; ``passes`` says how rarely that is too early."""


class PlanError(InputError):
    """A plan that cannot keep its promise: the message says why, the hint what to ask for instead."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Requests for "each share is within ``within`` points", wrongly said with probability <= alpha.

    ``requests`` are those of the fixed-size exact test (TOST), which a correct split passes with at least
    ``power``; ``expected_requests`` and ``p95_requests`` those of the sequential test on a correct split;
    ``passes`` is the share of correct splits it has passed when the budget is spent.
    """

    weights: Weights
    within: float
    alpha: float
    power: float
    requests: int
    by_version: tuple[tuple[Version, int], ...]
    expected_requests: int
    p95_requests: int
    budget: int
    passes: float

    @property
    def test(self) -> SplitTest:
        return SplitTest(self.weights, self.within, self.alpha, self.budget)

    def seconds(self, rate: float) -> float:
        """The expected length at so many requests a second."""
        return self.expected_requests / rate

    def as_dict(self) -> dict[str, Any]:
        return {
            "weights": self.weights.as_dict(),
            "within": self.within,
            "alpha": self.alpha,
            "power": self.power,
            "requests": self.requests,
            "by_version": dict(self.by_version),
            "expected_requests": self.expected_requests,
            "p95_requests": self.p95_requests,
            "budget": self.budget,
            "passes": self.passes,
        }


def plan(weights: Weights, within: float | None = None, alpha: float = 0.01, power: float = 0.95) -> Plan:
    """Size a run; ``within`` is in percentage points, and suggested when left out."""
    within = suggested_within(weights) if within is None else within
    _refuse_empty_promises(weights, within, alpha, power)
    positive = [version for version, weight in weights if weight]
    # Two versions mirror each other: one claim says both. Of three or more each may miss a part of 1 - power.
    miss = (1 - power) / (1 if len(positive) <= 2 else len(positive))
    by_version = tuple(
        (v, equivalence_requests(weights.share(v), within, alpha, 1 - miss)) for v in weights.versions
    )
    requests = max(count for _, count in by_version)
    budget = ceil(BUDGET * requests)
    length = run_length(SplitTest(weights, within, alpha), budget)
    expected = ceil(length.mean)
    return Plan(
        weights, within, alpha, power, requests, by_version, expected, length.p95, budget, length.passes
    )


def suggested_within(weights: Weights) -> float:
    """Two points; for a smallest weight below 10 % a fifth of it, though not below half a point."""
    smallest = 100 * min(weights.share(version) for version, weight in weights if weight)
    if smallest >= 10:
        return 2.0
    suggested = max(0.5, smallest / 5)
    return round(suggested if suggested < smallest else smallest / 2, 6)


def equivalence_requests(share: float, within: float, alpha: float, power: float) -> int:
    """Requests for one version's fixed-size claim; exact binomial.

    The power of an exact test climbs like a saw: within about one percent several sizes qualify while a size
    between two of them misses by a hair. The bisection ends on such a tooth; its own power is the exact one.
    """
    margin = within / 100
    if share in (0.0, 1.0):
        return ceil(log(alpha) / log1p(-margin))
    low, high = 0, _LADDER
    while equivalence_power(high, share, within, alpha) < power:
        low, high = high, high * 4
        if high > _MOST:
            raise PlanError(
                f"±{within:g} points would take more than {_MOST:,} requests",
                f"ask for a wider margin, for example --within {10 * within:g}",
            )
    while high - low > 1:
        middle = (low + high) // 2
        if equivalence_power(middle, share, within, alpha) >= power:
            high = middle
        else:
            low = middle
    return high


def equivalence_power(requests: int, share: float, within: float, alpha: float) -> float:
    """The exact probability that the fixed-size test (TOST) proves a version that gets exactly its share."""
    low, high = share - within / 100, share + within / 100
    least = binomial_isf(alpha, requests, low) + 1 if low > 0 else 0
    most = binomial_ppf(alpha, requests, high) if high < 1 else requests
    if high < 1 and binomial_cdf(most, requests, high) > alpha:
        most -= 1
    if least > most:
        return 0.0
    return binomial_cdf(most, requests, share) - binomial_cdf(least - 1, requests, share)


def _refuse_empty_promises(weights: Weights, within: float, alpha: float, power: float) -> None:
    if not np.isfinite(within) or not 0 < within < 100:
        raise PlanError(f"±{within:g} points is no margin", f"try --within {suggested_within(weights):g}")
    if not 0 < alpha <= 0.2:
        raise PlanError(f"alpha {alpha:g} is no error rate worth stating", "try --alpha 0.01; at most 0.2")
    if not 0.5 <= power < 1:
        raise PlanError(
            f"power {power:g} is a coin toss or a miracle", "try --power 0.95; 0.5 or more, below 1"
        )
    for version, weight in weights:
        share = 100 * weights.share(version)
        if weight and share <= within + 1e-9 and share < 100:
            raise PlanError(
                f"±{within:g} points around {share:g} % would pass {version} getting nothing at all",
                f"try --within {suggested_within(weights):g}",
            )
