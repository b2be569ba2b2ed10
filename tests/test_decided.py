"""Calls come out in the order they were decided, whatever the order in which they were seen."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analyzer.calls import in_decided_order
from analyzer.decided import Decided


def test_a_call_waits_for_every_earlier_page() -> None:
    decided = Decided()
    decided.add_calls([(0, 1, 10.1, "v3"), (0, 0, 10.2, "v2")])
    decided.add_pages([(0, 1)])
    assert decided.take() == []
    decided.add_pages([(0, 0)])
    assert decided.take() == ["v2", "v3"]


def test_a_page_without_a_call_holds_nothing_up() -> None:
    decided = Decided()
    decided.add_calls([(0, 1, 1.0, "v2")])
    decided.add_pages([(0, 0), (0, 1)])
    assert decided.take() == ["v2"]


def test_a_served_page_whose_call_was_never_seen_is_a_decision_without_a_version() -> None:
    decided = Decided()
    decided.add_calls([(0, 1, 1.0, "v2")])
    decided.add_pages([(0, 0), (0, 1), (0, 2)], served={(0, 0), (0, 1)})
    assert decided.take() == ["unknown", "v2"]


def test_both_calls_of_one_page_come_in_the_order_of_their_start() -> None:
    decided = Decided()
    decided.add_calls([(0, 0, 2.0, "v2"), (0, 0, 1.0, "v3")])
    decided.add_pages([(0, 0)])
    assert decided.take() == ["v3", "v2"]


@given(st.data())
def test_live_and_recorded_order_agree_however_lines_and_pages_arrive(data: st.DataObject) -> None:
    """The live watch and the judgement of the folder must come to the same verdict at the same request."""
    workers = data.draw(st.integers(1, 3))
    pages = data.draw(st.integers(0, 12))
    calls = [
        (worker, seq, float(start), f"{worker}.{seq}.{start}")
        for worker in range(workers)
        for seq in range(pages)
        for start in range(data.draw(st.integers(0, 2)))
    ]
    live = Decided(workers)
    live.add_calls(data.draw(st.permutations(calls)))
    released: list[str] = []
    for place in data.draw(st.permutations([(w, s) for w in range(workers) for s in range(pages)])):
        live.add_pages([place])
        released += live.take()
    frame = pd.DataFrame(calls, columns=["worker", "seq", "start", "version"])
    assert released == in_decided_order(frame)["version"].tolist()
