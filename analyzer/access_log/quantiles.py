"""Quantiles of whole milliseconds that are kept as different values with how often each occurred."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from .tally import Ints

BEYOND = 15
"""A quantile is not judged with fewer values than this beyond it: p99 from 1 500 on, p99.9 from 15 000 on."""

_PER_MILLE = (900, 990, 999)


class Latency(NamedTuple):
    """Milliseconds, nearest rank; p90 and above None where fewer than ``BEYOND`` values lie beyond."""

    p50: int | None
    p90: int | None
    p99: int | None
    p999: int | None
    max: int | None


def latency(values: Ints, counts: Ints) -> Latency:
    """Of different values in ascending order, each with how often it occurred."""
    if not len(values):
        return Latency(None, None, None, None, None)
    ranks = np.cumsum(counts)
    n = int(ranks[-1])
    p90, p99, p999 = (_value(values, ranks, n, q) for q in _PER_MILLE)
    return Latency(int(values[np.searchsorted(ranks, -(-n // 2))]), p90, p99, p999, int(values[-1]))


def merged(parts: Iterable[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Several groups' values and counts as one's."""
    parts = list(parts)
    values, where = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, where, np.concatenate([part[1] for part in parts]))
    return values, counts


def _value(values: Ints, ranks: Ints, n: int, per_mille: int) -> int | None:
    if n * (1000 - per_mille) < BEYOND * 1000:
        return None
    return int(values[np.searchsorted(ranks, -(-per_mille * n // 1000))])
