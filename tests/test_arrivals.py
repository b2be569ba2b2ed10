"""The schedule: as many slots as asked for, each due in its own moment, whoever takes it."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from locustfiles._arrivals import Schedule, Share, now


def due(schedule: Schedule, most: int = 1000) -> list[float]:
    return [slot for slot in itertools.islice(iter(schedule.next, None), most) if slot is not None]


@given(st.integers(1, 500))
def test_a_limit_gives_exactly_that_many_slots(limit: int) -> None:
    assert len(due(Schedule(100.0, limit))) == limit


def test_without_a_limit_slots_never_end() -> None:
    assert len(due(Schedule(100.0, None), most=1000)) == 1000


@given(st.floats(0.1, 10_000), st.integers(0, 2**32))
def test_each_slot_is_due_within_its_own_share_of_time(rate: float, seed: int) -> None:
    began = now()
    schedule = Schedule(rate, 50, seed)
    ended = now()
    for slot, moment in enumerate(due(schedule)):
        assert began + slot / rate <= moment <= ended + (slot + 1) / rate


def test_taking_a_slot_late_moves_no_later_slot() -> None:
    """The schedule is absolute, so a stalled answer is seen as lateness instead of vanishing."""
    schedule = Schedule(10.0, 100, seed=7)
    first, *_, last = due(schedule)
    assert 9.8 < last - first < 10.0


def test_without_a_rate_a_slot_is_due_when_it_is_taken() -> None:
    schedule = Schedule(0.0, None)
    before = now()
    slot = schedule.next()
    assert slot is not None
    assert before <= slot <= now()


def test_starting_again_gives_all_slots_again() -> None:
    schedule = Schedule(0.0, 3)
    assert len(due(schedule)) == 3
    schedule.start()
    assert len(due(schedule)) == 3


@given(st.integers(1, 500), st.integers(1, 20))
def test_the_shares_of_all_workers_are_the_whole(requests: int, workers: int) -> None:
    shares = [Share.nth(requests, place, workers).requests or 0 for place in range(workers)]
    assert sum(shares) == requests
    assert max(shares) - min(shares) <= 1
