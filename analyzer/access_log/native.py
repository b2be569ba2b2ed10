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
        group = groups[self.columns[SHAPE]]
        columns = [group, *self.columns[SECOND:REQUEST], self.columns[REQUEST] if join else group[:0]]
        if not begins and (not len(groups) or groups.min() >= 0):
            return Rows(*columns)
        kept = np.flatnonzero(group >= 0)
        added = np.arange(len(group), len(group) + len(begins))
        order = np.insert(kept, np.searchsorted(self.columns[AT][kept], begins), added)
        more_columns = more.group, more.second, more.duration, more.received, more.sent, more.request
        return Rows(*(_taken(*pair, order) for pair in zip(columns, more_columns, strict=True)))


def _taken(column: Column, more: Column, order: Column) -> Column:
    """Of both, one behind the other, what stands at these places; a column nobody asked for stays empty."""
    both = np.concatenate([column, more])
    return both[order] if len(both) else both


def table(scan: Scan, block: bytes | memoryview, *, join: bool) -> Table:
    """Scan a block of whole lines; may run in any thread."""
    columns, doubts, shapes = scan(block, join)
    return Table(
        np.frombuffer(columns, dtype=np.int64).reshape(7, -1),
        np.frombuffer(doubts, dtype=np.int64).reshape(-1, 3),
        shapes,
    )
