"""Why calls went where they went, as their lines prove it: routes that did not apply, subsets without pods.

Only what the lines themselves prove is said. Istio: a route is called ``default`` where no VirtualService
applied on the proxy that logs; ``NC`` and ``UH`` name a missing cluster and one without healthy pods.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..records import UNKNOWN, Version
from .cluster import Direction, cluster
from .homogeneity import chance
from .hops import Hop, Reporter
from .keys import Key
from .summary import Split, Way, way_of
from .tally import Tally

_NO_RULE = "default"
_LARGE = 50
"""Calls from which on a proxy's own split is looked at."""
_ONCE_IN = 1e-4
_NAMED = 3
"""Proxies or subsets that a sentence names; of the others it says how many."""


@dataclass(slots=True)
class _Evidence:
    """Calls of one way by what they tell."""

    no_rule: Counter[str] = field(default_factory=Counter)  # by the proxy that logged them
    by_rule: dict[str, Counter[Version]] = field(default_factory=dict)  # likewise
    no_cluster: int = 0
    no_pod: Counter[str] = field(default_factory=Counter)  # by subset
    injected: Counter[str] = field(default_factory=Counter)  # by flag


def hints(tally: Tally, keys: Iterable[Key], hops: Sequence[Hop], splits: Sequence[Split]) -> list[list[str]]:
    """For each split the sentences that its lines prove, the weightiest first."""
    found: dict[Way, _Evidence] = {}
    for group, (key, hop) in enumerate(zip(keys, hops, strict=True)):
        if hop.reporter is Reporter.SOURCE:
            _take(found.setdefault(way_of(hop), _Evidence()), key, hop, tally.totals(group).count)
    return [list(_words(split, found[split.way])) if split.way in found else [] for split in splits]


def _take(evidence: _Evidence, key: Key, hop: Hop, count: int) -> None:
    where = cluster(key.cluster)
    if where.direction is Direction.OUTBOUND and not hop.tcp:
        if key.route == _NO_RULE and not where.subset:
            evidence.no_rule[key.source] += count
        else:
            evidence.by_rule.setdefault(key.source, Counter())[hop.version] += count
    for flag in hop.flags.split(","):
        if flag == "NC":
            evidence.no_cluster += count
        elif flag == "UH" and where.subset:
            evidence.no_pod[where.subset] += count
        elif flag in ("FI", "DI"):
            evidence.injected[flag] += count


def _words(split: Split, evidence: _Evidence) -> Iterator[str]:
    several = len({one.version for one in split.versions} - {UNKNOWN}) > 1
    unruled = evidence.no_rule.total()
    if several and split.way.tcp:
        yield "Istio took these connections for TCP: weights choose a version per connection, not per request"
    if several and unruled and not evidence.by_rule:
        yield "no VirtualService applied to these calls (route `default`): pods share them, not weights"
    elif unruled and evidence.by_rule:
        yield (
            f"no VirtualService applied to {unruled:,} of {split.calls:,} calls (route `default`), "
            f"logged by {_some(evidence.no_rule)}"
        )
    if disagree := _disagreement(evidence.by_rule):
        yield disagree
    if evidence.no_cluster:
        yield (
            f"{evidence.no_cluster:,} calls found no cluster (NC): "
            "their route names a subset or a service that is not defined"
        )
    if evidence.no_pod:
        subsets = _some(evidence.no_pod)
        yield (
            f"{evidence.no_pod.total():,} calls found no healthy pod in subset {subsets} (UH): "
            "its share fails, no other version takes it"
        )
    if evidence.injected:
        told = {"FI": "aborted", "DI": "delayed"}
        counts = " and ".join(f"{told[flag]} {count:,}" for flag, count in sorted(evidence.injected.items()))
        yield f"fault injection is on: it {counts} calls"


def _disagreement(by_rule: Mapping[str, Counter[Version]]) -> str | None:
    """Weights that have not reached every proxy, or rules that are not the same for all."""
    large = {source: counts for source, counts in by_rule.items() if counts.total() >= _LARGE}
    if chance(large) >= _ONCE_IN:
        return None
    versions = {version for counts in large.values() for version in counts}

    def spread(version: Version) -> float:
        shares = [counts[version] / counts.total() for counts in large.values()]
        return max(shares) - min(shares)

    version = max(sorted(versions), key=spread)
    shares = sorted((counts[version] / counts.total(), source) for source, counts in large.items())
    (least, one), (most, other) = shares[0], shares[-1]
    return (
        f"the proxies do not split these calls alike (by chance less than once in 10,000): "
        f"{version} gets {100 * least:.1f} % from {one}, {100 * most:.1f} % from {other}"
    )


def _some(counts: Counter[str]) -> str:
    """The commonest by name."""
    names = [name for name, _ in counts.most_common(_NAMED)]
    more = len(counts) - len(names)
    return ", ".join(names) + (f" and {more} more" if more else "")
