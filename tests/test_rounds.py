"""One stream of calls is cut into rounds, each judged on its own."""

from __future__ import annotations

import random

from analyzer.records import Outcome, Weights
from analyzer.rounds import Scenario, record, rounds
from analyzer.split import SplitTest

TEST = SplitTest(Weights.parse("v2=90,v3=10"), 5.0, budget=2000)


def drawn(seed: int, requests: int, v3: float) -> list[str | None]:
    draw = random.Random(seed)
    return ["v3" if draw.random() < v3 else "v2" for _ in range(requests)]


def test_each_round_begins_where_the_one_before_ended() -> None:
    stream = drawn(1, 10_000, 0.1)
    first, second = rounds(TEST, stream, 2)
    assert rounds(TEST, stream[first.requests :], 1) == [second]


def test_a_stream_that_ends_within_a_round_does_not_count_it() -> None:
    assert rounds(TEST, drawn(1, 50, 0.1), 5) == []


def test_wrong_weights_are_found_in_every_round() -> None:
    """50 rounds at half where 10 % was promised; a round that misses would be one in many thousands."""
    found = record(Scenario("half", "v2=50,v3=50", Outcome.FAIL, 40), rounds(TEST, drawn(2, 5_000, 0.5), 50))
    assert (found.count(Outcome.FAIL), found.wrong) == (50, 0)
    assert found.median_requests is not None
    assert found.median_requests < 40


def test_a_false_fail_and_a_missed_error_are_both_wrong() -> None:
    decisions = rounds(TEST, drawn(3, 5_000, 0.5), 3)
    assert record(Scenario("right", "v2=90,v3=10", Outcome.PASS, 800), decisions).wrong == 3
    assert record(Scenario("wrong", "v2=50,v3=50", Outcome.FAIL, 40), decisions).wrong == 0
