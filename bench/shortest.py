"""Exact lengths and risks of a two-version test, and of the shortest test that takes the same risks.

A forward recursion over (requests, hits) gives the distribution of the first PASS without simulation. The
shortest test minimises its mean length under the promised share plus a price on its false-PASS probabilities
at the two borders (backward recursion); the prices are turned until both equal alpha.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analyzer.split.sequential import SplitTest, judged
from analyzer.split.thresholds import proving

Region = tuple[NDArray[np.int64], NDArray[np.int64]]
"""For each number of requests the least and the most hits that PASS."""


@dataclass(frozen=True, slots=True)
class Exact:
    """Mean length under the promised share, and the probability of PASS at the lower and upper border."""

    mean: float
    low: float
    high: float


def exact(test: SplitTest, horizon: int, wider: float = 1.0) -> Exact:
    """For the rarer of two versions; ``wider`` scales the width of the prior that PASS bets on."""
    n = np.arange(1, horizon + 1)
    sides = [replace(side, prior=tuple(p / wider**2 for p in side.prior)) for side in judged(test)]
    least, most = (proving(test, side, n) for side in sides)
    region = least, n - most
    version = judged(test)[0].version
    return _measure(region, test.weights.share(version), test.within / 100)


def tuned(test: SplitTest, horizon: int) -> Exact:
    """The same e-values with the threshold lowered until the larger of the two risks is alpha."""
    low, high = test.alpha, 0.2
    for _ in range(8):
        middle = (low * high) ** 0.5
        found = exact(replace(test, alpha=middle), horizon)
        low, high = (middle, high) if max(found.low, found.high) <= test.alpha else (low, middle)
    return exact(replace(test, alpha=low), horizon)


def shortest(share: float, margin: float, alpha: float, horizon: int) -> Exact:
    low_price, high_price = 2e4, 3e4
    for _ in range(6):
        found = _measure(_optimal(share, margin, horizon, low_price, high_price), share, margin)
        low_price, high_price = low_price * found.low / alpha, high_price * found.high / alpha
    return found


def _measure(region: Region, share: float, margin: float) -> Exact:
    mean, _ = _forward(region, share)
    return Exact(mean, _forward(region, share - margin)[1], _forward(region, share + margin)[1])


def _forward(region: Region, share: float) -> tuple[float, float]:
    """Mean length up to the horizon, and the probability of PASS within it."""
    least, most = region
    alive, first, mean, passed = np.array([1.0]), 0, 0.0, 0.0
    for n, (low, high) in enumerate(zip(least, most, strict=True), 1):
        mean += alive.sum()
        alive = np.append(alive * (1 - share), 0.0) + np.append(0.0, alive * share)
        inside = slice(max(low - first, 0), max(min(high, n) - first + 1, 0))
        passed += alive[inside].sum()
        alive[inside] = 0.0
        kept = np.flatnonzero(alive > 1e-15)
        if not len(kept):
            break
        first, alive = first + int(kept[0]), alive[kept[0] : kept[-1] + 1]
    return float(mean), float(passed)


def _optimal(share: float, margin: float, horizon: int, low_price: float, high_price: float) -> Region:
    least, most = np.ones(horizon, dtype=np.int64), np.zeros(horizon, dtype=np.int64)
    after, after_first = np.zeros(1), 0
    for n in range(horizon, 0, -1):
        spread = 10 * np.sqrt(share * (1 - share) * n) + 2
        x = np.arange(max(0, int(share * n - spread)), min(n, int(share * n + spread)) + 1)
        stop = low_price * _ratio(x, n, share - margin, share) + high_price * _ratio(
            x, n, share + margin, share
        )
        if n == horizon:
            after, after_first = np.zeros(len(x)), int(x[0])
            continue
        hit, miss = (after[np.clip(x + step - after_first, 0, len(after) - 1)] for step in (1, 0))
        go_on = 1 + share * hit + (1 - share) * miss
        passing = np.flatnonzero(stop <= go_on)
        if len(passing):
            least[n - 1], most[n - 1] = x[passing[0]], x[passing[-1]]
        after, after_first = np.minimum(stop, go_on), int(x[0])
    return least, most


def _ratio(x: NDArray[np.int64], n: int, border: float, share: float) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.exp(
        x * np.log(border / share) + (n - x) * np.log((1 - border) / (1 - share))
    )
    return ratio
