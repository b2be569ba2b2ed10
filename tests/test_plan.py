"""A plan says before a run how many requests its claim needs, and refuses what cannot be promised."""

from __future__ import annotations

import pytest
from statsmodels.stats.proportion import power_binom_tost

from analyzer.records import Weights
from analyzer.split.plan import PlanError, equivalence_power, plan, suggested_within

CANARY = Weights.parse("v2=90,v3=10")
THREE = Weights.parse("v1=80,v2=10,v3=10")


@pytest.mark.parametrize(
    ("weights", "within", "requests"), [(CANARY, 2, 4217), (CANARY, 5, 707), (THREE, 2, 8966)], ids=str
)
def test_the_requests_of_a_plan_are_the_published_ones(
    weights: Weights, within: float, requests: int
) -> None:
    assert plan(weights, within).requests == requests


def test_the_power_of_a_plan_is_exact_and_agrees_with_statsmodels() -> None:
    ours = equivalence_power(4217, 0.1, 2, 0.01)
    assert ours == pytest.approx(power_binom_tost(0.08, 0.12, 4217, p_alt=0.1, alpha=0.01), abs=1e-12)
    assert equivalence_power(4216, 0.1, 2, 0.01) < 0.95 <= ours


def test_a_plan_can_be_read_by_machines() -> None:
    made = plan(CANARY).as_dict()
    assert list(made) == [
        *("weights", "within", "alpha", "power", "requests", "by_version"),
        *("expected_requests", "p95_requests", "budget", "passes"),
    ]
    assert (made["requests"], made["budget"]) == (4217, 6748)
    assert made["by_version"] == {"v2": 4217, "v3": 4217}


def test_a_correct_split_is_expected_to_finish_before_the_fixed_size_and_within_the_budget() -> None:
    made = plan(CANARY)
    assert made.expected_requests < made.requests < made.p95_requests < made.budget
    assert made.passes > made.power
    assert made.seconds(rate=100) == made.expected_requests / 100


def test_a_plan_is_the_same_every_time() -> None:
    assert plan(THREE) == plan(THREE)


def test_a_version_of_weight_zero_needs_enough_clean_requests() -> None:
    """At 228 a version that gets 2 % has shown itself with a probability of 99 %."""
    made = plan(Weights.parse("v1=0,v2=100"), 2)
    assert made.requests == made.expected_requests == 228


@pytest.mark.parametrize(
    ("weights", "within"),
    [
        ("v2=50,v3=50", 2.0),
        ("v2=90,v3=10", 2.0),
        ("v2=95,v3=5", 1.0),
        ("v2=98,v3=2", 0.5),
        ("v2=999,v3=1", 0.05),
    ],
)
def test_the_margin_suggested_is_two_points_and_narrower_for_small_weights(
    weights: str, within: float
) -> None:
    assert suggested_within(Weights.parse(weights)) == within


@pytest.mark.parametrize(
    ("weights", "within", "alpha", "power", "message", "hint"),
    [
        ("v2=90,v3=10", 0, 0.01, 0.95, "±0 points is no margin", "try --within 2"),
        ("v2=90,v3=10", float("nan"), 0.01, 0.95, "±nan points is no margin", "try --within 2"),
        (
            *("v2=90,v3=10", 10, 0.01, 0.95),
            "±10 points around 10 % would pass v3 getting nothing at all",
            "try --within 2",
        ),
        (
            "v2=90,v3=10",
            2,
            0,
            0.95,
            "alpha 0 is no error rate worth stating",
            "try --alpha 0.01; at most 0.2",
        ),
        (
            *("v2=90,v3=10", 2, 0.01, 1),
            "power 1 is a coin toss or a miracle",
            "try --power 0.95; 0.5 or more, below 1",
        ),
        (
            *("v2=50,v3=50", 0.0001, 0.01, 0.95),
            "±0.0001 points would take more than 1,000,000,000 requests",
            "ask for a wider margin, for example --within 0.001",
        ),
    ],
)
def test_a_plan_that_cannot_keep_its_promise_is_refused(
    weights: str, within: float, alpha: float, power: float, message: str, hint: str
) -> None:
    with pytest.raises(PlanError) as refusal:
        plan(Weights.parse(weights), within, alpha, power)
    assert (str(refusal.value), refusal.value.hint) == (message, hint)
