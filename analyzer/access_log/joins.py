"""The lines of one request in the logs of several proxies, found by x-request-id; retries of both kinds.

The application's retry is a new request with the same id and is drawn again by the weights; it shows as a
second line in the caller's log after one that failed. The mesh's own retry stays in the chosen cluster and
the caller's proxy writes one line for all attempts, so it shows as more lines at the destination.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .fingerprint import NO_ID
from .hops import Hop, Reporter
from .rows import Rows
from .tally import Ints

Groups = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Retries:
    """Of the calls from one to another.

    ``repeated`` calls carry an id that was seen before on that way, ``after_failure`` of them follow one that
    failed. ``by_mesh`` are attempts that the destination saw beyond the calls, a mirror's copies among them;
    None where its log is not at hand.
    """

    caller: str
    destination: str
    calls: int
    repeated: int
    after_failure: int
    by_mesh: int | None


@dataclass(frozen=True, slots=True)
class Joined:
    """``requests`` different ids in ``lines`` lines; ``lines_per_request`` counts ids by their lines."""

    requests: int
    lines: int
    lines_per_request: dict[int, int]
    retries: list[Retries]


class Joins:
    """Keeps 12 bytes a line: its group and the fingerprint of its x-request-id."""

    def __init__(self) -> None:
        self._ids: list[Ints] = []
        self._groups: list[Groups] = []

    def add(self, rows: Rows) -> None:
        kept = rows.request != NO_ID
        self._ids.append(rows.request[kept])
        self._groups.append(rows.group[kept].astype(np.int32))

    def merge(self, other: Joins, numbers: Ints) -> None:
        """Add another's lines, whose group g is our group ``numbers[g]``."""
        self._ids.extend(other._ids)
        self._groups.extend(numbers[groups].astype(np.int32) for groups in other._groups)

    def joined(self, hops: Sequence[Hop]) -> Joined:
        """Join all lines; ``hops[g]`` is what group g tells of."""
        ids = np.concatenate(self._ids) if self._ids else np.empty(0, np.int64)
        groups = np.concatenate(self._groups) if self._groups else np.empty(0, np.int32)
        order = np.argsort(ids, kind="stable")
        ids, groups = ids[order], groups[order]
        starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]]) if len(ids) else np.empty(0, np.int64)
        sizes, counts = np.unique(np.diff(np.r_[starts, len(ids)]), return_counts=True)
        return Joined(
            requests=len(starts),
            lines=len(ids),
            lines_per_request=dict(zip(sizes.tolist(), counts.tolist(), strict=True)),
            retries=_retries(ids, groups, hops),
        )


def _retries(ids: Ints, groups: Groups, hops: Sequence[Hop]) -> list[Retries]:
    ways = sorted({(h.caller, h.destination) for h in hops if h.reporter is Reporter.SOURCE and not h.tcp})
    failed = np.array([h.response_class in ("5xx", "none") for h in hops], dtype=bool)
    found = []
    for caller, destination in ways:
        here = np.array([_is_call(h, caller, destination) for h in hops], dtype=bool)[groups]
        called, by = ids[here], groups[here]
        again = called[1:] == called[:-1]
        found.append(
            Retries(
                caller=caller,
                destination=destination,
                calls=len(called),
                repeated=int(again.sum()),
                after_failure=int((again & failed[by[:-1]]).sum()),
                by_mesh=_by_mesh(ids, groups, hops, destination),
            )
        )
    return found


def _by_mesh(ids: Ints, groups: Groups, hops: Sequence[Hop], destination: str) -> int | None:
    """Attempts beyond calls, over the ids that both sides have logged."""
    sent = np.array(
        [h.reporter is Reporter.SOURCE and h.destination == destination for h in hops], dtype=bool
    )
    arrived = np.array(
        [h.reporter is Reporter.DESTINATION and h.destination == destination for h in hops], dtype=bool
    )
    calls, call_counts = np.unique(ids[sent[groups]], return_counts=True)
    attempts, attempt_counts = np.unique(ids[arrived[groups]], return_counts=True)
    if not len(attempts):
        return None
    _, at_source, at_destination = np.intersect1d(calls, attempts, assume_unique=True, return_indices=True)
    return int(np.maximum(attempt_counts[at_destination] - call_counts[at_source], 0).sum())


def _is_call(hop: Hop, caller: str, destination: str) -> bool:
    return (hop.reporter, hop.caller, hop.destination, hop.tcp) == (
        Reporter.SOURCE,
        caller,
        destination,
        False,
    )
