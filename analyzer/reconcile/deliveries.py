"""What was sent beside what arrived, page by page and version by version: why there is more, or less.

A proxy writes one line for a request it sends, however often it tries; whoever receives it writes one line
for each try, and one for each copy that a mirror makes. So what is left over when like is laid beside like
tells the cause: a failed try more is the proxy's own retry, a sound line more is a copy or a call whose own
line is lost, and a line fewer was never delivered or is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..access_log.tagged import Ints
from ..records import Version
from .causes import Cause
from .lines import Flags, Hop
from .rules import Rules

_NEVER = np.iinfo(np.int64).max
TICK = 2
"""Milliseconds by which two proxies' logs may disagree about one moment."""


@dataclass(frozen=True, slots=True)
class Owed:
    """What is known of each page besides these lines; one number a page.

    ``sound`` and ``failed`` are calls that must have been made although no line of them is there; ``shown``
    is the version that the page shows, NOBODY where none. ``room`` is how many more calls can have been.
    """

    sound: Ints
    failed: Ints
    shown: Ints
    room: Ints


@dataclass(frozen=True, slots=True)
class Delivered:
    """By how much more arrived than was sent, by cause and page; ``missing`` are some of these.

    ``found`` are arrivals of calls that have no line of their own; ``more`` of them were not owed. Of each
    version ``found_of`` are those, and ``missing_of`` the lines that are missing where they arrived.
    """

    changes: Mapping[Cause, Ints]
    missing: Mapping[Cause, Ints]
    found: Ints
    more: Ints
    found_of: Ints
    missing_of: Ints


def deliveries(
    pages: int,
    sent: Hop,
    arrived: Hop,
    owed: Owed,
    rules: Rules,
    versions: Sequence[Version],
    ends: Sequence[int | None],
) -> Delivered:
    """``page`` of both hops is a number below ``pages``; ``ends`` is as in ``Lines``."""
    pairs = _Pairs(pages, len(versions), sent, arrived)
    spare, missing, changes = _matched(pairs, sent, arrived, ends)
    found, more = _without_line(pairs, spare, owed, rules, versions, pairs.early(sent, arrived))
    mirrored = pairs.count(arrived, arrived.shadow)
    mirrored += _copies(pairs, spare, rules, versions, pairs.of_page(pairs.sent + found), mirrored)
    again = np.minimum(spare.failed, rules.attempts * (pairs.sent + found))
    spare.failed -= again
    last = _take(pairs, owed.room - more, spare.failed)
    spare.failed -= last
    mirrored += _copies(pairs, spare, rules, versions, pairs.of_page(pairs.sent + found + last), mirrored)
    changes |= {
        Cause.PROXY_RETRY: pairs.of_page(again),
        Cause.MIRRORED: pairs.of_page(mirrored),
        Cause.RESIDUE: pairs.of_page(spare.failed + spare.sound),
    }
    return Delivered(
        changes,
        {cause: changes[cause] for cause in (Cause.LOST_LINE, Cause.LATE_LINE, Cause.NO_LOG)},
        pairs.of_page(found + last),
        more + pairs.of_page(last),
        pairs.of_version(found + last),
        pairs.of_version(missing),
    )


@dataclass(slots=True)
class _Spare:
    """What arrived of each pair beyond what was sent, as far as it is not yet explained."""

    sound: Ints
    failed: Ints


def _without_line(
    pairs: _Pairs, spare: _Spare, owed: Owed, rules: Rules, versions: Sequence[Version], early: Ints
) -> tuple[Ints, Ints]:
    """Arrivals of calls without a line, by pair; and by page how many of them nobody owed.

    What failed was such a call if it came before every call that has a line, or to a version that none of
    them and no mirror reaches; where a mirror reaches, it is rather a copy.
    """
    unreached = _each(pairs, versions, rules.copies) == 0
    shown = owed.shown[pairs.page] == pairs.version
    unsent = unreached & (pairs.sent == 0)
    sound = _take_in_turn(pairs, owed.sound, spare.sound, (shown, unsent, unreached))
    failed = _take_in_turn(pairs, owed.failed, spare.failed, (unsent, unreached))
    spare.sound -= sound
    spare.failed -= failed
    stranger = unreached & (pairs.sent + sound + failed == 0)
    wanted = np.where(stranger, spare.failed, np.minimum(early, spare.failed))
    more = _take_in_turn(pairs, owed.room, wanted, (unreached,))
    spare.failed -= more
    return sound + failed + more, pairs.of_page(more)


def _copies(
    pairs: _Pairs, spare: _Spare, rules: Rules, versions: Sequence[Version], calls: Ints, known: Ints
) -> Ints:
    """Copies that a mirror made, by pair: at most those of the page's calls, sound ones first.

    A failed one may be a try of the proxy's own as well, unless nothing else can have been sent there.
    """
    left = np.maximum(calls[pairs.page] * _each(pairs, versions, rules.copies) - known, 0)
    sound: Ints = np.minimum(left, spare.sound)
    always = _each(pairs, versions, lambda version: version in rules.always) == 1
    certain = (pairs.sent == 0) | always | (rules.attempts == 0)
    failed: Ints = np.where(certain, np.minimum(left - sound, spare.failed), 0)
    spare.sound -= sound
    spare.failed -= failed
    return sound + failed


