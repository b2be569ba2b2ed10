"""Error rates come with exact intervals, their differences with those of a peer-reviewed method."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep

from analyzer.performance.error_rates import error_difference, error_rate

rates = st.integers(2, 5_000).flatmap(lambda n: st.tuples(st.integers(1, n - 1), st.just(n)))


@settings(max_examples=40)
@given(rates, rates)
def test_the_interval_of_a_difference_agrees_with_statsmodels(a: tuple[int, int], b: tuple[int, int]) -> None:
    found = error_difference(error_rate("v3", *a), error_rate("v2", *b), alpha=0.05)
    assert found is not None
    expected = confint_proportions_2indep(*a, *b, method="newcomb", alpha=0.05)
    assert (found.interval.low, found.interval.high) == pytest.approx(expected, abs=1e-9)


def test_no_errors_in_a_hundred_answers_still_allow_a_few_percent() -> None:
    rate = error_rate("v3", 0, 100, alpha=0.01)
    assert (rate.rate, rate.interval.low) == (0.0, 0.0)
    assert rate.interval.high == pytest.approx(1 - 0.005 ** (1 / 100))


def test_a_version_that_never_answered_has_no_rate_and_no_difference() -> None:
    silent = error_rate("v3", 0, 0)
    assert silent.rate is None
    assert error_difference(silent, error_rate("v2", 1, 10)) is None
