"""Intervals and p-values agree with independent implementations and cover what they claim."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from statsmodels.stats.proportion import proportion_confint

from analyzer.split.intervals import (
    Interval,
    always_valid,
    clopper_pearson,
    equivalence_p,
    goodness_p,
    wilson,
)

counts = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@settings(max_examples=60)
@given(counts)
def test_wilson_and_clopper_pearson_agree_with_statsmodels(count: tuple[int, int]) -> None:
    for ours, method in ((wilson, "wilson"), (clopper_pearson, "beta")):
        found, expected = ours(*count, 0.05), proportion_confint(*count, 0.05, method=method)
        assert (found.low, found.high) == pytest.approx(expected, abs=1e-9)


def test_without_requests_every_interval_is_everything() -> None:
    everything = Interval(0.0, 1.0)
    assert [wilson(0, 0, 0.05), clopper_pearson(0, 0, 0.05), always_valid(0, 0, 0.05)] == [everything] * 3


def test_a_band_contains_what_was_seen_and_is_wider_where_answers_have_no_label() -> None:
    clean, unsure = always_valid(100, 1_000, 0.01), always_valid(100, 1_000, 0.01, unlabelled=50)
    assert clean.low < 0.1 < clean.high
    assert unsure.low == clean.low
    assert unsure.high > clean.high


def test_the_band_holds_at_every_look() -> None:
    """200 runs of 2 000 requests, each looked at 20 times: at 5 % more than 21 misses have p < 0.1 %."""
    rng = np.random.default_rng(7)
    misses = 0
    for _ in range(200):
        hits = np.cumsum(rng.random(2_000) < 0.1)
        bands = [always_valid(int(hits[n - 1]), n, 0.05) for n in range(100, 2_001, 100)]
        misses += any(not band.low <= 0.1 <= band.high for band in bands)
    assert misses <= 21


def test_goodness_of_fit_is_exact_for_small_samples() -> None:
    """Three versions, six requests: summed by hand over the 28 possible outcomes."""
    assert goodness_p([6, 0, 0], [0.5, 0.25, 0.25]) == pytest.approx(
        sum(
            p
            for a in range(7)
            for b in range(7 - a)
            if (p := binom.pmf(a, 6, 0.5) * binom.pmf(b, 6 - a, 0.5)) <= 0.5**6 * (1 + 1e-12)
        )
    )
    assert goodness_p([10, 90], [0.1, 0.9]) == pytest.approx(1.0)
    assert goodness_p([1, 99], [0.0, 1.0]) == 0.0
    assert goodness_p([0, 0], [0.5, 0.5]) == 1.0


def test_goodness_of_fit_of_a_large_sample_is_drawn_and_repeatable() -> None:
    found = goodness_p([8_000, 1_000, 1_100], [0.8, 0.1, 0.1])
    assert found == goodness_p([8_000, 1_000, 1_100], [0.8, 0.1, 0.1])
    assert 0.01 < found < 0.1


def test_equivalence_at_a_fixed_size_is_proved_only_well_inside_the_margin() -> None:
    assert equivalence_p(422, 4_217, 0.08, 0.12) < 1e-4
    assert equivalence_p(506, 4_217, 0.08, 0.12) > 0.4
    assert equivalence_p(0, 100, -0.01, 0.05) == pytest.approx(0.95**100)
