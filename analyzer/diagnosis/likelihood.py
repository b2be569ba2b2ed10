"""How much likelier counts are under one split than under another, as e-values: logarithms, in nats.

Each is a likelihood ratio with the best parameters of the null hypothesis below the line. Its mean under any
correct mesh is therefore at most 1 at every look, and it exceeds 1/a with a probability of at most a (Ville;
Wasserman, Ramdas and Balakrishnan, "Universal inference", PNAS 117, 2020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, logsumexp, xlogy

from ..distributions import chi2_sf
from ..records import Version
from .findings import Shares

_SLACK = 0.002
"""Share that any answer is granted, so that one odd call is no proof by itself. It only weakens e-values."""
_UNFIT = 0.001
_MOMENTS = 400
"""Moments at which a change is looked for; more of them find it hardly earlier."""

Counts = Mapping[Version, int]
Table = NDArray[np.int64]


def support(counts: Counts, shares: Shares, promised: Shares, within: float) -> float:
    """How much likelier the counts are under ``shares`` than under the best split within the promise.

    ``within`` is a share. Versions that neither names count as answers that both rule out alike.
    """
    versions = sorted({*counts, *shares, *promised})
    seen = [counts.get(version, 0) for version in versions]
    wanted = [promised.get(version, 0.0) for version in versions]
    total, slack = sum(shares.values()) or 1.0, _SLACK / len(versions)
    best = _best(seen, [max(slack, one - within) if one else slack for one in wanted],
                 [max(_SLACK, min(1.0, one + within)) if one else _SLACK for one in wanted])  # fmt: skip
    smooth = [(1 - _SLACK) * shares.get(version, 0.0) / total + slack for version in versions]
    return sum(n * log(mine / theirs) for n, mine, theirs in zip(seen, smooth, best, strict=True) if n)


def fits(counts: Counts, shares: Shares) -> bool:
    """Whether draws of the split give such counts: the G test, which refuses one in a thousand of them."""
    versions = sorted({*counts, *shares})
    total, slack, calls = sum(shares.values()) or 1.0, _SLACK / len(versions), sum(counts.values())
    smooth = [(1 - _SLACK) * shares.get(version, 0.0) / total + slack for version in versions]
    pairs = zip((counts.get(version, 0) for version in versions), smooth, strict=True)
    gap = sum(n * log(n / calls / share) for n, share in pairs if n)
    return chi2_sf(2 * gap, max(1, len(versions) - 1)) > _UNFIT


def _best(seen: Sequence[int], least: Sequence[float], most: Sequence[float]) -> list[float]:
    """The likeliest shares between the bounds; they may add up to more than 1, which errs to their side.

    Of a product of powers over a box and a simplex the maximum is the counts times one factor, cut off.
    """

    def cut(factor: float) -> list[float]:
        return [min(high, max(low, factor * n)) for n, low, high in zip(seen, least, most, strict=True)]

    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(cut(middle)) < 1 else (low, middle)
    return cut(high)


def moved(codes: Sequence[int]) -> tuple[float, int]:
    """Whether the split changed once during the run, and before which call; against any that stayed.

    The e-value is the mean over the moments, each with a uniform mixture over all splits before and after.
    """
    given = np.asarray(codes, dtype=np.intp)
    n, width = len(given), int(given.max(initial=0)) + 1
    if n < 2 or width < 2:
        return -np.inf, 0
    at = np.unique(np.linspace(1, n - 1, min(n - 1, _MOMENTS)).astype(np.intp))
    before = np.stack([np.cumsum(given == code)[at - 1] for code in range(width)], axis=1)
    whole = np.bincount(given, minlength=width)
    each = _mixture(before) + _mixture(whole - before) - _constant(whole)
    return float(logsumexp(each) - np.log(len(at))), int(at[int(each.argmax())])


def differ(groups: Mapping[str, Counts]) -> float:
    """Whether groups of calls split differently, against one split for all."""
    versions = sorted({version for counts in groups.values() for version in counts})
    if len(groups) < 2 or len(versions) < 2:
        return float("-inf")
    table = np.array([[counts.get(version, 0) for version in versions] for counts in groups.values()])
    return float(_mixture(table).sum() - _constant(table.sum(axis=0)))


def stick(groups: Mapping[str, Counts]) -> float:
    """Whether each group of calls keeps to one version, against independent draws of one split for all."""
    versions = sorted({version for counts in groups.values() for version in counts})
    if len(groups) < 2 or len(versions) < 2:
        return float("-inf")
    table = np.array([[counts.get(version, 0) for version in versions] for counts in groups.values()])
    whole = table.sum(axis=0)
    slack, width = 0.02, len(versions)
    own, strange = np.log(1 - slack + slack / width), np.log(slack / width)
    kept = table * own + (table.sum(axis=1, keepdims=True) - table) * strange
    return float((logsumexp(kept, axis=1) - np.log(width)).sum() - _constant(whole))


def _mixture(counts: Table) -> NDArray[np.float64]:
    """The likelihood of each row over all splits alike: a Dirichlet mixture with one half everywhere."""
    half = 0.5 * counts.shape[-1]
    found: NDArray[np.float64] = (
        gammaln(half)
        - gammaln(half + counts.sum(axis=-1))
        + (gammaln(counts + 0.5) - gammaln(0.5)).sum(axis=-1)
    )
    return found


def _constant(whole: Table) -> float:
    """The likelihood of the counts under the split that suits them best."""
    return float(xlogy(whole, whole / max(whole.sum(), 1)).sum())
