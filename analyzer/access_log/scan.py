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
    """Scan a block of whole lines; with the scan in C, may run in any thread."""
    columns, doubts, shapes = scan(block, join)
    return Table(
        np.frombuffer(columns, dtype=np.int64).reshape(7, -1),
        np.frombuffer(doubts, dtype=np.int64).reshape(-1, 3),
        shapes,
    )
