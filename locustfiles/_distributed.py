"""A load of several processes: shares go out from the master, rows come in to it, and nobody leaves unheard.

Locust's master does not wait for the last report of its workers, and calls a load without workers a success.
Here it asks everybody to quit, hears every last word, and names the worker that never said one.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from locust.env import Environment
from locust.exception import RPCError
from locust.rpc import Message
from locust.runners import STATE_MISSING, STATE_RUNNING, STATE_SPAWNING, MasterRunner, WorkerRunner

import gevent
import msgspec
import pyarrow as pa
from gevent.lock import RLock

from analyzer.run import requests
from analyzer.run.requests import RowsError

from ._arrivals import Share, now
from ._ledger import Ledger
from ._options import latest
from ._recorder import FLUSH_EVERY, Account, Recorder
from ._settings import Settings

_JOB, _ROWS, _LAST = "weighbridge-job", "weighbridge-rows", "weighbridge-last"
_GRACE = 3.0
"""Seconds for which a worker that Locust gave up may still come back: a busy machine holds heartbeats up."""
_LOOK_EVERY = 0.25


@dataclass(frozen=True, slots=True)
class Job:
    """What the master tells a worker: nothing of it has to be known on the worker's own machine."""

    settings: Settings
    share: Share


class Master:
    """Hands out shares of the load, takes in rows, and watches over the workers."""

    def __init__(self, environment: Environment, runner: MasterRunner, ledger: Ledger) -> None:
        self._environment = environment
        self._runner: Any = runner
        self._ledger = ledger
        self._open: dict[int, str] = {}  # worker: client id, of those who have not said their last word
        self._gone: dict[int, float] = {}
        self._locust_quit = runner.quit
        self._quitting = RLock()
        runner.quit = self._quit  # type: ignore[method-assign] # Locust has no hook between stop and the end
        runner.register_message(_ROWS, self._on_rows)
        runner.register_message(_LAST, self._on_last)
        events: Any = environment.events  # Locust's hooks carry no types
        events.test_start.add_listener(self._on_test_start)
        gevent.spawn(self._watch)

    def _on_test_start(self, **_: object) -> None:
        clients = [client.id for client in self._runner.clients.all if client.state != STATE_MISSING]
        self._open = {self._runner.get_worker_index(client): client for client in clients}
        self._gone = {}
        settings = latest(self._environment, self._ledger)
        self._ledger.begin(settings, self._open)
        few = self._runner.target_user_count < len(clients) and not self._environment.shape_class
        if settings.requests and few:
            self._ledger.end(f"{len(clients)} workers need at least as many users")
        for place, client in enumerate(clients):
            job = Job(settings, Share.nth(settings.requests, place, len(clients)))
            self._runner.send_message(_JOB, msgspec.to_builtins(job), client)

    def _on_rows(self, msg: Message, **_: object) -> None:
        worker = self._runner.get_worker_index(msg.node_id)
        try:
            rows = requests.unpack(msg.data["rows"])
            account = msgspec.convert(msg.data["account"], Account)
        except (RowsError, msgspec.ValidationError, KeyError, TypeError) as error:
            self._ledger.end(f"worker {worker} speaks another language: {error}")
            return
        self._ledger.take(worker, rows, account)

    def _on_last(self, msg: Message, **_: object) -> None:
        worker = self._runner.get_worker_index(msg.node_id)
        self._ledger.close(worker)
        if self._open.pop(worker, None) and (owed := self._ledger.owed_by(worker)):
            self._ledger.note(f"{owed} rows of worker {worker} were lost on their way")
        if msg.data["early"]:
            self._gone.setdefault(worker, now())

    def _quit(self) -> None:
        """What ``runner.quit`` does here; whoever comes second waits until the first has heard everybody."""
        with self._quitting:
            self._runner.stop(send_stop_to_client=False)  # from here on Locust starts no reader again
            for client in self._open.values():
                self._runner.send_message("quit", client_id=client)
            deadline = now() + self._environment.stop_timeout + 10
            while self._open and now() < deadline:
                gevent.sleep(0.05)
                self._give_up()
            for worker in list(self._open):
                self._lose(worker, "did not answer in the end")
            self._locust_quit()

    def _watch(self) -> None:
        while True:
            gevent.sleep(_LOOK_EVERY)
            self._ledger.flush()
            self._give_up()

    def _give_up(self) -> None:
        """A worker that is gone for good ends the load: what it had in flight is known to nobody."""
        clients = self._runner.clients
        for worker, client in list(self._open.items()):
            if client in clients and clients[client].state != STATE_MISSING:
                self._gone.pop(worker, None)
            elif now() - self._gone.setdefault(worker, now()) > _GRACE:
                self._lose(worker, "was killed or cut off")
        early = [worker for worker, since in self._gone.items() if now() - since > _GRACE]
        if early and not self._ledger.is_ending:
            self._ledger.end(f"worker {early[0]} left before the load was over")

    def _lose(self, worker: int, how: str) -> None:
        self._open.pop(worker, None)
        self._gone.pop(worker, None)
        self._ledger.close(worker)
        self._ledger.note(f"worker {worker} {how}: its last rows are lost")
        self._ledger.end()


class Worker:
    """Sends its rows to the master, the last ones included, before it says that it has stopped."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._parent = os.getppid()
        self.recorder = Recorder(self._send)
        self._job: Job | None = None
        self._early = False
        self._has_to_say = False
        self._saying = RLock()
        runner.register_message(_JOB, self._on_job)
        events: Any = environment.events  # Locust's hooks carry no types
        events.test_start.add_listener(self._on_test_start)
        events.test_stop.add_listener(self._on_test_stop)
        events.quitting.add_listener(self._on_quitting)
        if environment.parsed_options is not None and environment.parsed_options.processes:
            gevent.spawn(self._leave_with_parent)

    def take_job(self) -> Job | None:
        """What this process has to do in the test that begins; None where it came when all was shared out."""
        job, self._job = self._job, None
        return job

    def _on_job(self, msg: Message, **_: object) -> None:
        self._job = msgspec.convert(msg.data, Job)

    def _send(self, rows: pa.Table, account: Account) -> bool:
        packed = gevent.get_hub().threadpool.apply(requests.pack, (rows,))
        try:
            self._runner.send_message(_ROWS, {"rows": packed, "account": asdict(account)})
        except RPCError:
            return False  # the master is away: the rows wait for it
        return True

    def _on_test_start(self, **_: object) -> None:
        self._has_to_say = True

    def _on_test_stop(self, **_: object) -> None:
        """Every reader has stopped. Locust's own report goes first, so that the last word is the last."""
        with self._saying:
            if self._has_to_say:
                self._has_to_say = False
                self.recorder.flush()
                self._runner._send_stats()
                self._runner.send_message(_LAST, {"early": self._early})

    def _on_quitting(self, **_: object) -> None:
        """A signal to this process comes here while its readers read, or while the master has it stop."""
        self._early = self._runner.state in (STATE_SPAWNING, STATE_RUNNING)
        if self._has_to_say:
            self._runner.stop()
        self._on_test_stop()

    def _leave_with_parent(self) -> None:
        """A worker of ``--processes`` whose master was killed would read on for a minute, for nobody."""
        while os.getppid() == self._parent:
            gevent.sleep(FLUSH_EVERY)
        os._exit(1)
