"""Ctrl-C and SIGTERM as exceptions, so that whatever was begun is also ended."""

from __future__ import annotations

import signal
import time
from types import FrameType

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
