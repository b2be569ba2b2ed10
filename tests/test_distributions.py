"""Our tails and p-values are those of scipy.stats, which is too slow to import for the product itself."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analyzer import distributions

sizes = st.integers(1, 20_000)
shares = st.floats(1e-4, 1 - 1e-4)
levels = st.floats(1e-6, 0.999)


def same(expected: float) -> object:
    return pytest.approx(expected, rel=1e-9, abs=1e-200)


@given(sizes, shares, st.integers(-2, 20_002))
def test_binomial_tails(requests: int, share: float, hits: int) -> None:
    assert distributions.binomial_cdf(hits, requests, share) == same(stats.binom.cdf(hits, requests, share))
    assert distributions.binomial_sf(hits, requests, share) == same(stats.binom.sf(hits, requests, share))


@given(sizes, shares, levels)
def test_binomial_quantiles_are_the_first_counts_that_reach_the_level(
    requests: int, share: float, level: float
) -> None:
    most = distributions.binomial_ppf(level, requests, share)
    assert distributions.binomial_cdf(most, requests, share) >= level
    assert most == 0 or distributions.binomial_cdf(most - 1, requests, share) < level
    most = distributions.binomial_isf(level, requests, share)
    assert distributions.binomial_sf(most, requests, share) <= level
    assert most == 0 or distributions.binomial_sf(most - 1, requests, share) > level


@given(sizes, shares, st.floats(0, 1))
def test_the_p_value_of_a_share_is_that_of_the_exact_test(requests: int, share: float, where: float) -> None:
    for hits in (round(where * requests), int(requests * share), int((requests + 1) * share)):
        expected = stats.binomtest(hits, requests, share).pvalue
        assert distributions.binomial_p(hits, requests, share) == same(expected)


def test_the_p_value_of_a_share_takes_no_list_of_all_counts() -> None:
    """A hundred million requests: their counts in a row would be 800 MB."""
    expected = stats.binomtest(10_004_000, 100_000_000, 0.1).pvalue
    assert distributions.binomial_p(10_004_000, 100_000_000, 0.1) == pytest.approx(expected, rel=1e-6)


@given(st.integers(1, 3_000), st.integers(1, 3_000), st.data())
def test_fishers_p_value(of: int, of_others: int, data: st.DataObject) -> None:
    hits, others = data.draw(st.integers(0, of)), data.draw(st.integers(0, of_others))
    table = [[hits, of - hits], [others, of_others - others]]
    assert distributions.fisher_p(hits, of, others, of_others) == same(stats.fisher_exact(table).pvalue)


@given(levels, st.floats(0.5, 5_000), st.floats(0.5, 5_000))
def test_beta_quantiles(level: float, a: float, b: float) -> None:
    assert distributions.beta_ppf(level, a, b) == same(stats.beta.ppf(level, a, b))
    assert distributions.beta_isf(level, a, b) == same(stats.beta.isf(level, a, b))


@given(st.floats(0, 500), st.integers(1, 60))
def test_chi_squared_tails(statistic: float, freedom: int) -> None:
    assert distributions.chi2_cdf(statistic, freedom) == same(stats.chi2.cdf(statistic, freedom))
    assert distributions.chi2_sf(statistic, freedom) == same(stats.chi2.sf(statistic, freedom))


@given(st.floats(1e-6, 0.5), st.floats(1, 500))
def test_students_quantiles(level: float, freedom: float) -> None:
    assert distributions.student_isf(level, freedom) == same(stats.t.isf(level, freedom))


@pytest.mark.parametrize("module", ["weighbridge.run", "weighbridge.conduct", "analyzer.judge"])
def test_nothing_of_the_product_waits_for_scipy_stats(module: str) -> None:
    told = f"import sys, {module}; sys.exit('scipy.stats' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0


def test_a_load_that_nobody_looks_at_does_not_wait_for_scipy() -> None:
    told = "import sys, locustfiles._wiring; print({'scipy', 'analyzer.live'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", told], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
