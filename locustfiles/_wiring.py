"""The load of this process, put together from what Locust made of it: alone, the master, or a worker."""

from __future__ import annotations

import logging
import signal
from itertools import count
from typing import Any

from locust import stats
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerRunner

import gevent
import pandas  # noqa: F401 - Arrow imports it with its first rows: a stall of half a second in mid-load
import pyarrow as pa
from gevent import get_hub

from analyzer.errors import InputError
from analyzer.pages.version_source import VersionSource

from . import _percentiles
from ._arrivals import Schedule, Share
from ._distributed import Job, Master, Worker
from ._ledger import Ledger
from ._options import chosen, latest
from ._recorder import Account, Recorder
from ._settings import Settings


class Load:
    """What the readers of this process share. ``sequence`` never starts again: every tag is its own."""

    recorder: Recorder
    schedule: Schedule
    version_from: VersionSource | None

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.sequence = count()

    def begin(self, settings: Settings, share: Share) -> None:
        """A test begins."""
        self.settings = settings
        self.recorder.begin(share.requests)
        self.version_from = VersionSource.parse(settings.version_from) if settings.version_from else None
        seed = f"{settings.seed}/{share.place}"
        self.schedule = Schedule(settings.rate / share.of, share.requests, seed, settings.arrivals)


def connect(environment: Environment, runner: Runner) -> Load:
    """Wire everything to Locust's events; gives what the readers need, if this process has any."""
    try:
        settings = chosen(environment.parsed_options)
    except InputError as error:
        logging.getLogger("weighbridge").error("%s; %s", error, error.hint)
        raise SystemExit(2) from error
    load = Load(settings)
    events: Any = environment.events  # Locust's hooks carry no types
    if isinstance(runner, WorkerRunner):
        worker = Worker(environment, runner)
        load.recorder = worker.recorder
        events.test_start.add_listener(lambda **_: _take_part(load, worker.take_job()))
    else:
        ledger = Ledger(environment, settings)
        if isinstance(runner, MasterRunner):
            Master(environment, runner, ledger)
        else:
            _alone(environment, load, ledger)
        events.quitting.add_listener(lambda **_: ledger.conclude(runner.quit))
        events.reset_stats.add_listener(lambda **_: ledger.forget_count())
        if environment.web_ui or getattr(environment.parsed_options, "html_file", None):
            from . import _split_tab  # half a second of imports, for nothing where nobody looks

            _split_tab.add(environment, settings, ledger)
    stats.bucket_response_time = _percentiles.bucket  # type: ignore[assignment] # Locust lets it be replaced
    # Readers that are told to stop hear their last answer, or its timeout, unless somebody asked for less.
    environment.stop_timeout = environment.stop_timeout or settings.timeout + 1
    # Python raises an interrupt in whichever greenlet runs, which may be a reader: here it is always main's.
    gevent.signal_handler(signal.SIGINT, gevent.kill, gevent.getcurrent(), KeyboardInterrupt())
    # Imports took their time, and Locust is about to count --run-time from the loop's idea of now.
    get_hub().loop.update_now()
    return load


def _take_part(load: Load, job: Job | None) -> None:
    """A worker that comes when everything is shared out looks on."""
    if job is None:
        load.begin(load.settings, Share(requests=0))
    else:
        load.begin(job.settings, job.share)


def _alone(environment: Environment, load: Load, ledger: Ledger) -> None:
    """One process is its own master."""

    def hand_on(rows: pa.Table, account: Account) -> bool:
        ledger.take(0, rows, account)
        ledger.flush()
        return True

    def begin(**_: object) -> None:
        settings = latest(environment, ledger)
        ledger.begin(settings, [0])
        load.begin(settings, Share(settings.requests))

    load.recorder = Recorder(hand_on)
    events: Any = environment.events  # Locust's hooks carry no types
    events.test_start.add_listener(begin)
    events.test_stop.add_listener(lambda **_: load.recorder.flush())
