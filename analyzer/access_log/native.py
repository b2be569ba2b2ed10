"""The quick way in C, where it was built: a block's plain lines as a table, the others as doubts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .rows import Column

PURE = "WEIGHBRIDGE_PURE"
"""Set to anything, this variable keeps the C extension out: everything is then read by Python."""

Shape = tuple[bytes, int, int]
"""What decides a line's group, and where its first line begins in the block, and that line's size."""
Scan = Callable[[bytes | memoryview, bool], tuple[bytes, bytes, list[Shape]]]


def _load() -> Scan | None:
    if os.environ.get(PURE):
        return None
    try:
        from ._scan import scan
    except ImportError:
        return None
    return scan


SCAN = _load()
"""None without the extension."""


class Table(NamedTuple):
    """``rows`` has the columns below; ``doubts`` number, beginning and size of every other line."""

    rows: NDArray[np.int64]
    doubts: NDArray[np.int64]
    shapes: list[Shape]

    def column(self, index: int) -> Column:
        return self.rows[:, index]


AT, SHAPE, SECOND, DURATION, RECEIVED, SENT, REQUEST = range(7)


def table(scan: Scan, block: bytes | memoryview, *, join: bool) -> Table:
    """Scan a block of whole lines; may run in any thread."""
    rows, doubts, shapes = scan(block, join)
    return Table(
        np.frombuffer(rows, dtype=np.int64).reshape(-1, 7),
        np.frombuffer(doubts, dtype=np.int64).reshape(-1, 3),
        shapes,
    )
