"""The requests of a run as columns: what the reader saw of each, and its lines at every place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..access_log.tagged import NOBODY, Ints
from ..records import Trouble, Version
from ..run.calls import is_served
from .lines import WORKERS, Flags, Hop, Lines, Place

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Pages:
    """Equally long columns, one row a request, by their numbers; ``hops`` are of judged requests only.

    ``has_row`` is whether the reader kept one; then ``answered`` whether a whole answer came, ``any_answer``
    whether a status came at all, ``served`` whether it was a productpage, ``in_error`` whether that showed an
    error in place of reviews, and ``shown`` is the number of the version on it, or NOBODY. ``due`` is when
    the row was complete, in Unix milliseconds.
    """

    number: Ints
    judged: Flags
    has_row: Flags
    answered: Flags
    any_answer: Flags
    served: Flags
    in_error: Flags
    shown: Ints
    due: Ints
    hops: Mapping[Place, Hop]

    def __len__(self) -> int:
        return len(self.number)

    def lines(self, place: Place, wanted: Flags | None = None) -> Ints:
        """How many lines each request has there, or how many of the wanted ones."""
        page = self.hops[place].page if wanted is None else self.hops[place].page[wanted]
        return np.bincount(page, minlength=len(self)).astype(np.int64)

    def name(self, which: int) -> str:
        """``worker.seq``, as in its tag."""
        number = int(self.number[which])
        return f"{number % WORKERS}.{number // WORKERS}"


def pages(rows: pd.DataFrame, lines: Lines, live: float | None) -> Pages:
    """``rows`` as ``requests.read`` gives them; what began before ``live`` (Unix seconds) is not judged."""
    numbers = rows["seq"].to_numpy(np.int64) * WORKERS + rows["worker"].to_numpy(np.int64)
    of_lines = [hop.page[hop.page != NOBODY] for hop in lines.hops.values()]
    number = np.unique(np.concatenate([numbers, *of_lines]))
    at = np.searchsorted(number, numbers)
    has_row = np.zeros(len(number), bool)
    has_row[at] = True
    began = np.full(len(number), _NEVER)
    found: dict[Place, Hop] = {}
    for place, hop in lines.hops.items():
        ours = hop.only(hop.page != NOBODY)
        places = np.searchsorted(number, ours.page)
        np.minimum.at(began, places, ours.start)
        found[place] = Hop(places, *(getattr(ours, name) for name in Hop.__slots__[1:]))
    start = began / 1000.0
    start[at] = rows["start"].to_numpy(float)
    judged = start >= (-np.inf if live is None else live)

    def column(values: pd.Series[int], unset: int = 0) -> Ints:
        whole = np.full(len(number), unset, np.int64)
        whole[at] = values.to_numpy(np.int64)
        return whole

    def flags(values: pd.Series[bool]) -> Flags:
        return np.equal(column(values.astype("int64")), 1)

    served = is_served(rows)
    place_of = {version: place for place, version in enumerate(lines.versions)}
    versions = rows["version"].astype(object).map(place_of).fillna(NOBODY)
    return Pages(
        number=number,
        judged=judged,
        has_row=has_row,
        answered=flags(rows["error"].isna()),
        any_answer=flags(rows["status"] > 0),
        served=flags(served),
        in_error=flags(served & (rows["trouble"].astype(object) == Trouble.REVIEWS.value)),
        shown=column(versions.astype("int64"), NOBODY),
        due=column((1000 * rows["start"] + rows["latency_ms"]).astype("int64")),
        hops={place: hop.only(judged[hop.page]) for place, hop in found.items()},
    )


def versions_shown(rows: pd.DataFrame) -> set[Version]:
    """What pages show, so that every version has a number."""
    return set(rows["version"].dropna().astype(str).unique())
