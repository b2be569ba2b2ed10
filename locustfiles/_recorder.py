"""Every request of a load as a row on disk, and a word at the end on whether that is all of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from locust.env import Environment

import gevent
from gevent.lock import RLock

from analyzer import requests
from analyzer.records import Request

from ._arrivals import now
from ._settings import ROWS, Settings, SettingsError, Summary

INCOMPLETE = 4
"""The exit code of a load whose rows are not all on disk: the load failed."""
_FLUSH_EVERY = 1.0
_log = logging.getLogger("weighbridge")


class Recorder:
    """Keeps rows for a second, then hands them to a thread, so that writing never holds a reader up."""

    def __init__(self, environment: Environment, settings: Settings) -> None:
        self._environment = environment
        self._settings = settings
        self._folder = Path(settings.folder) if settings.folder is not None else None
        self._rows: list[Request] = []
        self._chunks = 0
        self._written = 0
        self._seen = 0
        self._failures = 0
        self._started = now()
        self._cpu = time.process_time()
        self._flushing = RLock()
        self._closed = False
        if self._folder is not None:
            _make_empty(self._folder / ROWS)
            gevent.spawn(self._flush_regularly)
        listeners: Any = environment.events  # Locust's hooks carry no types
        listeners.test_start.add_listener(self._on_test_start)
        listeners.quitting.add_listener(self._on_quitting)

    def keep(self, row: Request, failed: bool) -> None:
        """Take one row; the last one that was asked for ends the load."""
        self._seen += 1
        self._failures += failed
        if self._folder is not None:
            self._rows.append(row)
        if self._seen == self._settings.requests:
            gevent.spawn(_stop(self._environment))

    def _on_test_start(self, **_: object) -> None:
        self._started = now()
        self._cpu = time.process_time()

    def _on_quitting(self, environment: Environment, **_: object) -> None:
        """Locust may come here twice at once, from a signal and from its main greenlet: the second waits."""
        with self._flushing:
            if self._closed:
                return
            if environment.runner is not None:
                environment.runner.quit()  # on a signal the readers still read; their last answers count
            self._closed = True
            ended = now()
            if self._folder is not None:
                self._flush()
                self._conclude(self._folder, environment, ended)

    def _conclude(self, folder: Path, environment: Environment, ended: float) -> None:
        counted = environment.stats.total.num_requests
        summary = Summary(
            run=self._settings.run,
            requests=counted,
            failures=self._failures,
            rows=self._written,
            started=self._started,
            ended=ended,
            cpu_share=(time.process_time() - self._cpu) / max(ended - self._started, 1e-9),
            complete=self._written == self._seen == counted,
        )
        say = _log.info if summary.complete else _log.error
        say("%d requests, %d rows on disk, %d failures", counted, self._written, self._failures)
        if not summary.complete:
            environment.process_exit_code = INCOMPLETE
        try:
            summary.write(folder)
        except OSError as error:
            _log.error("no summary: %s", error)
            environment.process_exit_code = INCOMPLETE

    def _flush_regularly(self) -> None:
        while not self._closed:
            gevent.sleep(_FLUSH_EVERY)
            with self._flushing:
                self._flush()

    def _flush(self) -> None:
        """Write what has come since the last time; on a full disk the rows stay, and are tried again."""
        if not self._rows or self._folder is None:
            return
        rows, self._rows = self._rows, []
        path = requests.chunk(self._folder / ROWS, self._chunks + 1)
        try:
            gevent.get_hub().threadpool.apply(requests.write, (rows, path))
        except OSError as error:
            _log.error("%s is not written: %s", path, error)
            self._rows = rows + self._rows
        else:
            self._chunks += 1
            self._written += len(rows)


def _stop(environment: Environment) -> Callable[[], None]:
    """How this load ends by itself: the web UI stays, a headless load leaves."""
    runner = environment.runner
    if runner is None:
        raise SettingsError("Locust has no runner", "start the load with locust")
    return runner.stop if environment.web_ui else runner.quit


def _make_empty(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("*.parquet")):
        raise SettingsError(f"{folder} already holds rows", "record each run in a folder of its own")
