"""The forecast tells how many more requests it takes, with even odds, and is silent where it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.records import Version, Weights
from analyzer.split.forecast import Forecast, forecast
from analyzer.split.sequential import SplitTest
from analyzer.split.watch import Tally, start, watch

CANARY = SplitTest(Weights.parse("v2=90,v3=10"), within=2, alpha=0.01)
BOUNDED = SplitTest(Weights.parse("v2=90,v3=10"), within=2, alpha=0.01, budget=6_748)


def drawn(seed: int, requests: int, share: float) -> list[Version | None]:
    return ["v3" if hit else "v2" for hit in np.random.default_rng(seed).random(requests) < share]


@pytest.mark.parametrize(
    ("counts", "requests"),
    [((9, 1), 3346), ((900, 100), 2056), ((2700, 300), 55), ((5, 5), 18), ((700, 300), None), ((30, 0), 45)],
    ids=["hardly begun", "on its way", "nearly there", "half and half", "certain", "a dead version"],
)
def test_the_counts_so_far_tell_how_many_are_missing(counts: tuple[int, int], requests: int | None) -> None:
    test, stream = CANARY, ["v2"] * counts[0] + ["v3"] * counts[1]
    tally = Tally(counts) if requests else watch(test, start(test), stream)
    found = forecast(test, tally)
    assert (found and found.requests) == requests


@pytest.mark.parametrize(("seen", "share"), [(50, 0.1), (1_000, 0.1), (400, 0.15)])
def test_the_odds_of_being_certain_by_then_are_even(seen: int, share: float) -> None:
    """Of 40 seeded runs between 30 % and 85 % are; even odds miss that with a chance below 1 %."""
    sooner = judged = 0
    for seed in range(40):
        stream = drawn(seed, 20_000, share)
        tally = watch(CANARY, start(CANARY), stream[:seen])
        if told := forecast(CANARY, tally):
            judged += 1
            end = watch(CANARY, tally, stream[seen:]).decision
            sooner += end is not None and end.requests <= seen + told.requests
    assert judged >= 30
    assert 0.3 <= sooner / judged <= 0.85


def test_a_certain_verdict_needs_no_forecast() -> None:
    assert forecast(CANARY, watch(CANARY, start(CANARY), ["v2"] * 100)) is None


def test_few_answers_tell_nothing() -> None:
    assert forecast(CANARY, start(CANARY)) is None
    assert forecast(CANARY, Tally((9, 0))) is None
    assert forecast(CANARY, Tally((0, 0), unlabelled=5_000)) is None


def test_a_share_on_the_border_will_not_be_decided_before_the_budget() -> None:
    assert forecast(BOUNDED, Tally((4_400, 600))) is None


def test_too_many_answers_without_a_version_forbid_a_forecast() -> None:
    assert forecast(BOUNDED, Tally((1_710, 190), unlabelled=100)) is None


def test_versions_may_stand_in_any_order() -> None:
    turned = SplitTest(Weights.parse("v3=10,v2=90"), within=2, alpha=0.01)
    assert forecast(turned, Tally((52, 448))) == forecast(CANARY, Tally((448, 52)))


@pytest.mark.parametrize(
    ("weights", "counts", "requests"),
    [("v2=100", (30,), 204), ("v1=0,v2=100", (0, 30), 205), ("v1=80,v2=10,v3=10", (800, 100, 100), 5163)],
)
def test_any_weights_can_be_forecast(weights: str, counts: tuple[int, ...], requests: int) -> None:
    found = forecast(SplitTest(Weights.parse(weights), within=2), Tally(counts))
    assert found is not None
    assert found.requests == requests


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Forecast(1_237, 41.2), "about 1,240 requests (41 s) to certainty"),
        (Forecast(3, 0.02), "about 3 requests (1 s) to certainty"),
        (Forecast(123_456, 400.0), "about 123,000 requests (7 min) to certainty"),
        (Forecast(9_999, 9_000.0), "about 10,000 requests (2 h) to certainty"),
        (Forecast(812, None), "about 812 requests to certainty"),
    ],
)
def test_people_read_it_in_three_digits(found: Forecast, words: str) -> None:
    assert found.words == words
