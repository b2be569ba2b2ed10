"""The verdict tells in two sentences what was decided, and carries the numbers for those who check."""

from __future__ import annotations

import json

import pytest

from analyzer.records import Outcome, Version, Weights
from analyzer.split.sequential import SplitTest
from analyzer.split.verdict import SplitVerdict, passes, verdict
from analyzer.split.watch import start, watch

CANARY = SplitTest(Weights.parse("v2=90,v3=10"), within=2, alpha=0.01, budget=6_748)


def judged(stream: list[Version | None], test: SplitTest = CANARY) -> SplitVerdict:
    return verdict(test, watch(test, start(test), stream))


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (
            ["v2"] * 9 + ["v3"],
            "Every version got its share within 2 points (v2 90 %, v3 10 %), certain after 2,309 requests. "
            "A split that is off by more is passed with a probability of at most 1 %.",
        ),
        (
            ["v2", "v3"],
            "v3 got 50 % where 10 % ± 2 points was promised, certain after 16 requests. "
            "A split that keeps its promise is failed with a probability of at most 1 %.",
        ),
        (
            ["v2"] * 7 + ["v9"],
            "v9 answered request 8 though nothing was promised to it. "
            "One such answer is enough: a correct split never gives it any.",
        ),
        ([None], "None of 6,748 requests tells which version answered. There is nothing to judge."),
        (
            ["v2"] * 22 + ["v3"] * 3,
            "After 6,748 requests v3 stands at 12 % where 10 % ± 2 points was promised: too close to call. "
            "The budget is spent; ask for more requests or a wider margin.",
        ),
    ],
    ids=["pass", "fail", "never promised", "no labels", "at the border"],
)
def test_the_reason_is_two_plain_sentences(stream: list[Version | None], reason: str) -> None:
    assert judged(stream * (7_000 // len(stream) + 1)).reason == reason


def test_before_anything_came_the_verdict_is_undecided() -> None:
    found = verdict(CANARY, start(CANARY))
    assert (found.outcome, found.requests, found.certain_after) == (Outcome.UNDECIDED, 0, None)


def test_the_numbers_are_those_of_the_deciding_request() -> None:
    found = judged(["v2", "v3"] * 100)
    assert (found.certain_after, found.requests, [share.count for share in found.shares]) == (16, 16, [8, 8])
    assert all(share.band.low < 0.5 < share.band.high for share in found.shares)


def test_a_verdict_survives_json() -> None:
    for stream in ([], ["v2", "v3"] * 100, ["v9"], [None] * 5, ["v2"] * 300):
        made = judged(stream).as_dict()
        assert json.loads(json.dumps(made, allow_nan=False)) == made


def test_the_other_of_two_versions_carries_the_mirrored_evidence() -> None:
    v2_least, v2_most, v3_least, v3_most = judged(["v2"] * 9 + ["v3"]).evidence
    assert (v2_least.log_for, v2_most.log_for) == pytest.approx((v3_most.log_for, v3_least.log_for))


@pytest.mark.parametrize(("worth", "enough"), [(1.0, True), (0.7, True), (0.5, False), (0.0, False)])
def test_a_pass_needs_enough_answers_that_are_worth_one(worth: float, enough: bool) -> None:
    tally = watch(CANARY, start(CANARY), (["v2"] * 9 + ["v3"]) * 400)
    assert passes(CANARY, tally, worth) is enough
