"""What a quick way through a block gives, in C or in Python: its plain lines as a table, and the doubts."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .rows import Column, Rows

Shape = tuple[bytes, int, int]
"""What decides a line's group, and where its first line begins in the block, and that line's size."""
Scan = Callable[[bytes | memoryview, bool], tuple[bytes, bytes, list[Shape]]]
"""Gives columns and doubts of a ``Table``, as the bytes of its numbers, and shapes of a block of whole lines.

The second argument is whether request ids are asked for.
"""

AT, SHAPE, SECOND, DURATION, RECEIVED, SENT, REQUEST = range(7)


class Table(NamedTuple):
    """``columns`` are those above; ``doubts`` number, beginning and size of each other line."""

    columns: NDArray[np.int64]
    doubts: NDArray[np.int64]
    shapes: list[Shape]

    def rows(self, groups: Column, more: Rows, begins: list[int], *, join: bool) -> Rows:
        """The rows and ``more``, of lines that begin there, in the order of the lines.

        Shape s is of group ``groups[s]``; where that is negative its rows are left out.
        """
        group = groups[self.columns[SHAPE]]
        last = REQUEST if join else SENT
        columns, at = np.vstack([group, self.columns[SECOND : last + 1]]), self.columns[AT]
        if len(group) and group.min() < 0:
            columns, at = columns[:, group >= 0], at[group >= 0]
        if begins:
            added = more.group, more.second, more.duration, more.received, more.sent, more.request
            columns = _put_in(columns, np.vstack(added[: len(columns)]), np.searchsorted(at, begins))
        return Rows(*(columns if join else [*columns, group[:0]]))


def _put_in(columns: NDArray[np.int64], more: NDArray[np.int64], places: Column) -> NDArray[np.int64]:
    """Both, each row of ``more`` before the row that stands in its place.

    These are few: pieces between them are copied faster than the rows one by one.
    """
    pieces: list[NDArray[np.int64]] = []
    begin = 0
    for number, place in enumerate(places.tolist()):
        pieces += columns[:, begin:place], more[:, number : number + 1]
        begin = place
    return np.concatenate([*pieces, columns[:, begin:]], axis=1)


def table(scan: Scan, block: bytes | memoryview, *, join: bool) -> Table:
    """Scan a block of whole lines; with the scan in C, may run in any thread."""
    columns, doubts, shapes = scan(block, join)
    return Table(
        np.frombuffer(columns, dtype=np.int64).reshape(7, -1),
        np.frombuffer(doubts, dtype=np.int64).reshape(-1, 3),
        shapes,
    )
