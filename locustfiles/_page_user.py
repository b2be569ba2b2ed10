"""What every user does: each request bears its own tag, each answer is classified, each becomes one row."""

from __future__ import annotations

import random
from typing import Any, ClassVar

from locust import User, events
from locust.env import Environment
from locust.exception import CatchResponseError, StopTest, StopUser
from locust.runners import STATE_CLEANUP, STATE_STOPPED, STATE_STOPPING, Runner

from gevent import get_hub

from analyzer import tag
from analyzer.pages import stars
from analyzer.records import Page, Request, Trouble

from ._arrivals import now
from ._guard import protect
from ._http import Answer, Connection
from ._wiring import Load, connect


class PageUser(User):
    """Takes slots of the load's schedule, and reads the page in them."""

    abstract = True
    load: ClassVar[Load]

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._cookie = ""
        self._due: float | None = None
        self._leaving = False
        runner: Any = environment.runner  # worker_index is on every runner but not on their base
        index = max(runner.worker_index, 0) if runner else 0
        self._worker = self.load.settings.part * tag.PART + index
        self.connection = self.connect()

    def connect(self) -> Connection:
        """A connection of this user's, logged in where the user is."""
        settings = self.load.settings
        source = self.load.version_from
        try:
            return Connection(
                self.host or "",
                settings.path,
                timeout=settings.timeout,
                insecure=settings.insecure,
                cookie=self._cookie,
                with_headers=source is not None and source.needs_headers,
            )
        except ValueError as error:
            raise StopTest(f"{error}: give --host http://…") from error

    def on_start(self) -> None:
        """Log in where the load has a name for it; nothing is read by somebody else than was asked for."""
        if self.load.settings.login is None:
            return
        name = self.load.settings.login
        start = now()
        answer = self.connection.post("/login", {"username": name, "passwd": name}, _LOGIN)
        cookies = [value for field, value in answer.headers if field.lower() == b"set-cookie"]
        failure = None if answer.status in (200, 302, 303) and cookies else answer.error or str(answer.status)
        self.environment.events.request.fire(
            request_type="POST",
            name="/login",
            response_time=(now() - start) * 1000,
            response_length=len(answer.body),
            exception=CatchResponseError(failure) if failure else None,
            context={},
        )
        if failure:
            self.load.recorder.fail(f"nobody can log in as {name}: {failure}")
            raise StopUser
        self._cookie = cookies[0].partition(b";")[0].decode("latin-1")
        self.connection.close()
        self.connection = self.connect()

    def on_stop(self) -> None:
        if self._due is not None:
            self.load.schedule.give_back(self._due)
        self.connection.close()

    def wait_time(self) -> float:
        """Take the next slot and give the seconds until it is due; Locust sleeps them, and can be stopped."""
        due = self.load.schedule.next()
        if due is None:
            raise StopUser
        if think := self.load.settings.think:
            due += random.uniform(0.5, 1.5) * think  # noqa: S311 - a pause, not a secret
        self._due = due
        get_hub().loop.update_now()  # gevent counts a sleep from when its loop last looked at the clock
        return max(due - now(), 0.0)

    def slot(self) -> float:
        """The slot that has come: when it was due. Raises StopUser where this user is to go."""
        if self._due is None:
            self.wait()  # type: ignore[no-untyped-call] # Locust waits after each task, never before the first
        if self._due is None or self._is_leaving():
            raise StopUser
        due, self._due = self._due, None
        return due

    def read(self, due: float, connection: Connection) -> None:
        """Ask once, and keep the row, whatever comes."""
        seq = next(self.load.sequence)
        start = now()
        self.load.recorder.leave(seq, start)
        try:
            answer = connection.get(tag.user_agent(tag.Tag(self.load.settings.run, self._worker, seq)))
        except BaseException:  # the end of the greenlet: the request is with the mesh already
            self._keep(seq, due, start, Answer(0, b"", "Cut"))
            raise
        self._keep(seq, due, start, answer)

    def stop(self, force: bool = False) -> bool:
        """Locust kills a user that waits; one whose time comes in that moment must not ask any more."""
        self._leaving = True
        stopped: bool = super().stop(force)
        return stopped

    def _is_leaving(self) -> bool:
        runner = self.environment.runner
        ending = runner is not None and runner.state in (STATE_CLEANUP, STATE_STOPPING, STATE_STOPPED)
        return self._leaving or ending

    def _keep(self, seq: int, due: float, start: float, answer: Answer) -> None:
        ended = now()
        page = self._page(answer)
        row = Request(
            worker=self._worker,
            seq=seq,
            intended=due,
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
            response_time=(ended - due) * 1000 if self.load.settings.rate else row.latency_ms,
            response_length=row.bytes,
            exception=CatchResponseError(failure) if failure else None,
            context={"row": row},
        )

    def _page(self, answer: Answer) -> Page:
        if (source := self.load.version_from) is None:
            return stars.page(answer.body)
        if not answer.status:
            return Page(None, None, Trouble.NOT_A_PAGE, details_trouble=False)
        version = source.version(answer.headers, answer.body)
        return Page(version, None, None if version else Trouble.NO_VERSION, details_trouble=False)


_LOGIN = "weighbridge/login"
"""The User-Agent of what is no page: no tag, so no proxy's line of it is taken for a page's."""


def _failure(row: Request) -> str | None:
    """What Locust counts as a failure: no answer, an error status, no page. Trouble on a page is data."""
    if row.error:
        return row.error
    if row.status != 200:
        return f"status {row.status}"
    return "not a page" if row.trouble is Trouble.NOT_A_PAGE else None


@events.init.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def _prepare(environment: Environment, runner: Runner, **_: Any) -> None:
    PageUser.load = connect(environment, runner)
    if environment.web_ui is not None:
        protect(environment.web_ui)
