"""What became of each version's calls on their way to the pages that show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..access_log.tagged import NOBODY, Ints
from ..records import Version
from .causes import Cause
from .lines import Flags, Place
from .pages import Pages
from .record import Crossing


class Crossed(NamedTuple):
    """``other`` are the pages that show another version than was called; for each page a truth value."""

    versions: tuple[Crossing, ...]
    other: Flags


def crossings(pages: Pages, versions: Sequence[Version], late: Flags) -> Crossed:
    """Every version that was called or shown; ``late`` are the pages whose missing calls may only be late."""
    hop = pages.hops[Place.CALLS]
    order = np.lexsort((hop.start, hop.page))
    page, version, failed = hop.page[order], hop.version[order], hop.failed[order]
    last = np.append(page[1:] != page[:-1], True)[: len(page)]
    shown = pages.shown[page]
    outcomes = (
        (Cause.APP_RETRY, ~last),
        (Cause.UNREAD, ~pages.has_row[page]),
        (Cause.UNANSWERED, ~pages.answered[page]),
        (Cause.ERROR_PAGE, ~pages.served[page] | pages.in_error[page]),
        (Cause.COLOURLESS, shown == NOBODY),
        (Cause.APP_RETRY, failed),
        (Cause.OTHER_VERSION, shown != version),
    )
    changes = {cause: np.zeros(len(versions), np.int64) for cause in Cause}
    open_calls = np.ones(len(page), bool)
    other = np.zeros(len(pages), bool)
    for cause, of_call in outcomes:
        here = open_calls & of_call
        changes[cause] -= _count(version[here], versions)
        open_calls &= ~of_call
        if cause is Cause.OTHER_VERSION:
            other[page[here]] = True
    told = np.zeros(len(pages), bool)
    told[page[open_calls]] = True
    showing = pages.judged & pages.has_row & (pages.shown != NOBODY)
    unexplained = showing & ~told
    for cause, wanted in (
        (Cause.OTHER_VERSION, other),
        (Cause.LATE_LINE, ~other & late),
        (Cause.LOST_LINE, ~other & ~late),
    ):
        changes[cause] += _count(pages.shown[unexplained & wanted], versions)
    calls, bad = _count(version, versions), _count(version[failed], versions)
    seen = _count(pages.shown[showing], versions)
    return Crossed(
        tuple(
            Crossing(name, int(calls[at]), int(bad[at]), _of(changes, at), int(seen[at]))
            for at, name in enumerate(versions)
            if calls[at] or seen[at]
        ),
        other,
    )


def _count(numbers: Ints, versions: Sequence[Version]) -> Ints:
    return np.bincount(numbers, minlength=len(versions)).astype(np.int64)


def _of(changes: dict[Cause, Ints], version: int) -> dict[Cause, int]:
    return {cause: int(of[version]) for cause, of in changes.items() if of[version]}
