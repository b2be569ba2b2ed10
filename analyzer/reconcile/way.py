"""Each request's way from the reader to reviews: by how much the lines of two places differ, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..access_log.tagged import NOBODY, Ints
from ..records import UNKNOWN, Version
from .causes import Cause
from .deliveries import Delivered, Owed, deliveries
from .lines import Flags, Hop, Lines, Place
from .pages import Pages
from .rules import Rules

TRIES = 2
"""How often Bookinfo's productpage asks for reviews (``getProductReviews`` in productpage.py)."""
Changes = Mapping[Cause, Ints]
"""By how many lines each request has more, or fewer, than at the place before."""
_MISSING = (Cause.LOST_LINE, Cause.LATE_LINE, Cause.NO_LOG)


@dataclass(frozen=True, slots=True)
class Way:
    """``changes`` leads to each place from the one before it.

    ``arrived`` are the requests of which any proxy tells; ``late`` those whose calls, where one is missing,
    were due after the last line of their log. ``missing`` counts by version the lines that are not there
    although others tell of them.
    """

    arrived: Flags
    late: Flags
    changes: Mapping[Place, Changes]
    missing: Mapping[Place, Mapping[Version, int]]


def way(pages: Pages, lines: Lines, to_productpage: Rules, to_reviews: Rules) -> Way:
    known = _Known(pages)
    late = {
        place: pages.has_row & (pages.due > _end(lines, pages.hops[place]))
        for place in (Place.GATEWAY, Place.CALLS)
    }
    inbound = _inbound(pages, lines, known, to_productpage)
    received = np.where(pages.judged, np.maximum(known.productpage + _missing(inbound), known.behind), 0)
    owed = _owed(pages, known, received)
    sent, arrived = pages.hops[Place.CALLS], pages.hops[Place.REVIEWS]
    answered = deliveries(len(pages), sent, arrived, owed, to_reviews, lines.versions, lines.ends)
    failed = owed.failed + answered.more
    unheard = owed.sound + failed
    return Way(
        arrived=known.passed | (known.gateway > 0),
        late=late[Place.CALLS],
        changes={
            Place.GATEWAY: _to_gateway(pages, known, late[Place.GATEWAY]),
            Place.PRODUCTPAGE: _sum(inbound.changes, _by_lateness(inbound.found, late[Place.GATEWAY])),
            Place.CALLS: _to_calls(pages, known, inbound, received, unheard, failed, late[Place.CALLS]),
            Place.REVIEWS: _sum(answered.changes, _by_lateness(answered.found, late[Place.CALLS])),
        },
        missing={
            Place.CALLS: _of_versions(lines, answered.found_of, pages.shown[unheard > answered.found]),
            Place.REVIEWS: _of_versions(lines, answered.missing_of),
        },
    )


class _Known:
    """How many lines each request has, and what they and its row tell of the places before them."""

    def __init__(self, pages: Pages) -> None:
        self.gateway, self.productpage = pages.lines(Place.GATEWAY), pages.lines(Place.PRODUCTPAGE)
        self.calls = pages.lines(Place.CALLS)
        self.behind: Flags = pages.judged & ((self.calls + pages.lines(Place.REVIEWS) > 0) | pages.served)
        self.passed: Flags = pages.judged & (self.behind | (self.productpage > 0) | pages.any_answer)


def _to_gateway(pages: Pages, known: _Known, late: Flags) -> Changes:
    """From one row a request, or none."""
    row, some = pages.judged & pages.has_row, known.passed | (known.gateway > 0)
    unlogged = (known.passed & (known.gateway == 0)).astype(np.int64)
    return _sum(
        {
            Cause.NOT_ARRIVED: -(row & ~some).astype(np.int64),
            Cause.UNREAD: (some & ~row).astype(np.int64),
            Cause.RESIDUE: np.maximum(known.gateway - 1, 0),
        },
        _by_lateness(-unlogged, late),
    )


