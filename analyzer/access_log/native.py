"""The quick way in C, where it was built: a block's plain lines as a table, the others as doubts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .rows import Column, Rows

PURE = "WEIGHBRIDGE_PURE"
"""Set to anything, this variable keeps the C extension out: everything is then read by Python."""

EDITION = 4
"""Of the extension that belongs to this source: one that was built from another is not used."""

Shape = tuple[bytes, int, int]
"""What decides a line's group, and where its first line begins in the block, and that line's size."""
Scan = Callable[[bytes | memoryview, bool], tuple[bytes, bytes, list[Shape]]]


def _load() -> Scan | None:
    if os.environ.get(PURE):
        return None
    try:
        from ._scan import EDITION as BUILT
        from ._scan import scan
    except ImportError:
        return None
    return scan if BUILT == EDITION else None


SCAN = _load()
"""None without the extension that belongs to this source."""


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
        plain, group = self.columns, groups[self.columns[SHAPE]]
        if len(groups) and groups.min() < 0:
            plain, group = plain[:, group >= 0], group[group >= 0]
        columns = [group, *plain[SECOND:REQUEST], plain[REQUEST] if join else group[:0]]
        if begins:
            added = more.group, more.second, more.duration, more.received, more.sent, more.request
            there = np.zeros(len(group) + len(begins), dtype=bool)
            there[np.searchsorted(plain[AT], begins) + np.arange(len(begins))] = True
            columns = [_woven(*pair, there) for pair in zip(columns, added, strict=True)]
        return Rows(*columns)


def _woven(column: Column, more: Column, there: NDArray[np.bool_]) -> Column:
    """Both in one, ``more`` where it is to stand; a column that nobody asked for stays empty."""
    if not len(more):
        return column
    both = np.empty(len(there), dtype=np.int64)
    both[there], both[~there] = more, column
    return both


def table(scan: Scan, block: bytes | memoryview, *, join: bool) -> Table:
    """Scan a block of whole lines; may run in any thread."""
    columns, doubts, shapes = scan(block, join)
    return Table(
        np.frombuffer(columns, dtype=np.int64).reshape(7, -1),
        np.frombuffer(doubts, dtype=np.int64).reshape(-1, 3),
        shapes,
    )
