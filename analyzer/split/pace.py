"""How many requests a second there are just now."""

from __future__ import annotations

from collections import deque

_WINDOW = 5.0
"""Seconds; rows come in chunks of one second."""


class Pace:
    """Give it the running total at every look; the clock is the caller's."""

    def __init__(self, now: float) -> None:
        self._looks: deque[tuple[float, int]] = deque([(now, 0)])

    def add(self, now: float, total: int) -> None:
        self._looks.append((now, total))
        while self._looks[1][0] < now - _WINDOW:
            self._looks.popleft()

    @property
    def per_second(self) -> float:
        (began, before), (ended, after) = self._looks[0], self._looks[-1]
        return (after - before) / max(ended - began, 1e-9)
