"""Binomial, beta, chi-squared, Student's and Fisher's, from scipy.special alone: exact, and soon there.

scipy.stats has them all, and takes a second to import: in every run, in each of its processes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, betaincc, betainccinv, betaincinv, chdtr, chdtrc, gammaln, stdtrit

_TIE = 1e-7
"""Probabilities this close, relative to each other, are the same one, rounded twice."""


def binomial_cdf(hits: int, requests: int, share: float) -> float:
    """The probability of at most so many hits."""
    if not 0 <= hits < requests:
        return float(hits >= requests)
    return float(betaincc(hits + 1, requests - hits, share))


def binomial_sf(hits: int, requests: int, share: float) -> float:
    """The probability of more hits than that."""
    if not 0 <= hits < requests:
        return float(hits < 0)
    return float(betainc(hits + 1, requests - hits, share))


def binomial_ppf(p: float, requests: int, share: float) -> int:
    """The fewest hits that are not exceeded with probability p or more."""
    return bisect_left(range(requests), p, key=lambda hits: binomial_cdf(hits, requests, share))


def binomial_isf(p: float, requests: int, share: float) -> int:
    """The fewest hits that are exceeded with probability p or less."""
    return bisect_left(range(requests), -p, key=lambda hits: -binomial_sf(hits, requests, share))


def binomial_p(hits: int, requests: int, share: float) -> float:
    """The exact p-value of "that is the share": of all counts that are no likelier than this one."""
    likeliest = int((requests + 1) * share)

    def log_likely(count: int) -> float:
        odds = count * np.log(share) + (requests - count) * np.log1p(-share)
        return float(_log_choose(requests, np.array(count)) + odds)

    limit = log_likely(hits) + _TIE
    fewer = bisect_right(range(likeliest + 1), limit, key=log_likely) - 1
    upwards = range(likeliest, requests + 1)
    more = likeliest + bisect_left(upwards, -limit, key=lambda count: -log_likely(count))
    return min(1.0, binomial_cdf(fewer, requests, share) + binomial_sf(more - 1, requests, share))


def fisher_p(hits: int, of: int, others: int, of_others: int) -> float:
    """Fisher's exact p-value of "both have the same share": of all tables that are no likelier."""
    together = hits + others
    least, most = max(0, together - of_others), min(together, of)
    counts = np.arange(least, most + 1)
    logs = _log_choose(of, counts) + _log_choose(of_others, together - counts)
    weights = np.exp(logs - logs.max())
    unlikely = weights[weights <= weights[hits - least] * (1 + _TIE)]
    return min(1.0, float(unlikely.sum() / weights.sum()))


def beta_ppf(p: float, a: float, b: float) -> float:
    """The value that is not exceeded with probability p."""
    return float(betaincinv(a, b, p))


def beta_isf(p: float, a: float, b: float) -> float:
    """The value that is exceeded with probability p."""
    return float(betainccinv(a, b, p))


def chi2_cdf(statistic: float, freedom: int) -> float:
    """The probability of at most that much."""
    return float(chdtr(freedom, statistic))


def chi2_sf(statistic: float, freedom: int) -> float:
    """The probability of more."""
    return float(chdtrc(freedom, statistic))


def student_isf(p: float, freedom: float) -> float:
    """The value of Student's t that is exceeded with probability p."""
    return float(-stdtrit(freedom, p))


def _log_choose(n: int, k: NDArray[np.int64]) -> NDArray[np.float64]:
    told: NDArray[np.float64] = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return told
