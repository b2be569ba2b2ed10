"""Every request of this process as a row, handed on once a second as columns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gevent
import pyarrow as pa
from gevent.lock import RLock

from analyzer.records import Request
from analyzer.run import requests

from ._arrivals import now

FLUSH_EVERY = 1.0
_BUSY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one process has done since it began; ``rows`` were kept by it, whoever has them by now.

    ``until``: every request that left before that Unix second has been handed on. ``trouble`` ends the load.
    """

    rows: int = 0
    failures: int = 0
    until: float = float("-inf")
    cpu_share: float = 0.0
    busy: float = 0.0
    capped: int = 0
    trouble: str | None = None


HandOn = Callable[[pa.Table, Account], bool]
"""Takes new rows, and says whether it could; where it could not, they are offered again later."""


class Recorder:
    """Keeps rows for a second, then packs them in a thread, so that nothing holds a reader up."""

    def __init__(self, hand_on: HandOn) -> None:
        self._hand_on = hand_on
        self._rows: list[Request] = []
        self._open: dict[int, float] = {}
        self._limit: int | None = None
        self._seen = 0
        self._failures = 0
        self._trouble: str | None = None
        self._generator = _Generator()
        self._flushing = RLock()
        gevent.spawn(self._flush_regularly)

    def begin(self, limit: int | None) -> None:
        """A test begins; after ``limit`` rows of it this process has done its share."""
        self._limit = None if limit is None else self._seen + limit
        self._generator.begin()

    def leave(self, seq: int, start: float) -> None:
        """A request leaves now."""
        self._open[seq] = start

    def keep(self, row: Request, failed: bool) -> None:
        """A request has ended; the last one that was asked for is handed on at once."""
        del self._open[row.seq]
        self._rows.append(row)
        self._seen += 1
        self._failures += failed
        if self._seen == self._limit:
            gevent.spawn(self.flush)

    def fail(self, trouble: str) -> None:
        """The load cannot go on, and why."""
        self._trouble = trouble
        gevent.spawn(self.flush)

    def delay(self) -> None:
        """A request could not leave in time, because too many are in flight."""
        self._generator.capped += 1

    def flush(self) -> None:
        """Hand on what has come since the last time."""
        with self._flushing:
            rows, self._rows = self._rows, []
            account = self._account()
            table = gevent.get_hub().threadpool.apply(requests.table, (rows,))
            if not self._hand_on(table, account):
                self._rows = rows + self._rows

    def _account(self) -> Account:
        self._generator.look()
        return Account(
            rows=self._seen,
            failures=self._failures,
            trouble=self._trouble,
            until=min(self._open.values(), default=now()),
            **self._generator.figures(),
        )

    def _flush_regularly(self) -> None:
        while True:
            gevent.sleep(FLUSH_EVERY)
            self.flush()


class _Generator:
    """Whether this process itself was the bottleneck, looked at once a second."""

    def __init__(self) -> None:
        self.capped = 0
        self.begin()

    def begin(self) -> None:
        self._began = self._looked = (now(), time.process_time())
        self._busy = 0.0

    def look(self) -> None:
        moment = (now(), time.process_time())
        seconds, cpu = (after - before for after, before in zip(moment, self._looked, strict=True))
        if seconds < FLUSH_EVERY / 2:
            return  # the last flush of a test comes at any moment, and tells nothing of so short a time
        self._looked = moment
        if cpu > _BUSY * seconds:
            self._busy += seconds

    def figures(self) -> dict[str, Any]:
        """The last three columns of an account."""
        seconds = max(now() - self._began[0], 1e-9)
        cpu = time.process_time() - self._began[1]
        return {"cpu_share": cpu / seconds, "busy": self._busy / seconds, "capped": self.capped}
