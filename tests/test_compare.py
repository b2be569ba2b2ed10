"""Configurations beside each other: the run is the unit, and everything that is said holds together."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_ind, ttest_rel
from statsmodels.stats.proportion import confint_proportions_2indep

from analyzer.compare import intervals
from analyzer.compare.claims import parse
from analyzer.compare.comparison import Comparison, Difference, Side
from analyzer.compare.differences import compare
from analyzer.compare.figures import Figures
from analyzer.compare.metrics import Kind, Metric
from analyzer.compare.words import Word, word
from analyzer.exit_codes import ExitCode
from analyzer.performance.claims import ClaimError
from analyzer.performance.error_rates import newcombe
from analyzer.wilson import Interval
from bench.compare import NONE, Effect, World, simulated, truth

USUAL = World("usual", 0.05, 0.03)
P50 = Metric(Kind.LATENCY, None, 0.5)
ERRORS, SHARE, THROUGHPUT = Metric(Kind.ERRORS), Metric(Kind.SHARE, "v3"), Metric(Kind.THROUGHPUT)
few = st.lists(st.floats(0.1, 1000), min_size=2, max_size=12)


def sides(*values: list[float], metric: Metric = P50) -> tuple[Side, ...]:
    """One side for each list, with a figure for each run."""
    return tuple(
        Side(label, label.lower(), tuple(Figures({metric: value}) for value in of_side))
        for label, of_side in zip("ABC", values, strict=False)
    )


def only(comparison: Comparison) -> Difference:
    (one,) = comparison.differences
    return one


def test_of_a_hundred_comparisons_of_a_configuration_with_itself_95_find_nothing() -> None:
    """Seeded. Each finds something with 5 % at most: more than 5 of 100 come with 38 %, of other seeds."""
    found = [
        compare(simulated(np.random.default_rng([1, seed]), USUAL, NONE, pages=800), interleaved=True)
        for seed in range(100)
    ]
    assert sum(not any(one.word.is_difference for one in each.differences) for each in found) >= 95
    assert {one.word for each in found for one in each.differences} >= {Word.SAME, Word.UNKNOWN}


def test_a_slower_and_failing_version_is_found_with_the_right_sign_and_size() -> None:
    """Seeded: 20 comparisons of 10 rounds; v3 20 % slower, 5 % of its calls failing.

    Each holds the truth in all of its intervals with 95 %: fewer than 18 of 20 do with 8 %, of other seeds.
    """
    effect, whole = Effect(slower=1.2, failing=0.05), 0
    for seed in range(20):
        rng = np.random.default_rng([2, seed])
        found = compare(simulated(rng, USUAL, effect, rounds=10, pages=800), interleaved=True)
        words = {one.metric.name: one.word for one in found.differences}
        assert (words["p50 of v3"], words["errors of v3"]) == (Word.SLOWER, Word.MORE)
        whole += all(
            one.interval and one.interval.low <= truth(one.metric, effect) <= one.interval.high
            for one in found.differences
        )
    assert whole >= 18


@given(few, st.data())
def test_the_interval_of_rounds_is_that_of_a_paired_t_test(before: list[float], data: st.DataObject) -> None:
    after = data.draw(st.lists(st.floats(0.1, 1000), min_size=len(before), max_size=len(before)))
    with np.errstate(all="ignore"):
        found = intervals.of_rounds(before, after, 0.05).interval
        differences = np.subtract(after, before)
        if np.std(differences) < 1e-6:
            return
        oracle = ttest_rel(after, before).confidence_interval(0.95)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


def test_the_interval_of_two_groups_is_welchs() -> None:
    before, after = [1.0, 2.0, 4.0, 3.5], [2.0, 5.0, 9.0]
    found = intervals.of_two_groups(before, after, 0.01).interval
    oracle = ttest_ind(after, before, equal_var=False).confidence_interval(0.99)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((oracle.low, oracle.high))


def test_the_interval_of_two_shares_is_newcombes() -> None:
    found = newcombe((40, 1000), (10, 900), 0.05)
    oracle = confint_proportions_2indep(40, 1000, 10, 900, method="newcomb", compare="diff", alpha=0.05)
    assert (found.low, found.high) == pytest.approx(oracle)


def test_what_is_printed_of_one_metric() -> None:
    """Ratios by their logarithms: twice as slow in each round is exactly twice as slow."""
    one = only(compare(sides([10, 20, 30], [20, 40, 60]), interleaved=True, alpha=0.05))
    assert one == Difference(
        candidate="B",
        metric=P50,
        before=pytest.approx(6000 ** (1 / 3)),
        after=pytest.approx(48_000 ** (1 / 3)),
        change=pytest.approx(2),
        interval=Interval(pytest.approx(2), pytest.approx(2)),  # type: ignore[arg-type]
        noise=pytest.approx(np.exp(((np.log(2) ** 2 + np.log(1.5) ** 2) / 2) ** 0.5) - 1),
        promised=None,
        word=Word.SLOWER,
        at_most=pytest.approx(1),
        reason="",
    )


@pytest.mark.parametrize(
    ("metric", "bounds", "told"),
    [
        (P50, (1.01, 1.02), Word.SLOWER),
        (P50, (0.90, 0.99), Word.FASTER),
        (P50, (0.95, 1.09), Word.SAME),
        (P50, (0.95, 1.11), Word.UNKNOWN),
        (THROUGHPUT, (1.01, 1.02), Word.MORE),
        (THROUGHPUT, (0.5, 0.9), Word.LESS),
        (ERRORS, (0.01, 0.02), Word.MORE),
        (SHARE, (-0.2, -0.1), Word.LESS),
        (SHARE, (-0.1, 0.1), Word.SAME),
        (SHARE, (-0.11, 0.1), Word.UNKNOWN),
    ],
)
def test_the_word_follows_from_the_interval(metric: Metric, bounds: tuple[float, float], told: Word) -> None:
    assert word(metric, Interval(*bounds), 0.1) is told


def test_one_run_a_side_tells_nothing_but_shares() -> None:
    """A version is drawn for each call by itself, whatever the run is like; a latency is not."""
    before, after = (
        Figures({P50: 10.0, SHARE: share}, counts={SHARE: (int(1000 * share), 1000)}) for share in (0.1, 0.5)
    )
    found = compare((Side("A", "a", (before,)), Side("B", "b", (after,))), interleaved=True)
    latency, share = found.differences
    assert (latency.word, latency.interval) == (Word.UNKNOWN, None)
    assert latency.reason == "one run a side does not say how far runs differ by themselves; two or more do"
    assert share.word is Word.MORE


def test_two_rounds_at_a_tiny_risk_tell_nothing_and_say_so() -> None:
    found = only(compare(sides([10.0, 14.0], [12.0, 11.0]), alpha=1e-6, interleaved=True))
    assert (found.interval, found.word) == (None, Word.UNKNOWN)
    assert found.reason == "so few rounds leave any difference possible at this risk; more rounds narrow it"


@pytest.mark.parametrize(("of_runs", "word"), [((500, 480, 510), Word.SAME), ((500, 300, 690), Word.UNKNOWN)])
def test_shares_are_as_sure_as_their_calls_unless_runs_disagree(of_runs: list[int], word: Word) -> None:
    """Runs whose shares differ by more than draws do are the unit, as with everything else."""
    runs = tuple(Figures({SHARE: hits / 1000}, counts={SHARE: (hits, 1000)}) for hits in of_runs)
    sides_ = Side("A", "a", runs), Side("B", "b", (runs[1], runs[2], runs[0]))
    found = only(compare(sides_, interleaved=True, points=0.03))
    assert (found.word, found.change) == (word, pytest.approx(0))


def test_no_failure_at_all_still_leaves_some_possible() -> None:
    """Five runs without a failed call do not differ, and Student's t alone would say: by nothing."""
    run = Figures({ERRORS: 0.0}, counts={ERRORS: (0, 500)})
    found = only(compare((Side("A", "a", (run,) * 5), Side("B", "b", (run,) * 5)), interleaved=True))
    assert found.word is Word.SAME
    assert found.at_most == pytest.approx(0.00153, abs=1e-5)


