"""SIGTERM as an exception, so that everything is cleaned up as after Ctrl-C."""

from __future__ import annotations

import signal
from types import FrameType


class Terminated(BaseException):
    """Somebody asked this process to end."""


def install() -> None:
    signal.signal(signal.SIGTERM, _terminate)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated
