"""Ctrl-C and SIGTERM as exceptions, so that whatever was begun is also ended."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

T = TypeVar("T")

SAME_WISH = 1.0
"""Seconds within which another signal says nothing new: shells, make and CI runners often send two."""


class Terminated(BaseException):
    """Somebody asked this process to end."""


class _Last:
    raised = float("-inf")


def install() -> None:
    signal.signal(signal.SIGINT, _raise)
    signal.signal(signal.SIGTERM, _raise)


def _raise(number: int, frame: FrameType | None) -> None:
    now = time.monotonic()
    if now - _Last.raised < SAME_WISH:
        return
    _Last.raised = now
    raise KeyboardInterrupt if number == signal.SIGINT else Terminated


class Interrupt:
    """A signal heard between two steps of a work, which is so never left in the middle of one.

    Where the work only waits, the signal ends it at once. Asked again, it ends at once wherever it is.
    """

    def __init__(self, *numbers: signal.Signals) -> None:
        self._numbers = numbers
        self._asked_at = float("-inf")
        self._asked_again = False
        self._waits = False
        self.by: signal.Signals | None = None
        """What asked for the end first."""

    @property
    def asked(self) -> bool:
        return self.by is not None

    def waiting(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do what may take for ever."""
        self._waits = True
        try:
            return work(*arguments)
        finally:
            self._waits = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._handle) for number in self._numbers}
        try:
            yield
        except KeyboardInterrupt:
            if self._asked_again or not self.asked:
                raise
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if not self.asked:
            self.by, self._asked_at = signal.Signals(number), now
        elif now - self._asked_at > SAME_WISH:
            self._asked_again = True
        else:
            return
        if self._asked_again or self._waits:
            raise KeyboardInterrupt
