"""Sums over access lines by group: what remains of a log of any length, and can be merged with another's.

Memory grows with groups times seconds and groups times different durations, never with lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rows import Column, Rows

Ints = Column

_BATCH = 1 << 19
_GROUP_BITS = 20
_VALUE_BITS = 63 - _GROUP_BITS
MOST_GROUPS = 1 << _GROUP_BITS
LARGEST = (1 << _VALUE_BITS) - 1
"""No second and no duration is larger: 278 years in milliseconds."""


class Counts:
    """How often each pair of a group and a value occurred; pairs wait in batches and are then counted."""

    def __init__(self) -> None:
        self._pairs: Ints = np.empty(0, np.int64)
        self._counts: Ints = np.empty(0, np.int64)
        self._waiting: list[Ints] = []
        self._size = 0

    def add(self, groups: Ints, values: Ints) -> None:
        self._waiting.append((groups << _VALUE_BITS) | np.minimum(values, LARGEST))
        self._size += len(groups)
        if self._size > _BATCH:
            self._settle()

    def merge(self, other: Counts, numbers: Ints) -> None:
        """Add another's counts, whose group g is our group ``numbers[g]``."""
        other._settle()
        groups, values = other._pairs >> _VALUE_BITS, other._pairs & LARGEST
        self._fold((numbers[groups] << _VALUE_BITS) | values, other._counts)

    def of(self, group: int) -> tuple[Ints, Ints]:
        """The different values of a group in ascending order, and how often each occurred."""
        self._settle()
        low, high = np.searchsorted(self._pairs, [group << _VALUE_BITS, ((group + 1) << _VALUE_BITS) - 1])
        high += high < len(self._pairs) and self._pairs[high] == ((group + 1) << _VALUE_BITS) - 1
        return self._pairs[low:high] & LARGEST, self._counts[low:high]

    def _settle(self) -> None:
        if self._waiting:
            pairs, counts = np.unique(np.concatenate(self._waiting), return_counts=True)
            self._waiting, self._size = [], 0
            self._fold(pairs, counts)

    def _fold(self, pairs: Ints, counts: Ints) -> None:
        both = np.concatenate([self._pairs, pairs])
        self._pairs, where = np.unique(both, return_inverse=True)
        sums = np.zeros(len(self._pairs), np.int64)
        np.add.at(sums, where, np.concatenate([self._counts, counts]))
        self._counts = sums


@dataclass(frozen=True, slots=True)
class Totals:
    """Of one group: lines, and bytes of the bodies (of the connections, for TCP)."""

    count: int
    received: int
    sent: int


class Tally:
    """What is known of every group; ``durations`` in milliseconds, ``seconds`` in Unix time."""

    def __init__(self) -> None:
        self.durations = Counts()
        self.seconds = Counts()
        self._totals: Ints = np.zeros((3, 64), np.int64)

    def add(self, rows: Rows) -> None:
        groups, duration = rows.group, rows.duration
        if not len(groups):
            return
        timed = duration >= 0
        if timed.all():
            self.durations.add(groups, duration)
        else:
            self.durations.add(groups[timed], duration[timed])
        self.seconds.add(groups, np.maximum(rows.second, 0))
        self._grow(int(groups.max()) + 1)
        size = self._totals.shape[1]
        self._totals[0] += np.bincount(groups, minlength=size)
        for index, column in ((1, rows.received), (2, rows.sent)):
            self._totals[index] += _sums(groups, np.maximum(column, 0), size)

    def merge(self, other: Tally, numbers: Ints) -> None:
        """Add another's sums, whose group g is our group ``numbers[g]``."""
        self.durations.merge(other.durations, numbers)
        self.seconds.merge(other.seconds, numbers)
        if len(numbers):
            self._grow(int(numbers.max()) + 1)
            for index in range(3):
                np.add.at(self._totals[index], numbers, other._totals[index, : len(numbers)])

    def totals(self, group: int) -> Totals:
        if group >= self._totals.shape[1]:
            return Totals(0, 0, 0)
        return Totals(*(int(value) for value in self._totals[:, group]))

    def _grow(self, groups: int) -> None:
        if groups > self._totals.shape[1]:
            wider = np.zeros((3, 2 * groups), np.int64)
            wider[:, : self._totals.shape[1]] = self._totals
            self._totals = wider


def _sums(groups: Ints, values: Ints, size: int) -> Ints:
    """Exact integer sums; the fast way adds in floating point, which is exact below 2^53."""
    if int(values.max()) < 1 << 32 and len(values) < 1 << 20:
        return np.bincount(groups, weights=values, minlength=size).astype(np.int64)
    sums = np.zeros(size, np.int64)
    np.add.at(sums, groups, values)
    return sums
