"""When the next request is due: one absolute schedule for all users, so that a slow answer shifts nothing."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from itertools import count
from typing import Self

_EPOCH = time.time() - time.perf_counter()


def now() -> float:
    """Unix seconds that only ever go forward, however the wall clock is set meanwhile."""
    return _EPOCH + time.perf_counter()


@dataclass(frozen=True, slots=True)
class Share:
    """What one of ``of`` workers gets of a load; ``requests`` is None where there is no limit."""

    requests: int | None = None
    place: int = 0
    of: int = 1

    @classmethod
    def nth(cls, requests: int | None, place: int, of: int) -> Self:
        """The shares of all places together are the whole, exactly."""
        return cls(None if requests is None else requests // of + (place < requests % of), place, of)


class Arrivals:
    """Slots in time, each taken once by whichever user is free.

    With a rate, slot k is due at a uniformly random moment of its own 1/rate seconds: as many requests as
    asked for, and no users in step. A user that comes late to its slot reads at once, and the row's
    ``intended`` keeps the moment at which somebody who never waits for answers would have asked. Without a
    rate, a slot is due when it is taken.
    """

    def __init__(self, rate: float, limit: int | None, seed: int | str = 0) -> None:
        self._rate = rate
        self._limit = limit
        self._random = random.Random(seed)  # noqa: S311 - moments, not secrets
        self.start()

    def start(self) -> None:
        """Begin the schedule now."""
        self._begin = now()
        self._slots = count()

    def next(self) -> float | None:
        """Take the next slot: the Unix time at which it is due; None when the last one is taken."""
        slot = next(self._slots)
        if self._limit is not None and slot >= self._limit:
            return None
        if not self._rate:
            return now()
        return self._begin + (slot + self._random.random()) / self._rate
