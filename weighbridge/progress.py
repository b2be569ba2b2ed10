"""How a run is going: one line on stderr that renews itself, or a new one every few seconds in a log."""

from __future__ import annotations

import time
from types import TracebackType
from typing import TYPE_CHECKING

from . import console

if TYPE_CHECKING:
    from rich.live import Live

_EVERY = 5.0
"""Seconds between two lines where the lines stay, as in a CI log."""


class Progress:
    """Give it the newest line as often as you like; ``first`` is when one is told in a log, in seconds."""

    def __init__(self, first: float = _EVERY) -> None:
        self._live = _live()
        self._next = time.monotonic() + first

    def __enter__(self) -> Progress:
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, line: str) -> None:
        if self._live:
            self._live.update(line, refresh=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            console.say(line)


def _live() -> Live | None:
    if console.is_plain() or not console.notes().is_terminal:
        return None
    from rich.live import Live

    return Live(console=console.notes(), transient=True, auto_refresh=False)
