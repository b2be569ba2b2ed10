"""Which counts are enough: the e-values of a side turned into counts, for each number of requests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .evidence import above, below
from .sequential import Counts, Side, SplitTest, judged


def proving(test: SplitTest, side: Side, requests: Counts) -> NDArray[np.int64]:
    """The smallest count that proves a side, for each number of requests; more than it where none does."""

    def proved(counts: Counts) -> NDArray[np.bool_]:
        enough: NDArray[np.bool_] = above(counts, requests, side.border, side.prior) >= -np.log(test.alpha)
        return enough

    return _smallest(proved, requests)


def refuting(test: SplitTest, side: Side, requests: Counts) -> NDArray[np.int64]:
    """The largest count that refutes a side while no other is in doubt; -1 where none does.

    FAIL needs a mean e-value of 1/alpha, so one side alone needs as many times that as there are sides.
    """
    enough = np.log(sum(not other.exact for other in judged(test)) / test.alpha)

    def held(counts: Counts) -> NDArray[np.bool_]:
        short: NDArray[np.bool_] = below(counts, requests, side.border, side.doubt) < enough
        return short

    return _smallest(held, requests) - 1


def _smallest(holds: Callable[[Counts], NDArray[np.bool_]], requests: Counts) -> NDArray[np.int64]:
    """For each number of requests, the smallest count from which on a growing statement holds: bisection."""
    low, high = np.zeros_like(requests), requests + 1
    while np.any(low < high):
        middle = (low + high) // 2
        enough = holds(np.minimum(middle, requests)) | (middle > requests)
        low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
    return low
