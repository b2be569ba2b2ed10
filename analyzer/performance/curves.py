"""Each version's latency at every quantile that can be told, with exact intervals: the line of a chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..access_log.quantiles import BEYOND
from ..distributions import binomial_ppf
from ..records import Version
from .latency import Latencies, quantile

_STEPS = 72


class Point(NamedTuple):
    """A quantile (0 to 1) in milliseconds, and the bounds within which the true one lies."""

    quantile: float
    milliseconds: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One version, from its fastest pages to the last quantile that ``BEYOND`` slower pages support."""

    version: Version
    pages: int
    points: tuple[Point, ...]


def curves(by_version: Mapping[Version, Latencies], alpha: float) -> tuple[Curve, ...]:
    """In the order of the names. Each interval holds with at least 1 - alpha, each for itself."""
    return tuple(
        Curve(version, len(values), tuple(_points(values, alpha)))
        for version, values in sorted(by_version.items())
    )


def _points(values: Latencies, alpha: float) -> Iterator[Point]:
    """Evenly spread over the logarithm of the slower part, which is how far apart p50, p90 and p99 are felt.

    Bounds are order statistics whose ranks are binomial quantiles: they hold for any distribution (David and
    Nagaraja, Order Statistics, 2003, section 7.1).
    """
    n = len(values)
    if n <= BEYOND:
        return
    told = 1 - np.geomspace(1.0, BEYOND / n, _STEPS)[1:]
    for q in told.tolist():
        low, high = (binomial_ppf(side, n, q) for side in (alpha / 2, 1 - alpha / 2))
        if low >= 1 and high < n:  # else one side has no bound at all
            yield Point(q, quantile(values, q), float(values[low - 1]), float(values[high]))
