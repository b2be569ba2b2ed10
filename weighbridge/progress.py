"""How a run is going: one line on stderr that renews itself, or a new one every few seconds in a log."""

from __future__ import annotations

import time
from types import TracebackType

from rich.live import Live
from rich.text import Text

from . import console

_EVERY = 5.0
"""Seconds between two lines where the lines stay, as in a CI log."""


class Progress:
    """Give it the newest line as often as you like; ``first`` is when one is told in a log, in seconds."""

    def __init__(self, first: float = _EVERY) -> None:
        self._live = (
            Live(console=console.notes, transient=True, auto_refresh=False)
            if console.notes.is_terminal
            else None
        )
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
            self._live.update(Text(line), refresh=True)
        elif time.monotonic() >= self._next:
            self._next = time.monotonic() + _EVERY
            console.say(line)