def test_all_intervals_together_keep_the_risk() -> None:
    three = sides([10, 11, 12], [10, 12, 11], [11, 10, 12])
    found = compare(three, interleaved=True, alpha=0.05)
    assert (found.family, found.each) == (2, 0.025)
    assert found.differences[0].interval == only(compare(three[:2], interleaved=True, alpha=0.025)).interval


def test_of_two_shares_one_is_the_other_one_mirrored_and_costs_nothing() -> None:
    shares = {Metric(Kind.SHARE, "v2"): (90, 100), SHARE: (10, 100)}
    run = Figures({metric: hits / total for metric, (hits, total) in shares.items()}, counts=shares)
    found = compare((Side("A", "a", (run,)), Side("B", "b", (run,))), interleaved=True)
    assert (len(found.differences), found.family) == (2, 1)


def test_what_a_slow_generator_measured_is_not_judged() -> None:
    fine, late = (
        [Figures({P50: value}, late={P50: by}) for value in (10.0, 11.0, 12.0)] for by in (0.1, 2.0)
    )
    found = only(compare((Side("A", "a", tuple(fine)), Side("B", "b", tuple(late))), interleaved=True))
    assert (found.word, found.interval) == (Word.UNKNOWN, None)
    assert found.reason == "the load generator was late by more than a tenth of it; lower the load"
    busy = tuple(replace(run, busy=0.5) for run in fine)
    found = only(compare((Side("A", "a", busy), Side("B", "b", tuple(fine))), interleaved=True))
    assert found.reason == "the load generator had no core to spare in 50 % of its time; lower the load"


