"""One stream of calls is cut into rounds, each judged on its own."""

from __future__ import annotations

import random

import pytest
from front_door import FrontDoor

from analyzer.exit_codes import ExitCode
from analyzer.records import Outcome, Weights
from analyzer.split.rounds import Rate, Record, Scenario, rate, record, rounds, verdict
from analyzer.split.sequential import SplitTest

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


def outcomes(expected: Outcome, *found: Outcome) -> Record:
    return Record(Scenario("mesh", "v2=90,v3=10", expected, 1), found, 1.0)


RIGHT = outcomes(Outcome.PASS, Outcome.PASS, Outcome.UNDECIDED)
FALSE_FAIL = outcomes(Outcome.PASS, Outcome.FAIL)
FOUND = outcomes(Outcome.FAIL, Outcome.FAIL)
MISSED = outcomes(Outcome.FAIL, Outcome.FAIL, Outcome.UNDECIDED)
NOTHING = outcomes(Outcome.FAIL)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        ([RIGHT, FOUND], ExitCode.HOLDS),
        ([RIGHT, FALSE_FAIL, FOUND], ExitCode.REFUTED),
        ([RIGHT, MISSED], ExitCode.REFUTED),
        ([RIGHT, NOTHING], ExitCode.UNDECIDED),
    ],
    ids=["all right", "a false fail", "a missed error", "a mesh that was not judged"],
)
def test_one_wrong_round_refutes_the_test(records: list[Record], code: ExitCode) -> None:
    assert verdict(records) is code


def test_rates_are_pooled_over_meshes_of_which_the_same_is_to_be_said() -> None:
    records = [RIGHT, FALSE_FAIL, FOUND, MISSED]
    assert rate(records, Outcome.PASS) == Rate(1, 3)
    assert rate(records, Outcome.FAIL) == Rate(1, 3)
    assert rate([RIGHT], Outcome.FAIL).as_dict() == {"wrong": 0, "rounds": 0, "low": 0.0, "high": 1.0}


@pytest.mark.e2e
def test_on_real_envoys_a_correct_split_is_not_failed_and_a_gross_error_is_found(door: FrontDoor) -> None:
    """Each correct round fails with a probability of at most 1 % (measured: 0 of 2 000)."""
    done = door("selftest", "--rounds", "2", "--mesh", "as promised", "--mesh", "half and half", "--json")
    assert (done.code, done.json["exit_code"]) == (0, 0)
    assert done.json["false_fail"]["wrong"] == done.json["missed"]["wrong"] == 0
    rounds_of = {one["mesh"]: one["rounds"] for one in done.json["meshes"]}
    assert rounds_of == {"as promised": 2, "half and half": 2}


def test_a_false_fail_and_a_missed_error_are_both_wrong() -> None:
    decisions = rounds(TEST, drawn(3, 5_000, 0.5), 3)
    assert record(Scenario("right", "v2=90,v3=10", Outcome.PASS, 800), decisions).wrong == 3
    assert record(Scenario("wrong", "v2=50,v3=50", Outcome.FAIL, 40), decisions).wrong == 0
