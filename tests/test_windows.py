"""The split over time: windows of one width that lose no call and reach over no change of weights."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analyzer.split.windows import Window, windows


def decisions(*calls: tuple[float, str]) -> pd.DataFrame:
    return pd.DataFrame(calls, columns=["start", "version"])


def test_windows_are_of_a_width_that_people_read_on_a_clock() -> None:
    calls = decisions((100.0, "v2"), (101.0, "v3"), (101.5, "v2"), (105.0, "v2"))
    assert windows([calls], most=3) == (
        Window(100.0, 2.0, (("v2", 2), ("v3", 1))),
        Window(102.0, 2.0, ()),
        Window(104.0, 2.0, (("v2", 1),)),
    )


def test_no_window_reaches_over_a_change_of_the_weights() -> None:
    before, after = decisions((0.0, "v2"), (9.0, "v2")), decisions((9.5, "v3"), (20.0, "v3"))
    found = windows([before, after], most=3)
    assert [(one.at, one.counts) for one in found] == [
        (0.0, (("v2", 2),)),
        (9.5, (("v3", 1),)),
        (19.5, (("v3", 1),)),
    ]


def test_a_run_without_a_call_has_no_windows() -> None:
    assert windows([]) == windows([decisions()]) == ()


@given(
    st.lists(st.tuples(st.floats(0, 1e6), st.sampled_from(["v1", "v2", "unknown"])), min_size=1),
    st.integers(1, 60),
)
def test_every_call_is_in_one_window_and_there_are_not_many(
    calls: list[tuple[float, str]], most: int
) -> None:
    found = windows([decisions(*calls)], most)
    assert sum(one.calls for one in found) == len(calls)
    assert sum(one.labelled for one in found) == sum(version != "unknown" for _, version in calls)
    assert len(found) <= max(3, most) or found[0].seconds == 500_000


def test_a_short_run_has_few_windows_so_that_each_tells_something() -> None:
    calls = decisions(*((0.01 * number, "v2") for number in range(200)))
    assert [one.calls for one in windows([calls])] == [50, 50, 50, 50]
