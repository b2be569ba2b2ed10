"""How traffic splits over versions, how each performs and what fails: groups of lines put together by hop."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from ..records import Distribution, Version
from ..wilson import Interval, wilson
from .flags import meaning
from .hops import Hop, Reporter, Witness
from .quantiles import Latency, latency, merged
from .tally import Tally, Totals

ALPHA = 0.05
"""The intervals of all versions of a split hold together with probability 1 - ALPHA (Wilson, Bonferroni)."""

K = TypeVar("K", bound=Hashable)


class Way(NamedTuple):
    """From whom to whom, as one side saw it."""

    reporter: Reporter
    caller: str
    destination: str
    tcp: bool


@dataclass(frozen=True, slots=True)
class Aggregate:
    """All lines of one hop. ``share`` is of the lines of the same way."""

    hop: Hop
    count: int
    share: float
    interval: Interval
    bytes_received: int
    bytes_sent: int
    latency: Latency

    def as_dict(self) -> dict[str, Any]:
        hop = self.hop
        return {
            "reporter": hop.reporter.value,
            "caller": hop.caller,
            "destination": hop.destination,
            "protocol": protocol(hop.tcp),
            "version": hop.version,
            "known_by": hop.witness.value,
            "response_class": hop.response_class,
            "flags": hop.flags,
            "meaning": meaning(hop.flags),
            **_numbers(self),
        }


@dataclass(frozen=True, slots=True)
class Performance:
    """All calls of one way that one version answered; ``failed`` as ``is_failure`` has it."""

    version: Version
    witnesses: tuple[Witness, ...]
    count: int
    share: float
    interval: Interval
    failed: int
    bytes_received: int
    bytes_sent: int
    latency: Latency

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "known_by": [witness.value for witness in self.witnesses],
            "failed": self.failed,
            **_numbers(self),
        }


@dataclass(frozen=True, slots=True)
class Split:
    """How the calls of one way were split over versions, how each did, and what became of the calls.

    ``hints`` say why they went where they went, as far as the lines prove it (``hints.py``).
    """

    way: Way
    versions: tuple[Performance, ...]
    outcomes: tuple[Aggregate, ...]
    hints: tuple[str, ...] = ()

    @property
    def calls(self) -> int:
        return sum(one.count for one in self.versions)

    @property
    def distribution(self) -> Distribution:
        return Distribution(tuple((one.version, one.count) for one in self.versions))

    @property
    def witnesses(self) -> tuple[Witness, ...]:
        """How the versions are known, best first."""
        return tuple(sorted({w for one in self.versions for w in one.witnesses}, key=list(Witness).index))

    @property
    def troubles(self) -> tuple[Aggregate, ...]:
        """The outcomes that somebody should look at."""
        return tuple(one for one in self.outcomes if is_trouble(one.hop))

    def as_dict(self) -> dict[str, Any]:
        return {
            "reporter": self.way.reporter.value,
            "caller": self.way.caller,
            "destination": self.way.destination,
            "versions": self.distribution.as_dict(),
            "protocol": protocol(self.way.tcp),
            "calls": self.calls,
            "performance": [one.as_dict() for one in self.versions],
            "outcomes": [one.as_dict() for one in self.outcomes],
            "hints": list(self.hints),
        }


def splits(tally: Tally, hops: Sequence[Hop]) -> list[Split]:
    """One for each way, the busiest first; ``hops[g]`` is what group g tells of."""
    found = []
    for way, groups in members(hops, way_of).items():
        calls = _total(tally, groups).count
        if calls:
            here = [hops[group] for group in groups]
            found.append(
                Split(
                    way,
                    tuple(_performances(tally, groups, here, calls)),
                    tuple(_aggregates(tally, groups, here, calls)),
                )
            )
    return sorted(found, key=lambda split: (-split.calls, split.way))


def per_second(tally: Tally, hops: Sequence[Hop], key: Callable[[Hop], K]) -> Iterator[tuple[K, int, int]]:
    """Key, Unix second and lines in it, by key and second; seconds without any left out."""
    for one, groups in members(hops, key).items():
        seconds, counts = merged(tally.seconds.of(group) for group in groups)
        for second, count in zip(seconds.tolist(), counts.tolist(), strict=True):
            yield one, second, count


def way_of(hop: Hop) -> Way:
    return Way(hop.reporter, hop.caller, hop.destination, hop.tcp)


def is_failure(hop: Hop) -> bool:
    """Whether the call came to nothing: no answer, a 5xx, a connection with a flag."""
    return bool(hop.flags) if hop.tcp else hop.response_class in ("5xx", "none")


def is_trouble(hop: Hop) -> bool:
    """A failure, an answer that blames the client, or anything that Envoy set a flag for."""
    return is_failure(hop) or hop.response_class == "4xx" or bool(hop.flags)


def protocol(tcp: bool) -> str:
    return "tcp" if tcp else "http"


def members(hops: Iterable[Hop], key: Callable[[Hop], K]) -> Mapping[K, list[int]]:
    """The numbers of the groups that agree in a key, keys in the order in which they are first met."""
    found: dict[K, list[int]] = {}
    for group, hop in enumerate(hops):
        found.setdefault(key(hop), []).append(group)
    return found


def _performances(
    tally: Tally, groups: Sequence[int], here: Sequence[Hop], calls: int
) -> Iterator[Performance]:
    by_version = members(here, lambda hop: hop.version)
    for version, places in sorted(by_version.items()):
        ours = [groups[place] for place in places]
        total = _total(tally, ours)
        if total.count:
            yield Performance(
                version,
                tuple(dict.fromkeys(here[place].witness for place in places)),
                total.count,
                total.count / calls,
                wilson(total.count, calls, ALPHA, of=len(by_version)),
                _total(tally, [groups[place] for place in places if is_failure(here[place])]).count,
                total.received,
                total.sent,
                _latency(tally, ours),
            )


def _aggregates(tally: Tally, groups: Sequence[int], here: Sequence[Hop], calls: int) -> Iterator[Aggregate]:
    for hop, places in sorted(members(here, lambda hop: hop).items()):
        ours = [groups[place] for place in places]
        total = _total(tally, ours)
        if total.count:
            yield Aggregate(
                hop,
                total.count,
                total.count / calls,
                wilson(total.count, calls, ALPHA),
                total.received,
                total.sent,
                _latency(tally, ours),
            )


def _total(tally: Tally, groups: Iterable[int]) -> Totals:
    parts = [tally.totals(group) for group in groups]
    return Totals(
        sum(part.count for part in parts),
        sum(part.received for part in parts),
        sum(part.sent for part in parts),
    )


def _latency(tally: Tally, groups: Iterable[int]) -> Latency:
    return latency(*merged(tally.durations.of(group) for group in groups))


def _numbers(one: Aggregate | Performance) -> dict[str, Any]:
    return {
        "count": one.count,
        "share": one.share,
        "share_low": one.interval.low,
        "share_high": one.interval.high,
        "bytes_received": one.bytes_received,
        "bytes_sent": one.bytes_sent,
        **{f"{name}_ms": value for name, value in one.latency._asdict().items()},
    }
