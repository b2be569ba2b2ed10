"""The callers' outbound lines and the gateways' lines of a run, counted by what they tell of the routing."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from .. import tag
from ..access_log.cluster import Direction, cluster
from ..records import LogEntry


class Said(NamedTuple):
    """What lines alike say; ``to`` is the upstream's address without its port, empty where there is none.

    ``tcp`` says that the proxy took the connection for TCP: such a line has no request and so no tag.
    """

    reporter: str
    cluster: str
    route: str
    authority: str
    to: str
    code: int
    flags: frozenset[str]
    tcp: bool = False


class _Raw(NamedTuple):
    """A line as it stands: what is counted millions of times is taken apart once."""

    reporter: str
    cluster: str | None
    route: str | None
    authority: str | None
    to: str | None
    code: int
    flags: str | None
    tcp: bool


class Lines:
    """Filled while the logs are read, so that nobody reads them twice.

    Lines of other runs are left out, and so are those of before ``live`` (Unix seconds): they say nothing
    about the routes that are judged.
    """

    def __init__(self, run: str, live: float | None = None) -> None:
        self._ours = tag.prefix(run)
        self._live = float("-inf") if live is None else live
        self._calls: Counter[_Raw] = Counter()
        self._arrivals: Counter[_Raw] = Counter()

    @property
    def calls(self) -> Counter[Said]:
        """Lines of calls, without those of the callers' own inbound side."""
        return Counter(
            {
                said: count
                for said, count in _taken_apart(self._calls).items()
                if cluster(said.cluster).direction not in (Direction.INBOUND, Direction.INBOUND_PASSTHROUGH)
            }
        )

    @property
    def arrivals(self) -> Counter[Said]:
        return _taken_apart(self._arrivals)

    def call(self, reporter: str, entry: LogEntry) -> None:
        """Take a line of a caller's proxy."""
        tcp = entry.method is None and entry.response_code == 0
        if entry.start >= self._live and (tcp or (entry.user_agent or "").startswith(self._ours)):
            self._calls[_raw(reporter, entry, tcp)] += 1

    def arrival(self, reporter: str, entry: LogEntry) -> None:
        """Take a line of a gateway's proxy."""
        if entry.start >= self._live and (entry.user_agent or "").startswith(self._ours):
            self._arrivals[_raw(reporter, entry, False)] += 1


def _raw(reporter: str, entry: LogEntry, tcp: bool) -> _Raw:
    return _Raw(
        reporter,
        entry.upstream_cluster,
        entry.route_name,
        entry.authority,
        entry.upstream_host,
        entry.response_code,
        entry.response_flags,
        tcp,
    )


def _taken_apart(lines: Counter[_Raw]) -> Counter[Said]:
    found: Counter[Said] = Counter()
    for raw, count in lines.items():
        said = Said(
            raw.reporter,
            (raw.cluster or "").removesuffix(";"),
            raw.route or "",
            raw.authority or "",
            (raw.to or "").rpartition(":")[0],
            raw.code,
            frozenset((raw.flags or "").split(",")) - {""},
            raw.tcp,
        )
        found[said] += count
    return found
