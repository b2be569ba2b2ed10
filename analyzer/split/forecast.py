"""How many more requests until the verdict is certain, for people who wait.

Two futures are weighed by Bayes' rule: the proxies draw by the promised weights (presumed, 3 to 1), or by
any shares at all, of which the counts so far tell. In each, the chance of having crossed a threshold of the
test after so many more requests is that of a count to come, which is (beta-)binomial. The forecast is where
the chance of certainty reaches one half. No verdict depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import betaincc, gammaln, xlogy

from .evidence import Floats, broad
from .sequential import Counts, Side, SplitTest, certain, judged
from .thresholds import proving, refuting
from .watch import Tally

_FEW = 10
"""With fewer labelled answers nothing is said."""
_PRESUMED = 0.75
_STEP = 1.06
_FAR = 10**7
"""Where a test has no budget, nothing is said of what lies beyond."""
_SURE = 1e12


@dataclass(frozen=True, slots=True)
class Forecast:
    """So many more requests with even odds; ``seconds`` is None where no rate is known."""

    requests: int
    seconds: float | None

    @property
    def words(self) -> str:
        requests = f"about {_round(self.requests):,} requests"
        return (
            f"{requests} to certainty" if self.seconds is None else f"{requests} ({self.wait}) to certainty"
        )

    @property
    def wait(self) -> str:
        """The seconds as people say them; a dash where no rate is known."""
        if self.seconds is None:
            return "–"
        for size, unit in ((3600, "h"), (60, "min")):
            if self.seconds >= 2 * size:
                return f"{self.seconds / size:.0f} {unit}"
        return f"{max(1, self.seconds):.0f} s"

    def as_dict(self) -> dict[str, Any]:
        return {"requests": self.requests, "seconds": self.seconds, "words": self.words}


def forecast(test: SplitTest, tally: Tally, rate: float | None = None) -> Forecast | None:
    """What is to be expected at ``rate`` requests a second, in 1 to 10 ms.

    None where the verdict is there already, where too few answers were seen, and where certainty before the
    budget is less than likely, because a share heads for the border.
    """
    labelled = sum(tally.counts)
    if tally.decision is not None or labelled < _FEW:
        return None
    grid = _grid(test)
    ends = grid.requests[grid.requests > tally.requests]
    chances = _chances(test, grid, tally, len(ends))
    if not len(ends) or chances[-1] < 0.5:
        return None
    at = int(np.argmax(chances >= 0.5))
    before, chance = (ends[at - 1], chances[at - 1]) if at else (tally.requests, 0.0)
    more = before + (ends[at] - before) * (0.5 - chance) / (chances[at] - chance) - tally.requests
    requests = max(1, round(float(more)))
    return Forecast(requests, requests / rate if rate else None)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The thresholds of a test at numbers of requests that grow by 6 % each."""

    requests: Counts
    proving: tuple[Counts, ...]
    refuting: tuple[Counts | None, ...]


@lru_cache(maxsize=16)
def _grid(test: SplitTest) -> _Grid:
    far = test.budget or _FAR
    steps = int(np.log(far) / np.log(_STEP)) + 2
    requests = np.unique(np.minimum(np.ceil(_STEP ** np.arange(steps)), far).astype(np.int64))
    return _Grid(
        requests,
        tuple(proving(test, side, requests) for side in judged(test)),
        tuple(None if side.exact else refuting(test, side, requests) for side in judged(test)),
    )


def _chances(test: SplitTest, grid: _Grid, tally: Tally, points: int) -> Floats:
    """The chance of certainty at each of the last points of the grid, never falling."""
    correct = _belief_in_correct(test, tally)
    chances = correct * _crossed(test, grid, tally, points, by_promise=True)
    chances += (1 - correct) * _crossed(test, grid, tally, points, by_promise=False)
    rising: Floats = np.maximum.accumulate(chances)
    return rising


def _belief_in_correct(test: SplitTest, tally: Tally) -> float:
    """Posterior probability of exactly the promised shares against shares of a broad Dirichlet prior."""
    shares = np.array([test.weights.share(version) for version in test.weights.versions])
    counts, shares = np.array(tally.counts)[shares > 0], shares[shares > 0]
    prior = shares * sum(broad(float(shares.min()))) if len(shares) > 1 else shares
    n = counts.sum()
    any_shares = gammaln(prior.sum()) - gammaln(prior.sum() + n)
    any_shares += (gammaln(prior + counts) - gammaln(prior)).sum()
    against = np.log(1 / _PRESUMED - 1) + any_shares - xlogy(counts, shares).sum()
    return float(1 / (1 + np.exp(np.minimum(against, 700.0))))


def _crossed(test: SplitTest, grid: _Grid, tally: Tally, points: int, *, by_promise: bool) -> Floats:
    """The chance of PASS or FAIL at each point, in one of the two futures.

    PASS needs every side, whose misses are added up; of several sides in doubt the likeliest speaks for FAIL.
    """
    missed = np.zeros(points)
    failed = np.zeros(points)
    if not points:
        return missed
    looks = (np.array([tally.counts]), np.array([tally.requests]), np.array([tally.unlabelled]))
    more = (grid.requests[-points:] - tally.requests).astype(np.float64)
    for side, proved, refuted in zip(judged(test), grid.proving, grid.refuting, strict=True):
        share = 1 - test.weights.share(side.version) if side.at_most else test.weights.share(side.version)
        seen = int(certain(test, side, *looks)[0])
        lost = tally.unlabelled / tally.requests
        future = _future(share * (1 - lost), side, seen, tally.requests, by_promise=by_promise)
        missed += 1 - _at_least(proved[-points:] - seen, more, *future)
        if refuted is not None:
            seen += tally.unlabelled
            future = _future(share * (1 - lost) + lost, side, seen, tally.requests, by_promise=by_promise)
            failed = np.maximum(failed, 1 - _at_least(refuted[-points:] + 1 - seen, more, *future))
    chance: Floats = np.clip(np.maximum(1 - missed, 0) + failed, 0, 1)
    return chance


def _future(share: float, side: Side, seen: int, requests: int, *, by_promise: bool) -> tuple[float, float]:
    """The Beta distribution of the share of answers that will count for a side."""
    if by_promise:
        return share * _SURE, (1 - share) * _SURE
    a, b = side.doubt
    return a + seen, b + requests - seen


def _at_least(needed: Counts, more: Floats, a: float, b: float) -> Floats:
    """The chance that ``needed`` of so many more count: beta-binomial, by a Beta of equal variance."""
    strength = np.maximum(more * (a + b + 1) / (a + b + more) - 1, 1e-3)
    up, down = (np.maximum(strength * part / (a + b), 1e-9) for part in (a, b))
    inside = betaincc(up, down, np.clip((needed - 0.5) / more, 0, 1))
    chance: Floats = np.where(needed <= 0, 1.0, np.where(needed > more, 0.0, inside))
    return chance


def _round(number: int) -> int:
    """To three digits, so that the line does not flicker."""
    return int(round(number, 3 - len(str(number)))) if number >= 1000 else number
