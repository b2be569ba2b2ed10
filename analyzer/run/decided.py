"""Calls in the order they were decided, handed out while a run lasts, as soon as nothing earlier can turn up.

A log line is written when its call completes, so the first lines of a log favour the fastest version, and a
verdict that stopped on them would be biased. A page is asked for before any proxy draws a version for it: the
order of those moments cannot depend on their own draws, whichever workers asked and however fast each of them
is. ``calls.in_decided_order`` gives the same order after the run.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from typing import NamedTuple

from ..records import UNKNOWN, Version

Place = tuple[float, int, int]
"""(start, worker, sequence number) of a page; start is Unix seconds."""


class Drawn(NamedTuple):
    """A version as a proxy drew it, and when; Unix seconds.

    ``asked`` is when its page left the load, ``drawn`` when the last call of that page began, by the log.
    """

    version: Version
    asked: float
    drawn: float


class Decided:
    """Holds calls back until every page that was asked for earlier has been answered.

    Memory follows the pages in flight, not the length of the run.
    """

    def __init__(self) -> None:
        self._calls: dict[tuple[int, int], list[tuple[float, Version]]] = {}
        self._answered: list[tuple[Place, bool]] = []  # a heap; whether the page was served
        self._until = float("-inf")

    def add_calls(self, calls: Iterable[tuple[int, int, float, Version]]) -> None:
        """Take (worker, sequence number, start, version) of calls seen in a proxy's log."""
        for worker, seq, start, version in calls:
            self._calls.setdefault((worker, seq), []).append((start, version))

    def add_pages(self, pages: Iterable[Place], until: float, served: Collection[Place] = ()) -> None:
        """Take the pages that were answered long enough ago for all their log lines to have been seen.

        Every page asked for before ``until`` (Unix seconds) is among these or was among earlier ones. Behind
        those that were ``served`` stands a call; where none was seen, its line is lost.
        """
        for page in pages:
            heapq.heappush(self._answered, (page, page in served))
        self._until = max(self._until, until)

    def take(self) -> list[Drawn]:
        """The versions decided next; empty while an earlier page may still be open."""
        decided: list[Drawn] = []
        while self._answered and self._answered[0][0][0] < self._until:
            (asked, worker, seq), served = heapq.heappop(self._answered)
            calls = sorted(self._calls.pop((worker, seq), [])) or [(asked, UNKNOWN)] * served
            decided += [Drawn(version, asked, calls[-1][0]) for _, version in calls]
        return decided
