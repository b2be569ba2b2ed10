"""The shapes of a load: how many users there are, after which part of its time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locustfiles._percentiles import bucket
from locustfiles._shapes import SHAPES, users_at


@pytest.mark.parametrize(
    ("shape", "users"),
    [
        ("ramp", [1, 20, 40, 60, 80, 100, None]),
        ("steps", [20, 40, 60, 80, 100, 100, None]),
        ("spike", [10, 10, 100, 10, 10, 10, None]),
    ],
)
def test_each_shape_moves_as_its_name_says(shape: str, users: list[int | None]) -> None:
    assert [users_at(shape, spent, 100) for spent in (0, 0.2, 0.4, 0.6, 0.8, 0.999, 1)] == users


@given(st.sampled_from(list(SHAPES)), st.floats(0, 2), st.integers(1, 10_000))
def test_there_is_always_somebody_until_the_time_is_over(shape: str, spent: float, peak: int) -> None:
    users = users_at(shape, spent, peak)
    assert (users is None) == (spent >= 1)
    assert users is None or 1 <= users <= peak


@given(st.floats(0.001, 1e6))
def test_the_buckets_of_percentiles_are_within_half_a_percent(milliseconds: float) -> None:
    assert abs(bucket(milliseconds) - milliseconds) <= 0.005 * milliseconds * (1 + 1e-9)
