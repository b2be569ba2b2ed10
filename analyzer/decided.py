"""Calls in the order they were decided, handed out while a run lasts, as soon as nothing earlier can turn up.

A log line is written when its call completes, so the first lines of a log favour the fastest version, and a
verdict that stopped on them would be biased. Sequence numbers are given out before any proxy draws a version:
their order cannot depend on the draw. ``calls.in_decided_order`` gives the same order after the run.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .records import UNKNOWN, Version

Place = tuple[int, int]
"""(worker, sequence number) of a page."""


class Decided:
    """Holds calls back until every page with a smaller sequence number has been answered.

    Memory follows the pages in flight, not the length of the run.
    """

    def __init__(self, workers: int = 1) -> None:
        self._next: Place = (0, 0)  # (sequence number, worker): the order of the release
        self._workers = workers
        self._calls: dict[Place, list[tuple[float, Version]]] = {}
        self._answered: dict[Place, bool] = {}

    def add_calls(self, calls: Iterable[tuple[int, int, float, Version]]) -> None:
        """Take (worker, sequence number, start, version) of calls seen in a proxy's log."""
        for worker, seq, start, version in calls:
            self._calls.setdefault((worker, seq), []).append((start, version))

    def add_pages(self, pages: Iterable[Place], served: Collection[Place] = ()) -> None:
        """Take the pages that were answered long enough ago for all their log lines to have been seen.

        Behind those that were ``served`` stands a call; where none was seen, its line is lost.
        """
        self._answered.update((place, place in served) for place in pages)

    def take(self) -> list[Version]:
        """The versions decided next; empty while an earlier page is still open."""
        decided: list[Version] = []
        while self._place in self._answered:
            served = self._answered.pop(self._place)
            calls = sorted(self._calls.pop(self._place, []))
            decided += [version for _, version in calls] or [UNKNOWN] * served
            self._advance()
        return decided

    @property
    def _place(self) -> Place:
        seq, worker = self._next
        return worker, seq

    def _advance(self) -> None:
        seq, worker = self._next
        self._next = (seq, worker + 1) if worker + 1 < self._workers else (seq + 1, 0)
