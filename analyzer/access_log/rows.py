"""The columns of a block of access lines: one row a line, its group as a number."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

from .keys import Key


def _column() -> array[int]:
    return array("q")


@dataclass(slots=True)
class Rows:
    """Equally long columns. Seconds are Unix time; -1 stands for a number that the line leaves open.

    ``request`` is a 64-bit hash of the x-request-id (0 without one), empty where no join was asked for.
    """

    group: array[int] = field(default_factory=_column)
    second: array[int] = field(default_factory=_column)
    duration: array[int] = field(default_factory=_column)
    received: array[int] = field(default_factory=_column)
    sent: array[int] = field(default_factory=_column)
    request: array[int] = field(default_factory=_column)

    def __len__(self) -> int:
        return len(self.group)


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