def _inbound(pages: Pages, lines: Lines, known: _Known, rules: Rules) -> Delivered:
    """From the gateway to productpage, where versions are not told apart."""
    sent, arrived = (_one_version(pages.hops[place]) for place in (Place.GATEWAY, Place.PRODUCTPAGE))
    went_on = known.behind[sent.page]
    sent = replace(sent, local=sent.local & ~went_on, unsent=sent.unsent & ~went_on)
    unlogged = known.passed & (known.gateway == 0)
    sound = pages.lines(Place.PRODUCTPAGE, ~arrived.failed) > 0
    nothing = np.zeros(len(pages), np.int64)
    owed = Owed(
        sound=(unlogged & sound).astype(np.int64),
        failed=(unlogged & ~sound).astype(np.int64),
        shown=nothing + NOBODY,
        room=nothing,
    )
    return deliveries(len(pages), sent, arrived, owed, rules, [""], lines.ends)


def _owed(pages: Pages, known: _Known, received: Ints) -> Owed:
    """A page with reviews takes one call that succeeded, one with an error in their place all the tries."""
    with_reviews = pages.judged & pages.served & ~pages.in_error
    hop = pages.hops[Place.CALLS]
    sound = (with_reviews & (pages.lines(Place.CALLS, ~hop.failed) == 0)).astype(np.int64)
    failed = np.where(pages.judged & pages.in_error, np.maximum(TRIES - known.calls, 0), 0)
    room = np.maximum(TRIES * received - known.calls - sound - failed, 0)
    return Owed(sound, failed, pages.shown, room)


def _to_calls(
    pages: Pages,
    known: _Known,
    inbound: Delivered,
    received: Ints,
    unheard: Ints,
    unheard_failed: Ints,
    late: Flags,
) -> Changes:
    """From what productpage was asked to what it asked; ``unheard`` are calls without a line."""
    hop = pages.hops[Place.CALLS]
    failed = pages.lines(Place.CALLS, hop.failed) + unheard_failed
    over = known.calls + unheard - received
    again = np.minimum(np.maximum(over, 0), failed)
    unlogged = received - known.productpage
    back = {cause: -inbound.missing[cause] for cause in _MISSING}
    return _sum(
        {
            Cause.APP_RETRY: again,
            Cause.NOT_ASKED: np.minimum(over, 0),
            Cause.RESIDUE: np.maximum(over, 0) - again,
            Cause.LOST_LINE: unlogged - _missing(inbound),
        },
        back,
        _by_lateness(-unheard, late),
    )


def _one_version(hop: Hop) -> Hop:
    return replace(hop, version=np.zeros(len(hop), np.int64))


def _missing(delivered: Delivered) -> Ints:
    """How many lines of each request are not there although they were due."""
    total: Ints = np.sum(list(delivered.missing.values()), axis=0)
    return -total


def _by_lateness(lines: Ints, late: Flags) -> Changes:
    return {Cause.LATE_LINE: np.where(late, lines, 0), Cause.LOST_LINE: np.where(late, 0, lines)}


def _sum(*parts: Changes) -> Changes:
    found: dict[Cause, Ints] = {}
    for part in parts:
        for cause, lines in part.items():
            found[cause] = found[cause] + lines if cause in found else lines
    return found


def _end(lines: Lines, hop: Hop) -> float:
    """When the last request in any log of the pods that wrote these lines ended, in Unix milliseconds."""
    found = [lines.ends[pod] for pod in np.unique(hop.writer).tolist()]
    return max((end for end in found if end is not None), default=np.inf)


def _of_versions(lines: Lines, counts: Ints, shown: Ints | None = None) -> Mapping[Version, int]:
    found: Counter[Version] = Counter(dict(zip(lines.versions, counts.tolist(), strict=True)))
    for version in [] if shown is None else shown.tolist():
        found[UNKNOWN if version == NOBODY else lines.versions[version]] += 1
    return +found
