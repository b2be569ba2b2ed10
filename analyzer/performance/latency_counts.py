"""Latencies of any number of requests in a fixed amount of memory: counts on a logarithmic scale.

A quantile is off by at most 0.25 %, half the width of a bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GROWTH = np.log(1.005)
_LEAST = 0.01
_BINS = int(np.log(600_000 / _LEAST) / _GROWTH) + 2
"""From 0.01 ms to ten minutes; what lies outside counts as the nearest of them."""


class LatencyCounts:
    """Milliseconds in, quantiles out."""

    def __init__(self) -> None:
        self._counts: NDArray[np.int64] = np.zeros(_BINS, dtype=np.int64)
        self._largest = 0.0

    @property
    def requests(self) -> int:
        return int(self._counts.sum())

    @property
    def largest(self) -> float | None:
        return self._largest if self.requests else None

    def add(self, milliseconds: ArrayLike) -> None:
        values = np.asarray(milliseconds, dtype=np.float64)
        if values.size:
            bins = np.log(np.maximum(values, _LEAST) / _LEAST) / _GROWTH
            self._counts += np.bincount(np.minimum(bins, _BINS - 1).astype(np.intp), minlength=_BINS)
            self._largest = max(self._largest, float(values.max()))

    def quantile(self, q: float) -> float | None:
        """The smallest latency that at least ``q`` of the requests kept; None where there are none."""
        if not (requests := self.requests):
            return None
        at = int(np.searchsorted(np.cumsum(self._counts), max(1, np.ceil(q * requests))))
        middle = float(_LEAST * np.exp((at + 0.5) * _GROWTH))
        return min(middle, self._largest)
