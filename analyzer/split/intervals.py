"""Exact and always-valid statements about shares: intervals, goodness of fit, equivalence at a fixed n."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln, xlog1py, xlogy

from ..distributions import beta_isf, beta_ppf, binomial_cdf, binomial_p, binomial_sf
from ..wilson import Interval, wilson

__all__ = [
    "Interval",
    "always_valid",
    "clopper_pearson",
    "equivalence_p",
    "goodness_p",
    "wilson",
]

_ENUMERABLE = 400_000
_DRAWS = 99_999


def clopper_pearson(hits: int, requests: int, alpha: float) -> Interval:
    """The exact interval: covers with at least 1 - alpha, whatever the share."""
    if not requests:
        return Interval(0.0, 1.0)
    low = beta_ppf(alpha / 2, hits, requests - hits + 1) if hits else 0.0
    high = beta_isf(alpha / 2, hits + 1, requests - hits) if hits < requests else 1.0
    return Interval(low, high)


def always_valid(hits: int, requests: int, alpha: float, unlabelled: int = 0) -> Interval:
    """A band that holds at every look at once with probability 1 - alpha, for charts that people watch.

    The uniform-mixture confidence sequence of Robbins; see Howard et al. 2021 (arXiv:1810.08240).
    Of ``requests``, ``unlabelled`` might belong to the version or not: the band allows for both.
    """
    return Interval(
        _band_edge(hits, requests, alpha),
        1.0 - _band_edge(requests - hits - unlabelled, requests, alpha),
    )


def _band_edge(hits: int, requests: int, alpha: float) -> float:
    """The lower edge: the smallest share not yet refuted from below."""
    if not hits:
        return 0.0
    mixture = float(betaln(hits + 1, requests - hits + 1))
    low, high = 0.0, hits / requests
    for _ in range(60):
        middle = (low + high) / 2
        evidence = mixture - xlogy(hits, middle) - xlog1py(requests - hits, -middle)
        low, high = (middle, high) if evidence >= -np.log(alpha) else (low, middle)
    return low


def equivalence_p(hits: int, requests: int, low: float, high: float) -> float:
    """Exact TOST: the p-value for "the share lies strictly between low and high"; small proves it."""
    too_low = binomial_sf(hits - 1, requests, low) if low > 0 else 0.0
    too_high = binomial_cdf(hits, requests, high) if high < 1 else 0.0
    return max(too_low, too_high)


def goodness_p(counts: Sequence[int], shares: Sequence[float], seed: int = 1) -> float:
    """The p-value of "exactly these shares": binomial or multinomial, exact where it can be enumerated.

    Larger samples are drawn (99 999 times, seeded). A count where the share is zero gives 0.
    """
    if any(count and not share for count, share in zip(counts, shares, strict=True)):
        return 0.0
    kept = [(count, share) for count, share in zip(counts, shares, strict=True) if share]
    n, k = sum(count for count, _ in kept), len(kept)
    if n == 0 or k == 1:
        return 1.0
    if k == 2:
        return binomial_p(kept[0][0], n, kept[0][1])
    p = np.array([share for _, share in kept])
    observed = _log_probability(np.array([[count for count, _ in kept]]), p)[0]
    if comb(n + k - 1, k - 1) <= _ENUMERABLE:
        every = _log_probability(_compositions(n, k), p)
        return min(1.0, float(np.exp(every[every <= observed + 1e-9]).sum()))
    drawn = _log_probability(np.random.default_rng(seed).multinomial(n, p, size=_DRAWS), p)
    return float((1 + np.count_nonzero(drawn <= observed + 1e-9)) / (1 + _DRAWS))


def _log_probability(counts: NDArray[np.int64], p: NDArray[np.float64]) -> NDArray[np.float64]:
    n = counts.sum(axis=1)
    logs: NDArray[np.float64] = (
        gammaln(n + 1) - gammaln(counts + 1).sum(axis=1) + (counts * np.log(p)).sum(axis=1)
    )
    return logs


def _compositions(n: int, k: int) -> NDArray[np.int64]:
    """Every way to share n requests among k versions, one a row."""
    if k == 1:
        return np.array([[n]], dtype=np.int64)
    parts = []
    for first in range(n + 1):
        rest = _compositions(n - first, k - 1)
        parts.append(np.column_stack([np.full(len(rest), first, dtype=np.int64), rest]))
    return np.concatenate(parts)
