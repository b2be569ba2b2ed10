"""Pages joined with the reviews calls that productpage's outbound proxy logged for them.

One call is one routing decision, and so the unit that is judged. Pages are the second witness: Bookinfo asks
reviews twice when the first answer is no 200, so a page can hide a decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from .. import tag
from ..access_log.cluster import Cluster, Direction, cluster
from ..records import UNKNOWN, Distribution, LogEntry, Trouble, Version

CALLER = "productpage"
SERVICE = "reviews"
LOG_TICK = 0.001
"""Seconds by which a proxy's log may say that a call began earlier than it did."""


class Call(NamedTuple):
    """One decision. ``start`` is Unix seconds; ``flags`` is Envoy's, empty when all went well."""

    worker: int
    seq: int
    start: float
    version: Version
    code: int
    flags: str
    reporter: str


Marked = tuple[str | None, Call]
"""A call, and the run whose tag it carries; None where somebody else made it."""
_WORKERS = 1 << 20
"""More than all parts of a run have; see ``tag.PART``."""
_DECISION = ["worker", "seq", "start", "version", "reporter"]


@dataclass(frozen=True, slots=True)
class Seen:
    """The judged calls of one run, and how many calls to the same service were somebody else's."""

    calls: pd.DataFrame
    foreign: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Both witnesses side by side, from ``live`` on.

    ``decisions`` are what is judged, in the order they were decided (columns worker, seq, start, version,
    reporter): the calls, and one without a version for each page that was served although the log holds no
    call for it. Its line is lost, and what it said may depend on the version.
    ``exactly_one`` counts the pages with one call, ``asked_again`` those with more (the application's second
    try), ``without_call`` and ``without_page`` what one witness saw and the other did not; ``lost`` are those
    without a call that were served; ``disagree`` are pages with one call whose stars or pod name tell another
    version than the proxy.
    """

    decisions: pd.DataFrame
    calls: pd.DataFrame
    pages: pd.DataFrame
    exactly_one: int
    asked_again: int
    without_call: int
    without_page: int
    disagree: int
    excluded_before_live: int
    lost: int = 0
    excluded_after: int = 0

    @property
    def by_proxy(self) -> Distribution:
        return Distribution.of(self.calls["version"])

    @property
    def by_page(self) -> Distribution:
        return Distribution.of(self.pages["version"].astype(object).fillna(UNKNOWN))


def call(reporter: str, entry: LogEntry, versions: Mapping[str, Version]) -> Marked | None:
    """The reviews call in one outbound line, with the run whose tag it carries; None for any other line.

    ``versions`` maps a pod's address to its version label, for calls that no subset routed.
    """
    where = cluster(entry.upstream_cluster)
    if where.direction not in (Direction.OUTBOUND, Direction.NONE) or _service(where, entry) != SERVICE:
        return None
    version = where.subset or versions.get((entry.upstream_host or "").rpartition(":")[0], UNKNOWN)
    mark = tag.parse(entry.user_agent)
    flags = entry.response_flags or ""
    worker, seq = (mark.worker, mark.seq) if mark else (-1, -1)
    return mark.run if mark else None, Call(
        worker, seq, entry.start, version, entry.response_code, flags, reporter
    )


def _service(where: Cluster, entry: LogEntry) -> str:
    """The service that was called; where the proxy found no cluster (NR, NC), the one that was asked for."""
    host = where.host or (entry.authority or "").partition(":")[0]
    return host.partition(".")[0]


def of_run(found: Iterable[Marked], run: str) -> Seen:
    """Keep the calls that carry the run's tag; count the others."""
    ours: list[Call] = []
    foreign = 0
    for owner, one in found:
        if owner == run:
            ours.append(one)
        else:
            foreign += 1
    return Seen(pd.DataFrame(ours, columns=list(Call._fields)), foreign)


def in_decided_order(calls: pd.DataFrame, pages: pd.DataFrame) -> pd.DataFrame:
    """Sort by when their pages were asked for, which was before any version was drawn; see ``decided``.

    A call without a page, whose row was lost, stands where its own start puts it.
    """
    asked = pd.Series(pages["start"].to_numpy(), index=_key(pages))
    placed = calls.assign(asked=_key(calls).map(asked).fillna(calls["start"]))
    placed = placed.sort_values(["asked", "worker", "seq", "start"], kind="stable", ignore_index=True)
    return placed.drop(columns="asked")


def join(pages: pd.DataFrame, calls: pd.DataFrame, live: float | None, ended: float | None = None) -> Joined:
    """Lay both witnesses side by side, request by request, while the routes were in force.

    At ``ended`` others were asked for: a page counts if all its calls began before; ``excluded_after`` counts
    those that do not.
    """
    all_pages = len(pages)
    if ended is not None:
        after = _key(calls[calls["start"] + LOG_TICK > ended])
        pages = pages[(pages["start"] < ended) & ~_key(pages).isin(after)]
        calls = calls[_key(calls).isin(_key(pages))]
    excluded_after = all_pages - len(pages)
    # The log rounds down to milliseconds, so a call is early when its page is, not by its own clock.
    early = pages["start"] < (float("-inf") if live is None else live)
    calls = in_decided_order(calls[~_key(calls).isin(_key(pages[early]))], pages)
    pages = pages[~early]
    per_page = calls.groupby(_key(calls)).agg(calls=("version", "size"), called=("version", "last"))
    stars = pd.Series(pages["version"].astype(object).to_numpy(), index=_key(pages), name="version")
    both = stars.to_frame().join(per_page, how="outer")
    counts = both["calls"].fillna(0)
    once = both[counts == 1]
    seen = pd.Index(both.index).isin(_key(pages))
    lost = pages[is_served(pages) & ~_key(pages).isin(_key(calls))]
    unseen = lost[["worker", "seq", "start"]].assign(version=UNKNOWN, reporter=None)
    decisions = calls[_DECISION]
    if len(lost):
        decisions = in_decided_order(pd.concat([decisions, unseen.astype({"reporter": object})]), pages)
    return Joined(
        decisions=decisions,
        calls=calls,
        pages=pages,
        exactly_one=int((counts[seen] == 1).sum()),
        asked_again=int((counts[seen] > 1).sum()),
        without_call=int((counts[seen] == 0).sum()),
        without_page=int((~_key(calls).isin(_key(pages))).sum()),
        disagree=int((once["version"].notna() & (once["version"] != once["called"])).sum()),
        excluded_before_live=int(early.sum()),
        lost=len(lost),
        excluded_after=excluded_after,
    )


def pages_only(pages: pd.DataFrame) -> Joined:
    """The pages alone, where no proxy's log is at hand to join them with: they stand in for the calls."""
    shown = pages["version"].astype(object).fillna(UNKNOWN)
    decisions = pages[["worker", "seq", "start"]].assign(version=shown, reporter=None)
    calls = pd.DataFrame(columns=list(Call._fields))
    return Joined(in_decided_order(decisions, pages), calls, pages, 0, 0, 0, 0, 0, 0)


def is_served(pages: pd.DataFrame) -> pd.Series[bool]:
    """Which rows are a whole productpage, and so stand for a call to reviews, whatever came of it."""
    return (pages["status"] == 200) & (pages["trouble"].astype(object) != Trouble.NOT_A_PAGE.value)


def _key(frame: pd.DataFrame) -> pd.Series:
    """One integer per page, because joining on one column is several times faster than on two."""
    return frame["seq"].astype("int64") * _WORKERS + frame["worker"].astype("int64")
