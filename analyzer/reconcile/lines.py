"""The lines of the proxies on a page's way, hop by hop, each under the number of its page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..access_log import tagged
from ..access_log.cluster import Direction, cluster
from ..access_log.fingerprint import NO_ID
from ..access_log.keys import ip
from ..access_log.tagged import NOBODY, Ints, Tagged, Way
from ..records import UNKNOWN, Version
from ..run.calls import CALLER, SERVICE
from ..run.folder import Run, RunFolder, RunPod
from ..run.gateway import GATEWAY

Flags = NDArray[np.bool_]
WORKERS = 1 << 20
"""A page's number is ``seq * WORKERS + worker``."""


class Place(StrEnum):
    """Where records of a page are kept, in the order of its way."""

    READER = "reader"
    GATEWAY = "gateway"
    PRODUCTPAGE = "productpage"
    CALLS = "calls"
    REVIEWS = "reviews"


IN_LOGS = (Place.GATEWAY, Place.PRODUCTPAGE, Place.CALLS, Place.REVIEWS)


@dataclass(frozen=True, slots=True)
class Hop:
    """One row a line. ``page`` is NOBODY where another client asked.

    ``version`` is a number in ``Lines.versions``; ``writer`` is the number of the pod whose proxy wrote the
    line, ``pod`` that of the one that was called, NOBODY where none was. ``start`` and ``end`` are Unix
    milliseconds. ``failed`` is no answer or an error, ``local`` one with flags, which the proxy may have
    given by itself, ``unsent`` one for which it had no pod at all.
    """

    page: Ints
    version: Ints
    writer: Ints
    pod: Ints
    code: Ints
    start: Ints
    end: Ints
    failed: Flags
    local: Flags
    unsent: Flags
    shadow: Flags
    request: Ints

    def __len__(self) -> int:
        return len(self.page)

    def only(self, wanted: Flags) -> Hop:
        return Hop(*(getattr(self, name)[wanted] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Lines:
    """``of_pod`` is the version of each pod as it is called, by the pods' numbers.

    ``ends`` is when the last request in each pod's log ended (Unix milliseconds), None where it has no line.
    """

    hops: Mapping[Place, Hop]
    versions: Sequence[Version]
    pods: Sequence[RunPod]
    of_pod: Sequence[Version]
    ends: Sequence[int | None]

    @property
    def at_hand(self) -> frozenset[Place]:
        """The places of which there is any line."""
        return frozenset(place for place, hop in self.hops.items() if len(hop))

    @property
    def foreign_requests(self) -> int:
        """Different requests of other clients; a line without a request id is one of its own."""
        ids = np.concatenate([hop.request[hop.page == NOBODY] for hop in self.hops.values()])
        return len(np.unique(ids[ids != NO_ID])) + int((ids == NO_ID).sum())


def read(folder: RunFolder, run: Run, shown: Collection[Version] = ()) -> Lines:
    """The lines of every gateway, productpage and reviews pod; pages show the versions ``shown``."""
    logs = {pod.name: _log(folder, pod, run) for pod in run.pods if pod.labels.get("app") in _APPS}
    return arranged(run, logs, shown)


_APPS = (GATEWAY, CALLER, SERVICE)


def arranged(run: Run, logs: Mapping[str, Tagged], shown: Collection[Version] = ()) -> Lines:
    """The same of logs that were read already, by the name of their pod."""
    pods = [pod for pod in run.pods if pod.labels.get("app") in _APPS]
    numbers = {pod.ip: number for number, pod in enumerate(pods)}
    subsets = _subsets(pods, logs)
    versions = sorted({UNKNOWN, *shown, *subsets.values(), *_called(logs.values())})
    of_pod = [subsets.get(pod.ip, UNKNOWN) for pod in pods]
    hops = {}
    for place, app, wanted in (
        (Place.GATEWAY, GATEWAY, _outbound),
        (Place.PRODUCTPAGE, CALLER, _inbound),
        (Place.CALLS, CALLER, _to_reviews),
        (Place.REVIEWS, SERVICE, _inbound),
    ):
        parts = [
            _hop(logs[pod.name], number, wanted, numbers, of_pod, versions)
            for number, pod in enumerate(pods)
            if pod.labels.get("app") == app and pod.name in logs
        ]
        hops[place] = _joined(parts)
    ends = [_end(logs.get(pod.name)) for pod in pods]
    return Lines(_adopted(hops), versions, pods, of_pod, ends)


def _log(folder: RunFolder, pod: RunPod, run: Run) -> Tagged:
    path = folder.log_of(pod)
    if not path.exists():
        return tagged.none()
    with path.open("rb") as stream:
        return tagged.read(stream, pod.name, run.id)


def _end(log: Tagged | None) -> int | None:
    """When the last request of the log ended; its lines stand in that order."""
    return int((log.start + np.maximum(log.duration, 0)).max()) if log and len(log) else None


def _outbound(way: Way) -> bool:
    return cluster(way.key.cluster).direction in (Direction.OUTBOUND, Direction.NONE)


def _inbound(way: Way) -> bool:
    return cluster(way.key.cluster).direction is Direction.INBOUND


def _to_reviews(way: Way) -> bool:
    return _outbound(way) and way.host.partition(".")[0] == SERVICE


def _called(logs: Iterable[Tagged]) -> Iterator[Version]:
    """The subsets that productpage's proxy called."""
    for log in logs:
        for way in filter(_to_reviews, log.ways):
            yield cluster(way.key.cluster).subset or UNKNOWN


def _subsets(pods: Sequence[RunPod], logs: Mapping[str, Tagged]) -> Mapping[str, Version]:
    """Under which name the pod at an address is called: mostly that of its version, but names are free."""
    seen: dict[str, Counter[Version]] = {}
    for log in logs.values():
        counts = np.bincount(log.way, minlength=len(log.ways)).tolist()
        for way, count in zip(log.ways, counts, strict=True):
            if _to_reviews(way) and (subset := cluster(way.key.cluster).subset):
                seen.setdefault(ip(way.key.host), Counter())[subset] += count
    labels = {pod.ip: pod.labels["version"] for pod in pods if "version" in pod.labels}
    return labels | {address: found.most_common(1)[0][0] for address, found in seen.items()}


def _hop(
    log: Tagged,
    writer: int,
    wanted: Callable[[Way], bool],
    numbers: Mapping[str, int],
    of_pod: Sequence[Version],
    versions: Sequence[Version],
) -> Hop:
    """The wanted lines of one log; ``of_pod`` is the version of each pod."""
    place = {version: number for number, version in enumerate(versions)}
    ways = []
    for way in log.ways:
        where = cluster(way.key.cluster)
        called = writer if where.direction is Direction.INBOUND else numbers.get(ip(way.key.host), NOBODY)
        version = where.subset or (of_pod[called] if called != NOBODY else UNKNOWN)
        failed = way.key.code == 0 or way.key.code >= 400
        ways.append(
            (
                wanted(way),
                place.get(version, place[UNKNOWN]),
                called,
                way.key.code,
                failed,
                failed and way.key.flags != "",
                failed and not way.key.host,
            )
        )
    table = np.array(ways, np.int64).reshape(-1, 7)
    rows = table[log.way]
    chosen = rows[:, 0] == 1
    rows = rows[chosen]
    page = np.where(log.seq == NOBODY, NOBODY, log.seq * WORKERS + log.worker)[chosen]
    start = log.start[chosen]
    return Hop(
        page=page,
        version=rows[:, 1],
        writer=np.full(len(rows), writer, np.int64),
        pod=rows[:, 2],
        code=rows[:, 3],
        start=start,
        end=start + np.maximum(log.duration[chosen], 0),
        failed=rows[:, 4] == 1,
        local=rows[:, 5] == 1,
        unsent=rows[:, 6] == 1,
        shadow=log.shadow[chosen],
        request=log.request[chosen],
    )


def _joined(parts: Sequence[Hop]) -> Hop:
    empty = _hop(tagged.none(), 0, _inbound, {}, [], [UNKNOWN])
    return Hop(*(np.concatenate([getattr(one, name) for one in (empty, *parts)]) for name in Hop.__slots__))


def _adopted(hops: Mapping[Place, Hop]) -> Mapping[Place, Hop]:
    """Lines without the tag that carry the request id of a page are the page's, too."""
    if not any((hop.page == NOBODY).any() for hop in hops.values()):
        return hops
    pages = np.concatenate([hop.page for hop in hops.values()])
    ids = np.concatenate([hop.request for hop in hops.values()])
    known = pd.Series(pages, index=ids)[(pages != NOBODY) & (ids != NO_ID)]
    known = known[~known.index.duplicated()]
    found = {}
    for place, hop in hops.items():
        page = hop.page.copy()
        nobody = page == NOBODY
        page[nobody] = known.reindex(hop.request[nobody], fill_value=NOBODY).to_numpy()
        found[place] = Hop(page, *(getattr(hop, name) for name in Hop.__slots__[1:]))
    return found
