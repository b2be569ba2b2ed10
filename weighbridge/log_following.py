"""Logs followed while they are written: how things stand on the screen, and all of it at the end."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import RenderableType
from rich.live import Live

from analyzer.access_log.digest import Digest
from analyzer.access_log.follow import Follower
from analyzer.report import figures

from . import console
from .log_reading import Read
from .progress import Progress
from .signals import Interrupt
from .terminal import Harmless

Screen = Callable[[Read], RenderableType]
"""Draws how things stand."""
Show = Callable[[Read], None]

_EVERY = 0.2
"""Seconds between two looks at the files."""
_SHOWN = 1.0
"""Seconds between two screens."""


def follow(names: Sequence[str], digest: Digest, screen: Screen | None) -> Read:
    """Until Ctrl-C, SIGTERM or the end of stdin; without a ``screen``, lines on stderr tell how it goes."""
    follower = Follower(names, digest)
    interrupt = Interrupt(signal.SIGINT, signal.SIGTERM)
    with interrupt.caught(), _on_screen(screen) if screen else _in_lines(digest) as show:
        follower.look()
        if not follower.heads:
            console.say(f"waiting for {', '.join(names)}")
        while not (interrupt.asked or follower.is_over):
            show(Read(follower.heads, complete=True))
            interrupt.waiting(time.sleep, _EVERY)
            follower.look()
    follower.end()
    return Read(follower.heads, complete=True)


@contextmanager
def _on_screen(screen: Screen) -> Iterator[Show]:
    drawn = float("-inf")
    with Live(console=Harmless(), screen=True, auto_refresh=False) as live:

        def show(read: Read) -> None:
            nonlocal drawn
            if time.monotonic() >= drawn + _SHOWN:
                drawn = time.monotonic()
                live.update(screen(read), refresh=True)

        yield show


@contextmanager
def _in_lines(digest: Digest) -> Iterator[Show]:
    with Progress(first=_SHOWN) as progress:

        def show(read: Read) -> None:
            lines, size = figures.count(digest.account.lines), figures.size(digest.account.bytes)
            progress.show(f"following {len(read.heads)} files: {lines} lines, {size}")

        yield show