def test_what_a_run_refused_is_told_and_costs_nothing() -> None:
    run = Figures({THROUGHPUT: 100.0}, refused={P50: "it needs 30 answers a run, one has 7"})
    found = compare((Side("A", "a", (run,) * 2), Side("B", "b", (run,) * 2)), interleaved=True)
    assert [(one.metric, one.word, one.reason) for one in found.differences] == [
        (P50, Word.UNKNOWN, "it needs 30 answers a run, one has 7"),
        (THROUGHPUT, Word.SAME, ""),
    ]
    assert found.family == 1


def test_runs_that_were_not_taken_in_turn_are_two_groups_and_say_so() -> None:
    found = compare(sides([10, 11, 12, 10, 11], [20, 21, 22, 20, 21, 22]), interleaved=False)
    assert only(found).word is Word.SLOWER
    (warning,) = found.warnings
    assert warning.startswith("the runs were not taken in turn")


SLOWER = sides([10, 10.1, 9.9, 10, 10], [12, 12.1, 12, 11.9, 12.2])


@pytest.mark.parametrize(
    ("claim", "code", "reason"),
    [
        ("p50 <= 1.3 x", ExitCode.HOLDS, "p50 <= 1.3 x holds: measured 1.2 x (1.19 to 1.22)"),
        ("median<=1.1x", ExitCode.REFUTED, "median <= 1.1 x is broken: measured 1.2 x (1.19 to 1.22)"),
        ("p50 ≤ 1.2 ×", ExitCode.UNDECIDED, "p50 <= 1.2 x is still open: measured 1.2 x (1.19 to 1.22)"),
        ("p50 >= 1.1 x", ExitCode.HOLDS, "p50 >= 1.1 x holds: measured 1.2 x (1.19 to 1.22)"),
        (
            "errors <= 1 point",
            ExitCode.UNDECIDED,
            "errors <= 1 point: cannot tell, errors is not on both sides",
        ),
    ],
)
def test_a_claim_is_held_against_the_interval(claim: str, code: ExitCode, reason: str) -> None:
    found = compare(SLOWER, interleaved=True, claims=[parse(claim)])
    assert (found.exit_code, [one.reason for one in found.claims]) == (code, [reason])


def test_a_comparison_without_claims_informs_and_exits_0() -> None:
    found = compare(SLOWER, interleaved=True)
    assert (only(found).word, found.exit_code) == (Word.SLOWER, ExitCode.HOLDS)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("p95 of v3 < 1.1 x", "'p95 of v3 < 1.1 x' is no claim about a comparison"),
        ("p95 <= 10 points", "'p95 <= 10 points': p95 is compared as a ratio, such as 1.1 x"),
        ("errors <= 1.1 x", "'errors <= 1.1 x': errors is compared in points"),
        ("speed <= 2 x", "'speed' in 'speed <= 2 x' is nothing that is compared"),
        ("p0 <= 2 x", "'p0' in 'p0 <= 2 x' is nothing that is compared"),
        ("errors of v_3_ <= 1 point", "'v_3_' in 'errors of v_3_ <= 1 point' is no version name"),
    ],
)
def test_a_claim_that_says_nothing_is_refused(text: str, why: str) -> None:
    with pytest.raises(ClaimError) as refused:
        parse(text)
    assert str(refused.value) == why


@given(st.text("p950 oferstv<=≤x.12", max_size=30))
def test_any_text_is_refused_or_a_claim_that_reads_the_same_again(text: str) -> None:
    with suppress(ClaimError):
        assert parse(parse(text).text) == parse(text)
