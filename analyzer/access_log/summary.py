"""How traffic splits over versions, how each performs and what fails: groups of lines put together by hop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np

from ..records import Distribution, Version
from .hops import Hop, Reporter, Witness
from .tally import Ints, Tally, Totals

CONFIDENCE_Z = 1.959963984540054
"""Of the normal distribution, for intervals that cover with 95 %."""
PER_MILLE = (900, 990, 999)
ENOUGH = 10
"""Values that must lie beyond a quantile before it is reported."""


class Latency(NamedTuple):
    """Milliseconds, nearest rank; p90 and above None where fewer than ``ENOUGH`` values lie beyond."""

    p50: int | None
    p90: int | None
    p99: int | None
    p999: int | None
    max: int | None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """All lines of one hop. ``share`` is of the lines between the same two, with Wilson's 95 % interval."""

    hop: Hop
    count: int
    share: float
    share_low: float
    share_high: float
    bytes_received: int
    bytes_sent: int
    latency: Latency


@dataclass(frozen=True, slots=True)
class Split:
    """How the calls from one to another were split over versions, as one reporter saw them."""

    reporter: Reporter
    caller: str
    destination: str
    tcp: bool
    versions: Distribution
    witnesses: tuple[Witness, ...]


Pair = tuple[Reporter, str, str, bool]


def aggregates(tally: Tally, hops: Sequence[Hop]) -> list[Aggregate]:
    """One for each different hop, the busiest pair first; ``hops[g]`` is what group g tells of."""
    members = _members(hops)
    totals = {hop: _total(tally, groups) for hop, groups in members.items()}
    pairs: dict[Pair, int] = {}
    for hop, total in totals.items():
        pairs[_pair(hop)] = pairs.get(_pair(hop), 0) + total.count
    found = [
        Aggregate(
            hop,
            total.count,
            total.count / pairs[_pair(hop)],
            *wilson(total.count, pairs[_pair(hop)]),
            total.received,
            total.sent,
            latency(*_merged(tally, members[hop])),
        )
        for hop, total in totals.items()
        if total.count
    ]
    return sorted(found, key=lambda one: (-pairs[_pair(one.hop)], _pair(one.hop), -one.count, one.hop))


def splits(found: Iterable[Aggregate]) -> list[Split]:
    """The versions of each pair, in the order of the aggregates."""
    counts: dict[Pair, dict[Version, int]] = {}
    witnesses: dict[Pair, dict[Witness, None]] = {}
    for one in found:
        versions = counts.setdefault(_pair(one.hop), {})
        versions[one.hop.version] = versions.get(one.hop.version, 0) + one.count
        witnesses.setdefault(_pair(one.hop), {})[one.hop.witness] = None
    return [
        Split(*pair, Distribution(tuple(sorted(versions.items()))), tuple(witnesses[pair]))
        for pair, versions in counts.items()
    ]


def per_second(tally: Tally, hops: Sequence[Hop]) -> Iterator[tuple[Hop, int, int]]:
    """Hop, Unix second and lines in it, seconds without any left out."""
    for hop, groups in _members(hops).items():
        counts: dict[int, int] = {}
        for group in groups:
            for second, count in zip(*(column.tolist() for column in tally.seconds.of(group)), strict=True):
                counts[second] = counts.get(second, 0) + count
        for second in sorted(counts):
            yield hop, second, counts[second]


def latency(values: Ints, counts: Ints) -> Latency:
    """Quantiles of different values in ascending order, each with how often it occurred."""
    if not len(values):
        return Latency(None, None, None, None, None)
    ranks = np.cumsum(counts)
    n = int(ranks[-1])
    p90, p99, p999 = (_value(values, ranks, n, q) for q in PER_MILLE)
    return Latency(int(values[np.searchsorted(ranks, -(-n // 2))]), p90, p99, p999, int(values[-1]))


def _value(values: Ints, ranks: Ints, n: int, per_mille: int) -> int | None:
    if n * (1000 - per_mille) < ENOUGH * 1000:
        return None
    return int(values[np.searchsorted(ranks, -(-per_mille * n // 1000))])


def wilson(hits: int, lines: int, z: float = CONFIDENCE_Z) -> tuple[float, float]:
    """Wilson's score interval for a share (JASA 22, 1927)."""
    share = hits / lines
    middle = (share + z * z / (2 * lines)) / (1 + z * z / lines)
    half = z * sqrt(share * (1 - share) / lines + z * z / (4 * lines * lines)) / (1 + z * z / lines)
    return (max(0.0, middle - half) if hits else 0.0), (min(1.0, middle + half) if hits < lines else 1.0)


def _pair(hop: Hop) -> Pair:
    return hop.reporter, hop.caller, hop.destination, hop.tcp


def _members(hops: Sequence[Hop]) -> Mapping[Hop, list[int]]:
    members: dict[Hop, list[int]] = {}
    for group, hop in enumerate(hops):
        members.setdefault(hop, []).append(group)
    return members


def _total(tally: Tally, groups: Iterable[int]) -> Totals:
    parts = [tally.totals(group) for group in groups]
    return Totals(
        sum(part.count for part in parts),
        sum(part.received for part in parts),
        sum(part.sent for part in parts),
    )


def _merged(tally: Tally, groups: Sequence[int]) -> tuple[Ints, Ints]:
    parts = [tally.durations.of(group) for group in groups]
    values, where = np.unique(np.concatenate([part[0] for part in parts]), return_inverse=True)
    counts = np.zeros(len(values), np.int64)
    np.add.at(counts, where, np.concatenate([part[1] for part in parts]))
    return values, counts
