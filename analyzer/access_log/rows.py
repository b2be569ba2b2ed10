"""The columns of a block of access lines: one row a line, its group as a number."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .keys import Key

Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Equally long columns, in the order of the lines.

    Seconds are Unix time; -1 stands for a number that the line leaves open. ``request`` is the fingerprint of
    the x-request-id, empty where no join was asked for.
    """

    group: Column
    second: Column
    duration: Column
    received: Column
    sent: Column
    request: Column

    def __len__(self) -> int:
        return len(self.group)


def _column() -> array[int]:
    return array("q")


@dataclass(slots=True)
class RowWriter:
    """Rows that are written one by one."""

    group: array[int] = field(default_factory=_column)
    second: array[int] = field(default_factory=_column)
    duration: array[int] = field(default_factory=_column)
    received: array[int] = field(default_factory=_column)
    sent: array[int] = field(default_factory=_column)
    request: array[int] = field(default_factory=_column)

    def rows(self) -> Rows:
        """What was written; the writer must not be used any more."""
        columns = self.group, self.second, self.duration, self.received, self.sent, self.request
        return Rows(*(np.frombuffer(column, dtype=np.int64) for column in columns))


class Groups:
    """Numbers the keys in the order in which they are first seen."""

    def __init__(self) -> None:
        self._numbers: dict[Key, int] = {}

    def number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers))

    def __iter__(self) -> Iterator[Key]:
        """In the order of their numbers."""
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)