def _each(pairs: _Pairs, versions: Sequence[Version], told: Callable[[Version], int]) -> Ints:
    each: Ints = np.array([told(version) for version in versions], np.int64)
    return each[pairs.version]


def _matched(
    pairs: _Pairs, sent: Hop, arrived: Hop, ends: Sequence[int | None]
) -> tuple[_Spare, Ints, dict[Cause, Ints]]:
    """What arrived and was not sent, once like is laid beside like; and what was sent and is missing.

    The lines that are missing by pair, then everything by page.
    """
    sound = pairs.count(arrived, ~arrived.shadow & ~arrived.failed)
    failed = pairs.count(arrived, ~arrived.shadow & arrived.failed)
    unsent = pairs.count(sent, sent.unsent)
    without_failed = np.maximum(pairs.sent_failed - unsent - failed, 0)
    local = np.minimum(without_failed, pairs.count(sent, sent.local & ~sent.unsent))
    spare = _Spare(
        np.maximum(sound - pairs.sent_sound, 0), np.maximum(failed + unsent - pairs.sent_failed, 0)
    )
    answered = np.minimum(local, spare.sound)  # given up in the moment in which it was answered
    spare.sound -= answered
    missing = np.maximum(pairs.sent_sound - sound, 0) + without_failed - local
    end = np.array([-1 if one is None else one for one in (*ends, None)], np.int64)[sent.pod]
    delivered = ~sent.local & ~sent.unsent
    mute = np.minimum(missing, pairs.count(sent, delivered & (end < 0)))
    late = np.minimum(missing - mute, pairs.count(sent, delivered & (end >= 0) & (sent.end > end)))
    changes = {
        Cause.UNDELIVERED: unsent + local - answered,
        Cause.NO_LOG: mute,
        Cause.LATE_LINE: late,
        Cause.LOST_LINE: missing - mute - late,
    }
    return spare, missing - mute, {cause: -pairs.of_page(count) for cause, count in changes.items()}


class _Pairs:
    """Every pair of a page and a version that occurs on either side, in the order of pages."""

    def __init__(self, pages: int, versions: int, sent: Hop, arrived: Hop) -> None:
        self._pages, self._versions = pages, max(versions, 1)
        self._all: Ints = np.unique(np.concatenate([self._key(sent), self._key(arrived)]))
        self.page: Ints = self._all // self._versions
        self.version: Ints = self._all % self._versions
        self.sent_sound = self.count(sent, ~sent.failed)
        self.sent_failed = self.count(sent, sent.failed)
        self.sent = self.sent_sound + self.sent_failed

    def _key(self, hop: Hop) -> Ints:
        return hop.page * self._versions + hop.version

    def count(self, hop: Hop, wanted: Flags) -> Ints:
        """How many of the wanted lines each pair has."""
        places = np.searchsorted(self._all, self._key(hop)[wanted])
        return np.bincount(places, minlength=len(self._all)).astype(np.int64)

    def of_page(self, numbers: Ints) -> Ints:
        """The sum over the versions of each page."""
        found = np.zeros(self._pages, np.int64)
        np.add.at(found, self.page, numbers)
        return found

    def of_version(self, numbers: Ints) -> Ints:
        """The sum over the pages of each version."""
        found = np.zeros(self._versions, np.int64)
        np.add.at(found, self.version, numbers)
        return found

    def early(self, sent: Hop, arrived: Hop) -> Ints:
        """Failed lines that arrived before the first call of their page was sent, as far as lines tell."""
        first = np.full(self._pages, _NEVER)
        np.minimum.at(first, sent.page, sent.start)
        first[first == _NEVER] = 0
        return self.count(arrived, arrived.failed & (arrived.start + TICK < first[arrived.page]))


def _take_in_turn(pairs: _Pairs, of_page: Ints, wanted: Ints, first: Sequence[Flags]) -> Ints:
    """The same, where some pairs go before others."""
    taken = np.zeros_like(wanted)
    for these in (*first, np.ones(len(wanted), bool)):
        taken += _take(pairs, of_page - pairs.of_page(taken), np.where(these, wanted - taken, 0))
    return taken


def _take(pairs: _Pairs, of_page: Ints, wanted: Ints) -> Ints:
    """Of the wanted ones of each pair as many as its page allows, in the order of the pairs."""
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(wanted)])
    earlier = before[:-1] - before[np.searchsorted(pairs.page, pairs.page)]
    taken: Ints = np.clip(of_page[pairs.page] - earlier, 0, wanted)
    return taken
