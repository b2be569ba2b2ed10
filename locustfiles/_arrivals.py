"""When the next request is due: one absolute schedule for all users, so that a slow answer shifts nothing."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from itertools import count
from typing import Self

from ._settings import Arrivals

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


class Schedule:
    """Slots in time, each taken once by whichever user is free.

    With a rate, slot k is due at a uniformly random moment of its own 1/rate seconds: as many requests as
    asked for, and no users in step. A user that comes late to its slot reads at once, and the row's
    ``intended`` keeps the moment at which somebody who never waits for answers would have asked. Without a
    rate, a slot is due when it is taken.

    An open load has slots at even distances (``constant``) or at random ones (``poisson``), as if many people
    asked who know nothing of each other.
    """

    def __init__(
        self, rate: float, limit: int | None, seed: int | str = 0, arrivals: Arrivals | None = None
    ) -> None:
        self._rate = rate
        self._limit = limit
        self._arrivals = arrivals
        self._random = random.Random(seed)  # noqa: S311 - moments, not secrets
        self.start()

    def start(self) -> None:
        """Begin the schedule now."""
        self._begin = self._last = now()
        self._slots = count()
        self._returned: list[float] = []

    def next(self) -> float | None:
        """Take the next slot: the Unix time at which it is due; None when the last one is taken."""
        if self._returned:
            return self._returned.pop()
        slot = next(self._slots)
        if self._limit is not None and slot >= self._limit:
            return None
        if not self._rate:
            return now()
        if self._arrivals is Arrivals.CONSTANT:
            return self._begin + slot / self._rate
        if self._arrivals is Arrivals.POISSON:
            self._last += self._random.expovariate(self._rate)
            return self._last
        return self._begin + (slot + self._random.random()) / self._rate

    def give_back(self, due: float) -> None:
        """A slot that was taken and not used, because its user had to go, is the next one's."""
        self._returned.append(due)
