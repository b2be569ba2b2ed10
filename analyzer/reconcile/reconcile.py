"""One request, three witnesses: what the reader saw, what the proxies logged, what telemetry counted.

Every request of a run is followed from its reader to the pods that answered. Where one witness has more
records than the one before it, or fewer, each difference is put into one class; what is left over is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from ..access_log.tagged import NOBODY, Ints
from ..run.calls import CALLER, SERVICE
from ..run.folder import Run, RunFolder
from . import lines as log_lines
from .causes import PRECEDENCE, Cause
from .counted import counts
from .crossings import Crossed, crossings
from .lines import Flags, Lines, Place
from .pages import Pages, pages, versions_shown
from .record import EXAMPLES, Class, Crossing, Difference, Reconciliation, Step, Witness
from .rules import rules
from .telemetry import Telemetry
from .way import Way, way

NAMES = {
    Place.READER: "pages the reader asked for",
    Place.GATEWAY: "requests in the gateway's log",
    Place.PRODUCTPAGE: "requests in productpage's inbound log",
    Place.CALLS: "reviews calls in productpage's outbound log",
    Place.REVIEWS: "requests in reviews' inbound logs",
}
"""What each witness has records of."""
SHOWING = "pages that show a version"


def reconcile(folder: RunFolder, run: Run, rows: pd.DataFrame) -> Reconciliation | None:
    """``rows`` are the run's, as ``requests.read`` gives them; None where no proxy's log is at hand."""
    if not run.mesh:
        return None
    lines = log_lines.read(folder, run, versions_shown(rows))
    return of_lines(run, rows, lines, Telemetry.read(folder)) if lines.at_hand else None


def of_lines(run: Run, rows: pd.DataFrame, lines: Lines, telemetry: Telemetry | None) -> Reconciliation:
    """The same of lines that were read already."""
    found = pages(rows, lines, run.live)
    went = way(found, lines, rules(run, CALLER), rules(run, SERVICE))
    crossed = crossings(found, lines.versions, went.late)
    places = [place for place in Place if place is Place.READER or place in lines.at_hand]
    changes = _between(places, went)
    steps = [_step(found, lines, *ends, changes[ends[1]]) for ends in pairwise(places)]
    if Place.CALLS in lines.at_hand:
        steps.append(_to_pages(found, crossed.versions))
    return Reconciliation(
        witnesses=tuple(_witness(place, rows, found, lines) for place in places),
        steps=tuple(steps),
        classes=tuple(_classes(found, went, crossed, changes, lines.foreign_requests)),
        versions=crossed.versions if Place.CALLS in lines.at_hand else (),
        telemetry=tuple(counts(telemetry, lines, went.missing)) if telemetry else (),
        telemetry_source="; ".join((telemetry.source, *telemetry.missing)) if telemetry else None,
    )


def _between(places: Sequence[Place], went: Way) -> dict[Place, dict[Cause, Ints]]:
    """What leads to each place from the one before it that is at hand: what lies between is summed up."""
    found: dict[Place, dict[Cause, Ints]] = {}
    pending: dict[Cause, Ints] = {}
    for place, changes in went.changes.items():
        for cause, of_pages in changes.items():
            pending[cause] = pending[cause] + of_pages if cause in pending else of_pages
        if place in places:
            found[place], pending = pending, {}
    return found


def _witness(place: Place, rows: pd.DataFrame, found: Pages, lines: Lines) -> Witness:
    if place is Place.READER:
        early = len(rows) - int((found.judged & found.has_row).sum())
        return Witness(NAMES[place], len(rows), early, 0)
    records = len(lines.hops[place])
    foreign = int((lines.hops[place].page == NOBODY).sum())
    return Witness(NAMES[place], records, records - foreign - len(found.hops[place]), foreign)


def _step(found: Pages, lines: Lines, source: Place, target: Place, changes: Mapping[Cause, Ints]) -> Step:
    return Step(
        NAMES[source],
        NAMES[target],
        _count(found, source),
        _count(found, target),
        tuple(_differences(found, changes)),
    )


def _count(found: Pages, place: Place) -> int:
    return int((found.judged & found.has_row).sum()) if place is Place.READER else len(found.hops[place])


def _differences(found: Pages, changes: Mapping[Cause, Ints]) -> Iterator[Difference]:
    """In the order of the classes; more and fewer apart, so that nothing cancels out."""
    for cause in Cause:
        of_pages = changes.get(cause)
        for side in () if of_pages is None else (np.minimum(of_pages, 0), np.maximum(of_pages, 0)):
            if side.any():
                (which,) = np.nonzero(side)
                yield Difference(cause, int(side.sum()), len(which), _examples(found, which))


def _to_pages(found: Pages, versions: Sequence[Crossing]) -> Step:
    """The sum over the versions; where one lost what another gained, both are told."""
    differences = []
    for cause in Cause:
        for sign in (-1, 1):
            total = sum(change for one in versions if (change := one.changes.get(cause, 0)) * sign > 0)
            if total:
                differences.append(Difference(cause, total, abs(total)))
    shown = sum(one.pages for one in versions)
    return Step(NAMES[Place.CALLS], SHOWING, len(found.hops[Place.CALLS]), shown, tuple(differences))


def _classes(
    found: Pages, went: Way, crossed: Crossed, changes: Mapping[Place, Mapping[Cause, Ints]], foreign: int
) -> Iterator[Class]:
    """Each request in the first class that it belongs to."""
    left = np.ones(len(found), bool)
    for cause in PRECEDENCE:
        here = left & _belongs(cause, found, went, crossed, changes)
        left &= ~here
        (which,) = np.nonzero(here)
        if len(which):
            yield Class(cause, len(which), () if cause is Cause.ONE_TO_ONE else _examples(found, which))
    if foreign:
        yield Class(Cause.FOREIGN, foreign)


def _belongs(
    cause: Cause, found: Pages, went: Way, crossed: Crossed, changes: Mapping[Place, Mapping[Cause, Ints]]
) -> Flags:
    seen: dict[Cause, Flags] = {
        Cause.ONE_TO_ONE: np.ones(len(found), bool),
        Cause.BEFORE_GATE: ~found.judged,
        Cause.UNREAD: ~found.has_row,
        Cause.NOT_ARRIVED: ~went.arrived,
        Cause.UNANSWERED: ~found.answered,
        Cause.ERROR_PAGE: ~found.served | found.in_error,
        Cause.COLOURLESS: found.shown == NOBODY,
        Cause.OTHER_VERSION: crossed.other,
    }
    if cause in seen:
        return seen[cause]
    noted = np.zeros(len(found), bool)
    for of_place in changes.values():
        if cause in of_place:
            noted |= of_place[cause] != 0
    return noted


def _examples(found: Pages, which: Ints) -> tuple[str, ...]:
    return tuple(found.name(int(one)) for one in which[:EXAMPLES])
