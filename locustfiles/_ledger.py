"""The record of a whole load: its rows on disk, and at the end a word on whether that is all of them.

A load has one ledger: in its only process, or in the master of several.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from locust.env import Environment
from locust.event import EventHook

import gevent
import pyarrow as pa
from gevent.lock import RLock

from analyzer.run import requests
from analyzer.run.load_summary import Summary, WorkerSummary
from analyzer.tag import PART

from ._arrivals import now
from ._recorder import Account
from ._settings import ROWS, Settings, SettingsError

FAILED = 4
"""The exit code of a load that did not do what it was asked to, or whose rows are not all on disk."""
new_rows: Any = cast(Any, EventHook)()  # Locust's hooks carry no types
"""Fired where the ledger is, once a second for each worker, with ``rows`` (a table like ``requests.SCHEMA``)
and ``until``: every request that left before that Unix second is in these rows or in earlier ones."""
_log = logging.getLogger("weighbridge")


class Ledger:
    """Takes rows from every worker of the load, and writes them in chunks, in a thread."""

    def __init__(self, environment: Environment, settings: Settings) -> None:
        self._environment = environment
        self._settings = settings
        self._folder = Path(settings.folder) if settings.folder is not None else None
        self._pending: list[pa.Table] = []
        self._accounts: dict[int, Account] = {}
        self._received: dict[int, int] = {}
        self._before = 0
        self._forgotten = False
        self._chunks = 0
        self._written = 0
        self._trouble: list[str] = []
        self._started = now()
        self._ended: float | None = None
        self._ending = False
        self._refused: str | None = None
        self._flushing = RLock()
        self._concluding = RLock()
        if self._folder is not None:
            self._chunks = _prepared(self._folder / ROWS, settings.part)

    @property
    def rows(self) -> int:
        return sum(self._received.values())

    @property
    def is_ending(self) -> bool:
        return self._ending

    @property
    def settings(self) -> Settings:
        return self._settings

    def begin(self, settings: Settings, workers: Iterable[int]) -> None:
        """A test begins with these workers, whose rows are waited for."""
        self._settings = settings
        self._started = now()
        self._before = self.rows
        self._ending = False
        self._accounts = {worker: Account() for worker in workers}
        if self._refused:
            refused, self._refused = self._refused, None
            self.end(refused)

    def refuse(self, why: str) -> None:
        """The test that is about to begin cannot be; it ends as soon as it does."""
        self._refused = why

    def take(self, worker: int, rows: pa.Table, account: Account) -> bool:
        """Enter a worker's new rows; the last one that was asked for ends the load."""
        self._accounts[worker] = account
        self._received[worker] = self._received.get(worker, 0) + len(rows)
        if self._folder is not None and len(rows):
            self._pending.append(rows)
        new_rows.fire(rows=rows, until=self._until())
        if account.trouble or self.rows - self._before == self._settings.requests:
            self.end(account.trouble)
        return True

    def close(self, worker: int) -> None:
        """That worker is not waited for any more: no row of it will come."""
        if worker in self._accounts:
            self._accounts[worker] = replace(self._accounts[worker], until=math.inf)

    def forget_count(self) -> None:
        """Somebody set Locust's own statistics to zero on its page: they cannot be compared with ours."""
        self._forgotten = True

    def owed_by(self, worker: int) -> int:
        """How many rows a worker says it kept, and we do not have."""
        return self._accounts[worker].rows - self._received.get(worker, 0)

    def note(self, trouble: str) -> None:
        """Remember what went wrong; a load with trouble never ends with exit code 0."""
        _log.error("%s", trouble)
        self._trouble.append(trouble)

    def end(self, trouble: str | None = None) -> None:
        """End the load: the web UI stays, a headless load leaves."""
        if self._ending:
            return
        self._ending = True
        if trouble:
            self.note(trouble)
        runner = self._environment.runner
        if runner is None:
            raise SettingsError("Locust has no runner", "start the load with locust")
        gevent.spawn(runner.stop if self._environment.web_ui else runner.quit)

    def flush(self) -> None:
        """Write what has come since the last time; on a full disk the rows stay, and are tried again."""
        if self._folder is None:
            return
        with self._flushing:
            if not self._pending:
                return
            tables, self._pending = self._pending, []
            path = requests.chunk(self._folder / ROWS, self._chunks + 1)
            rows = pa.concat_tables(tables)
            try:
                gevent.get_hub().threadpool.apply(requests.write_table, (rows, path, self._until()))
            except OSError as error:
                _log.error("%s is not written: %s", path, error)
                self._pending = tables + self._pending
            else:
                self._chunks += 1
                self._written += len(rows)

    def conclude(self, stop: Callable[[], None]) -> None:
        """Stop everybody, then write the rest, and the summary.

        Locust may come here twice at once, from a signal and from its main greenlet: the second waits.
        """
        with self._concluding:
            if self._ended is not None:
                return
            self._ending = True
            stop()
            self._ended = now()
            self.flush()
            summary = self._summary(self._ended)
            where = "rows on disk" if self._folder is not None else "rows"
            say = _log.info if summary.complete else _log.error
            say(f"%d requests, %d {where}, %d failures", summary.requests, summary.rows, summary.failures)
            if summary.trouble:
                self._environment.process_exit_code = FAILED
            try:
                if self._folder is not None:
                    summary.write(self._folder)
            except OSError as error:
                _log.error("no summary: %s", error)
                self._environment.process_exit_code = FAILED

    def _summary(self, ended: float) -> Summary:
        accounts = sorted(self._accounts.items())
        counted = _counted(self._environment)
        rows = self._written if self._folder is not None else self.rows
        complete = rows == self.rows and (self._forgotten or self.rows - self._before == counted)
        if not complete and (rows != self.rows or not self._trouble):  # who was lost was not counted, either
            self.note(f"{counted} requests were counted, {rows} rows are on disk")
        return Summary(
            run=self._settings.run,
            requests=counted,
            failures=sum(account.failures for _, account in accounts),
            rows=rows,
            started=self._started,
            ended=ended,
            complete=complete,
            trouble=tuple(self._trouble),
            workers=tuple(
                WorkerSummary(
                    worker=self._settings.part * PART + worker,
                    rows=self._received.get(worker, 0),
                    cpu_share=account.cpu_share,
                    busy=account.busy,
                    capped=account.capped,
                )
                for worker, account in accounts
            ),
        )

    def _until(self) -> float:
        return min((account.until for account in self._accounts.values()), default=float("-inf"))


def _counted(environment: Environment) -> int:
    """The pages that Locust counted; what readers post, such as a login, is not of the split."""
    return sum(
        entry.num_requests for (_, method), entry in environment.stats.entries.items() if method == "GET"
    )


def _prepared(folder: Path, part: int) -> int:
    """The last chunk that is there, 0 in a new folder; raises SettingsError where there must be none."""
    folder.mkdir(parents=True, exist_ok=True)
    there = [int(path.stem) for path in folder.glob("*.parquet")]
    if there and not part:
        raise SettingsError(f"{folder} already holds rows", "record each run in a folder of its own")
    return max(there, default=0)
