"""Calls come out in the order they were decided, whatever the order in which they were seen."""

from __future__ import annotations

import math

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from analyzer.run.calls import in_decided_order
from analyzer.run.decided import Decided


def versions(decided: Decided) -> list[str]:
    return [drawn.version for drawn in decided.take()]


def test_a_call_waits_for_every_earlier_page() -> None:
    decided = Decided()
    decided.add_calls([(0, 1, 10.3, "v3"), (0, 0, 10.4, "v2")])
    decided.add_pages([(10.2, 0, 1)], until=10.1)
    assert decided.take() == []
    decided.add_pages([(10.1, 0, 0)], until=10.3)
    assert versions(decided) == ["v2", "v3"]


def test_a_page_without_a_call_holds_nothing_up() -> None:
    decided = Decided()
    decided.add_calls([(0, 1, 1.0, "v2")])
    decided.add_pages([(0.8, 0, 0), (0.9, 0, 1)], until=math.inf)
    assert versions(decided) == ["v2"]


def test_a_served_page_whose_call_was_never_seen_is_a_decision_without_a_version() -> None:
    decided = Decided()
    decided.add_calls([(0, 1, 1.0, "v2")])
    first, second, third = (0.7, 0, 0), (0.8, 0, 1), (0.9, 0, 2)
    decided.add_pages([first, second, third], math.inf, served={first, second})
    assert versions(decided) == ["unknown", "v2"]


def test_both_calls_of_one_page_come_in_the_order_of_their_start() -> None:
    decided = Decided()
    decided.add_calls([(0, 0, 2.0, "v2"), (0, 0, 1.0, "v3")])
    decided.add_pages([(0.5, 0, 0)], until=math.inf)
    assert versions(decided) == ["v3", "v2"]


@given(st.data())
def test_live_and_recorded_order_agree_however_fast_each_worker_is(data: st.DataObject) -> None:
    """The live watch and the judgement of the folder must come to the same verdict at the same request."""
    moments = st.lists(st.integers(0, 30), max_size=8).map(sorted)
    pages = [
        (float(start), worker, seq)
        for worker in range(data.draw(st.integers(1, 3)))
        for seq, start in enumerate(data.draw(moments))
    ]
    calls = [
        (worker, seq, start + delay, f"{worker}.{seq}.{delay}")
        for start, worker, seq in pages
        for delay in range(data.draw(st.integers(0, 2)))
    ]
    live = Decided()
    live.add_calls(data.draw(st.permutations(calls)))
    released: list[str] = []
    unanswered = data.draw(st.permutations(pages))
    while unanswered:
        page = unanswered.pop()
        live.add_pages([page], until=min((start for start, _, _ in unanswered), default=math.inf))
        released += versions(live)
    frame = pd.DataFrame(calls, columns=["worker", "seq", "start", "version"])
    asked = pd.DataFrame(pages, columns=["start", "worker", "seq"])
    assert released == in_decided_order(frame, asked)["version"].tolist()


def test_a_call_whose_row_was_lost_stands_where_its_own_start_puts_it() -> None:
    frame = pd.DataFrame([(0, 0, 1.0, "v1"), (1, 0, 2.0, "v2"), (0, 1, 3.0, "v3")])
    frame.columns = pd.Index(["worker", "seq", "start", "version"])
    asked = pd.DataFrame([(0.9, 0, 0), (2.9, 0, 1)], columns=["start", "worker", "seq"])
    assert in_decided_order(frame, asked)["version"].tolist() == ["v1", "v2", "v3"]


@given(st.data())
def test_who_sent_the_pages_changes_no_verdict(data: st.DataObject) -> None:
    """The same rows as one process and as three come out in the same order, so the verdict is the same."""
    starts = sorted(data.draw(st.sets(st.integers(0, 1000), max_size=30)))
    versions = [data.draw(st.sampled_from(["v1", "v2"])) for _ in starts]
    alone = pd.DataFrame({"worker": 0, "seq": range(len(starts)), "start": starts, "version": versions})
    shared = alone.assign(worker=[data.draw(st.integers(0, 2)) for _ in starts])
    shared["seq"] = shared.groupby("worker").cumcount()
    found = [
        in_decided_order(pages.sort_values(["worker", "seq"]), pages)["version"].tolist()
        for pages in (alone, shared)
    ]
    assert found[0] == found[1] == versions


def test_each_call_tells_when_its_page_was_asked_for_and_when_the_last_call_of_that_page_began() -> None:
    decided = Decided()
    decided.add_calls([(0, 0, 2.0, "v2"), (0, 0, 1.0, "v3")])
    decided.add_pages([(0.5, 0, 0), (0.7, 0, 1)], math.inf, served={(0.7, 0, 1)})
    assert decided.take() == [("v3", 0.5, 2.0), ("v2", 0.5, 2.0), ("unknown", 0.7, 0.7)]
