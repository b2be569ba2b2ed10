"""Readers of /productpage: each request bears its own tag, each answer is classified, each becomes one row.

Runs alone with ``locust -f locustfiles/productpage.py --host http://…``; rows are kept where
``WEIGHBRIDGE_LOAD`` names a settings file (see ``_settings.py``), as ``weighbridge run`` does.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar

from locust import User, events, task
from locust.env import Environment
from locust.exception import CatchResponseError, StopTest, StopUser
from locust.runners import STATE_CLEANUP, STATE_STOPPED, STATE_STOPPING, Runner

from gevent import get_hub

from analyzer import stars, tag
from analyzer.records import Request, Trouble
from locustfiles._arrivals import now
from locustfiles._http import Answer, Connection
from locustfiles._settings import Settings
from locustfiles._wiring import Load, connect

SETTINGS = Settings.read(os.environ)


class Reader(User):
    """Reads the page whenever the schedule has a slot for it."""

    load: ClassVar[Load]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        settings = self.load.settings
        try:
            self._connection = Connection(
                self.host or "", settings.path, timeout=settings.timeout, insecure=settings.insecure
            )
        except ValueError as error:
            raise StopTest(f"{error}: give --host http://…") from error
        self._due: float | None = None
        runner: Any = environment.runner  # worker_index is on every runner but not on their base
        self._worker = max(runner.worker_index, 0) if runner else 0

    def wait_time(self) -> float:
        """Take the next slot and give the seconds until it is due; Locust sleeps them, and can be stopped."""
        due = self.load.arrivals.next()
        if due is None:
            raise StopUser
        self._due = due
        get_hub().loop.update_now()  # gevent counts a sleep from when its loop last looked at the clock
        return max(due - now(), 0.0)

    @task
    def productpage(self) -> None:
        if self._due is None:
            self.wait()  # type: ignore[no-untyped-call] # Locust waits after each task, never before the first
        if self._is_ending():
            raise StopUser
        seq = next(self.load.sequence)
        start = now()
        self.load.recorder.leave(seq, start)
        try:
            answer = self._connection.get(tag.user_agent(tag.Tag(self.load.settings.run, self._worker, seq)))
        except BaseException:  # the end of the greenlet: the request is with the mesh already
            self._keep(seq, start, Answer(0, b"", "Cut"))
            raise
        self._keep(seq, start, answer)

    def _is_ending(self) -> bool:
        """Whether Locust is ending its waiting readers: one whose time has come as well would be cut off."""
        runner = self.environment.runner
        return runner is not None and runner.state in (STATE_CLEANUP, STATE_STOPPING, STATE_STOPPED)

    def on_stop(self) -> None:
        self._connection.close()

    def _keep(self, seq: int, start: float, answer: Answer) -> None:
        ended = now()
        page = stars.page(answer.body)
        row = Request(
            worker=self._worker,
            seq=seq,
            intended=self._due if self._due is not None else start,
            start=start,
            latency_ms=(ended - start) * 1000,
            status=answer.status,
            version=page.version,
            pod=page.pod,
            trouble=page.trouble,
            doubt=page.doubt,
            details_trouble=page.details_trouble,
            bytes=len(answer.body),
            error=answer.error,
        )
        failure = _failure(row)
        self.load.recorder.keep(row, failure is not None)
        self.environment.events.request.fire(
            request_type="GET",
            name=self.load.settings.path,
            response_time=row.latency_ms,
            response_length=row.bytes,
            exception=CatchResponseError(failure) if failure else None,
            context={"row": row},
        )


def _failure(row: Request) -> str | None:
    """What Locust counts as a failure: no answer, an error status, no page. Trouble on a page is data."""
    if row.error:
        return row.error
    if row.status != 200:
        return f"status {row.status}"
    return "not a page" if row.trouble is Trouble.NOT_A_PAGE else None


@events.init.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def _prepare(environment: Environment, runner: Runner, **_: Any) -> None:
    Reader.load = connect(environment, runner, SETTINGS)
