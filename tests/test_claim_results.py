"""Claims are proved, refuted or left open, the whole family at one stated risk."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analyzer.performance.claim_results import Measured, holm, judge
from analyzer.performance.claims import parse
from analyzer.performance.latency import latencies
from analyzer.records import Outcome, Weights

RUN = Measured(
    weights=Weights.parse("v2=90,v3=10"),
    counts={"v2": 9_000, "v3": 1_000},
    latencies={
        "v2": latencies(np.random.default_rng(1).lognormal(4, 0.5, 9_000)),
        "v3": latencies(np.random.default_rng(2).lognormal(4, 0.5, 1_000)),
    },
    failed={"v2": (9, 9_000), "v3": (40, 1_000)},
)


@pytest.mark.parametrize(
    ("claim", "outcome"),
    [
        ("share of v3 within 2", Outcome.PASS),
        ("share of v2 within 2", Outcome.PASS),
        ("share of v3 within 0.5", Outcome.UNDECIDED),
        ("share of v9 within 2", Outcome.UNDECIDED),
        ("errors of v2 < 1%", Outcome.PASS),
        ("errors of v3 < 1%", Outcome.FAIL),
        ("errors of v3 < 4%", Outcome.UNDECIDED),
        ("errors of v9 < 4%", Outcome.UNDECIDED),
        ("p50 of v3 <= 1.2 x v2", Outcome.PASS),
        ("p50 of v3 <= 0.5 x v2", Outcome.FAIL),
        ("p50 of v3 <= 1 x v2", Outcome.UNDECIDED),
        ("p99 of v3 <= 2 x v2", Outcome.UNDECIDED),
        ("p50 of v3 <= 70 ms", Outcome.PASS),
        ("p50 of v3 <= 40 ms", Outcome.FAIL),
        ("p50 of v9 <= 40 ms", Outcome.UNDECIDED),
    ],
)
def test_a_claim_comes_to_what_the_run_can_show(claim: str, outcome: Outcome) -> None:
    (result,) = judge([parse(claim)], RUN)
    assert result.outcome is outcome


def test_each_result_says_claim_outcome_and_measure_in_one_line() -> None:
    results = judge([parse("errors of v3 < 1%"), parse("p99 of v3 <= 2 x v2")], RUN)
    assert [result.reason for result in results] == [
        "errors of v3 < 1% is broken: measured 4 % (2.58 to 5.88).",
        "p99 of v3 needs 1,500 answers, there are 1,000.",
    ]
    assert json.loads(json.dumps([result.as_dict() for result in results], allow_nan=False))


def test_one_answer_breaks_the_share_of_a_version_with_weight_zero() -> None:
    run = Measured(Weights.parse("v1=0,v2=100"), {"v1": 1, "v2": 10_000})
    (zero, all_) = judge([parse("share of v1 within 2"), parse("share of v2 within 2")], run)
    assert (zero.outcome, all_.outcome) == (Outcome.FAIL, Outcome.FAIL)


def test_a_share_that_unlabelled_calls_could_spoil_is_not_proved() -> None:
    run = Measured(RUN.weights, RUN.counts, unlabelled=500)
    (result,) = judge([parse("share of v3 within 2")], run)
    assert result.outcome is Outcome.UNDECIDED


@settings(max_examples=10, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.sampled_from([0.01, 0.05]))
def test_the_family_correction_agrees_with_statsmodels(p_values: list[float], alpha: float) -> None:
    assert holm(p_values, alpha) == multipletests(p_values, alpha, method="holm")[0].tolist()


def test_a_weak_proof_counts_alone_but_not_among_many() -> None:
    """P = 0.0072 for v4 is enough at 1 % for one claim, not for one of three that are open."""
    run = Measured(RUN.weights, RUN.counts, failed={"v4": (0, 491), "v5": (5, 500), "v6": (5, 500)})
    family = [parse(f"errors of {version} < 1%") for version in ("v4", "v5", "v6")]
    assert judge(family[:1], run)[0].outcome is Outcome.PASS
    assert judge(family, run)[0].outcome is Outcome.UNDECIDED


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 60), st.integers(1, 20_000), st.integers(0, 5_000))
def test_sound_answers_never_turn_a_proved_error_rate_open_or_broken(bad: int, total: int, more: int) -> None:
    """And answers that failed never turn a broken one into a proved one."""
    total = max(total, bad)

    def outcome(failed: int, of: int) -> Outcome:
        run = Measured(RUN.weights, RUN.counts, failed={"v3": (failed, of)})
        return judge([parse("errors of v3 < 1%")], run)[0].outcome

    before = outcome(bad, total)
    assert before is not Outcome.PASS or outcome(bad, total + more) is Outcome.PASS
    assert before is not Outcome.FAIL or outcome(bad + more, total + more) is Outcome.FAIL


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 30_000), st.floats(0.05, 0.15), st.integers(0, 500))
def test_calls_as_promised_never_turn_a_proved_share_into_a_broken_one(
    calls: int, share: float, more: int
) -> None:
    hits = round(calls * share)

    def outcome(v2: int, v3: int) -> Outcome:
        return judge([parse("share of v3 within 2")], Measured(RUN.weights, {"v2": v2, "v3": v3}))[0].outcome

    if outcome(calls - hits, hits) is Outcome.PASS:
        assert outcome(calls - hits + 9 * more, hits + more) is Outcome.PASS


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 3_000))
def test_quick_answers_never_turn_a_proved_latency_into_a_broken_one(seed: int, more: int) -> None:
    slow = np.random.default_rng(seed).lognormal(4, 0.5, 1_000)

    def outcome(*answers: np.ndarray) -> Outcome:
        values = {"v3": latencies(np.concatenate(answers))}
        return judge([parse("p90 of v3 <= 115 ms")], Measured(RUN.weights, RUN.counts, latencies=values))[
            0
        ].outcome

    assert outcome(slow) is not Outcome.PASS or outcome(slow, np.full(more, 20.0)) is Outcome.PASS


@settings(max_examples=30, deadline=None)
@given(
    st.permutations(["share of v3 within 2", "errors of v3 < 1%", "errors of v2 < 1%", "p50 of v3 <= 70 ms"])
)
def test_the_order_of_the_claims_does_not_matter(order: list[str]) -> None:
    found = {result.text: result.outcome for result in judge([parse(text) for text in order], RUN)}
    assert found == {
        "share of v3 within 2": Outcome.PASS,
        "errors of v3 < 1%": Outcome.FAIL,
        "errors of v2 < 1%": Outcome.PASS,
        "p50 of v3 <= 70 ms": Outcome.PASS,
    }
