"""Faults that the applications show on demand: an error status, a delay, for a share of the requests."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from .messages import Handler, Request, Response
from .spec import APPS


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at an app, or at one version of it.

    ``share`` of its requests (0 to 1) are answered ``delay`` seconds late, and with ``status``, where one is
    given, in place of the app's own answer.
    """

    app: str
    version: str | None = None
    status: int | None = None
    share: float = 1.0
    delay: float = 0.0

    def __post_init__(self) -> None:
        if self.app not in APPS:
            raise ValueError(f"{self.app!r} is no service of Bookinfo")
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"status {self.status} is not between 200 and 599")
        if not 0 <= self.share <= 1:
            raise ValueError(f"share {self.share} is not between 0 and 1")
        if not 0 <= self.delay < math.inf:
            raise ValueError(f"delay {self.delay} is not a number of seconds")

    def __str__(self) -> str:
        """As somebody says it: ``reviews-v3 answers 503 after 2 s to 20 % of requests``."""
        who = f"{self.app}-{self.version}" if self.version else self.app
        what = f" {self.status}" if self.status is not None else ""
        late = f" after {self.delay:g} s" if self.delay else ""
        return f"{who} answers{what}{late} to {100 * self.share:g} % of requests"


class Faults:
    """The faults in force: at most one for an app and one for each of its versions, which then goes first."""

    def __init__(self, targets: Iterable[tuple[str, str]], seed: int | None = None) -> None:
        """``targets`` are the apps and versions that are there to be struck."""
        self._targets = frozenset(targets)
        self._by_target: dict[tuple[str, str | None], Fault] = {}
        self._random = random.Random(seed)  # noqa: S311 - draws for faults, not secrets

    def set(self, fault: Fault) -> None:
        """Takes the place of the target's earlier fault. Raises ValueError where nobody would be struck."""
        if not any(app == fault.app and fault.version in (None, version) for app, version in self._targets):
            raise ValueError(f"there is no {fault.app} {fault.version or ''}".rstrip())
        self._by_target[fault.app, fault.version] = fault

    def clear(self) -> None:
        self._by_target.clear()

    def all(self) -> tuple[Fault, ...]:
        return tuple(self._by_target.values())

    def strike(self, app: str, version: str) -> Fault | None:
        """The fault that this one request meets, if any: every request is a draw of its own."""
        if not self._by_target:
            return None
        fault = self._by_target.get((app, version)) or self._by_target.get((app, None))
        return fault if fault and self._random.random() < fault.share else None


def exposed(
    handler: Handler, failure: Callable[[int], Response], faults: Faults, app: str, version: str
) -> Handler:
    """The service as its callers find it: ``failure`` makes the app's own kind of error page.

    ``/health`` is spared, so that what watches the pods does not take a fault under test for a dead pod.
    """

    def answer(request: Request) -> Response | Coroutine[Any, Any, Response]:
        fault = faults.strike(app, version) if request.path != b"/health" else None
        return handler(request) if fault is None else struck(request, fault)

    async def struck(request: Request, fault: Fault) -> Response:
        if fault.delay:
            await asyncio.sleep(fault.delay)
        if fault.status is not None:
            return failure(fault.status)
        result = handler(request)
        return result if isinstance(result, Response) else await result

    return answer
