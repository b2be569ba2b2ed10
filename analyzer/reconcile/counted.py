"""What telemetry counted of calls to reviews, beside what the proxies logged of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..access_log.tagged import NOBODY, Ints
from ..records import UNKNOWN, Version
from ..run.calls import CALLER, SERVICE
from .lines import Hop, Lines, Place
from .record import Count
from .telemetry import Series, Telemetry

_PLACES = {"source": Place.CALLS, "destination": Place.REVIEWS}
"""Which log tells of the same requests as the metrics of that reporter."""


def counts(
    telemetry: Telemetry, lines: Lines, missing: Mapping[Place, Mapping[Version, int]]
) -> Iterator[Count]:
    """By reporter and version; every client's calls are in both, those from before the gate as well.

    ``missing`` are lines of which others tell, by the version that was called. What a silent proxy counted
    died with it, so nothing is told of what it had a part in.
    """
    grown = telemetry.counted
    silent = [pod for pod in lines.pods if any(pod.name in words for words in telemetry.missing)]
    callers = any(pod.labels.get("app") == CALLER for pod in silent)
    versions = {pod.labels.get("version", UNKNOWN) for pod in silent if pod.labels.get("app") == SERVICE}
    for reporter, place in _PLACES.items():
        if place not in lines.at_hand or (reporter == "source" and callers):
            continue
        hop = lines.hops[place]
        logged = _logged(hop, lines)
        gone = Counter({_label(lines, version): count for version, count in missing[place].items()})
        counted: Counter[Version] = Counter()
        for series, count in grown.items():
            if series.reporter == reporter and _is_meant(series):
                counted[series.destination_version] += count
        if reporter == "source":
            _call_alike(logged, _logged(hop.only(hop.local | hop.unsent), lines), counted)
        for version in sorted({*logged, *gone, *counted}):
            told = reporter == "source" or version not in versions
            if told and (logged[version] or gone[version] or counted[version]):
                yield Count(reporter, version, logged[version], gone[version], counted[version])


def _call_alike(logged: Counter[Version], local: Counter[Version], counted: Counter[Version]) -> None:
    """A call that reached nobody has its pod in the log; the counter may never have met the pod."""
    for version, most in local.items():
        moved = min(most, max(logged[version] - counted[version], 0), counted[UNKNOWN] - logged[UNKNOWN])
        if version != UNKNOWN and moved > 0:
            logged[version] -= moved
            logged[UNKNOWN] += moved


def _is_meant(series: Series) -> bool:
    caller = series.source_app == CALLER or series.reporter != "source"
    return caller and series.destination_service.partition(".")[0] == SERVICE


def _logged(hop: Hop, lines: Lines) -> Counter[Version]:
    """By the label of the pod that was called, as Istio's metrics name a version."""
    found: Counter[Version] = Counter()
    for pod, count in _numbers(hop.pod):
        found[UNKNOWN if pod == NOBODY else lines.pods[pod].labels.get("version", UNKNOWN)] += count
    return found


def _numbers(column: Ints) -> Sequence[tuple[int, int]]:
    values, sizes = np.unique(column, return_counts=True)
    return list(zip(values.tolist(), sizes.tolist(), strict=True))


def _label(lines: Lines, version: Version) -> Version:
    """The label of the pods that are called by this name."""
    of = (
        pod.labels.get("version")
        for pod, name in zip(lines.pods, lines.of_pod, strict=True)
        if name == version
    )
    return next(of, None) or version
