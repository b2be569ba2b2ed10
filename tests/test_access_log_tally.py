"""Sums by group are those of the lines, however they were cut into blocks and put together again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import tally as module
from analyzer.access_log.rows import Rows
from analyzer.access_log.tally import LARGEST, MOST_GROUPS, Tally, Totals

_unset = st.just(-1)
_line = st.tuples(
    st.integers(0, 5),
    st.integers(-1000, 2 * 10**9),
    _unset | st.integers(0, 30) | st.integers(0, 10**15 - 1),
    _unset | st.integers(0, 10**12),
    _unset | st.integers(0, 10**4),
)
_Line = tuple[int, int, int, int, int]


def rows(lines: list[_Line]) -> Rows:
    columns = np.array(lines, dtype=np.int64).reshape(-1, 5).T
    return Rows(*columns, request=np.empty(0, np.int64))


def found(tally: Tally, group: int) -> tuple[Totals, Counter[int], Counter[int]]:
    durations, seconds = tally.durations.of(group), tally.seconds.of(group)
    assert (np.diff(durations[0]) > 0).all()
    return (
        tally.totals(group),
        Counter(dict(zip(*(column.tolist() for column in durations), strict=True))),
        Counter(dict(zip(*(column.tolist() for column in seconds), strict=True))),
    )


def expected(lines: list[_Line], group: int) -> tuple[Totals, Counter[int], Counter[int]]:
    mine = [line for line in lines if line[0] == group]
    return (
        Totals(len(mine), sum(max(line[3], 0) for line in mine), sum(max(line[4], 0) for line in mine)),
        Counter(min(line[2], LARGEST) for line in mine if line[2] >= 0),
        Counter(max(line[1], 0) for line in mine),
    )


@given(st.lists(st.lists(_line)), st.integers(1, 20))
def test_every_group_has_the_sums_of_its_lines(blocks: list[list[_Line]], batch: int) -> None:
    """Durations and seconds are counted one by one, so every quantile is exact."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BATCH", batch)
        tally = Tally()
        for block in blocks:
            tally.add(rows(block))
        lines = [line for block in blocks for line in block]
        assert [found(tally, group) for group in range(7)] == [expected(lines, group) for group in range(7)]


@given(st.lists(_line), st.lists(_line), st.permutations(range(6)))
def test_merged_sums_are_those_of_all_lines(
    ours: list[_Line], theirs: list[_Line], numbers: list[int]
) -> None:
    tally, other = Tally(), Tally()
    tally.add(rows(ours))
    other.add(rows(theirs))
    tally.merge(other, np.array(numbers, dtype=np.int64))
    lines = ours + [(numbers[line[0]], *line[1:]) for line in theirs]
    assert [found(tally, group) for group in range(6)] == [expected(lines, group) for group in range(6)]


def test_a_group_without_lines_has_no_sums() -> None:
    assert found(Tally(), 10**5) == (Totals(0, 0, 0), Counter(), Counter())


def test_the_last_group_and_the_largest_duration_are_told_apart_from_all_others() -> None:
    last = MOST_GROUPS - 1
    lines = [
        (last, 5, LARGEST, 1, 1),
        (last, 5, LARGEST - 1, 1, 1),
        (last - 1, 5, LARGEST, 1, 1),
        (0, 5, 0, 1, 1),
    ]
    tally = Tally()
    tally.add(rows(lines))
    assert [found(tally, group) for group in (0, last - 1, last)] == [
        expected(lines, group) for group in (0, last - 1, last)
    ]


def test_memory_does_not_grow_with_lines() -> None:
    tally = Tally()
    for _ in range(50):
        tally.add(rows([(group, second, second % 7, 1, 1) for group in range(3) for second in range(5000)]))
    tally.seconds.of(0)
    assert len(tally.seconds._pairs) == 15_000
    assert len(tally.durations._pairs) <= 21 + 50 * 15_000 // module._BATCH
