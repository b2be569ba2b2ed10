"""Latencies are compared by quantiles of raw values, and not at all where the figures cannot carry it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.performance.generator import Generator
from analyzer.performance.latency import compare, latencies, quantile, quantile_interval, ratios, refusal
from analyzer.performance.versions import latencies_of
from analyzer.records import Outcome
from analyzer.run.load_summary import Summary, WorkerSummary


def lognormal(seed: int, n: int, scale: float = 100.0) -> np.ndarray:
    return latencies(np.random.default_rng(seed).lognormal(np.log(scale), 0.6, n))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_is_a_value_that_was_measured(values: list[float], q: float) -> None:
    expected = np.quantile(np.array(values), q, method="inverted_cdf")
    assert quantile(latencies(values), q) == expected


@pytest.mark.parametrize("bad", [[-1.0], [float("nan")], [float("inf")]])
def test_what_no_clock_can_show_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match="finite number of milliseconds"):
        latencies(bad)


def test_the_interval_of_a_ratio_covers_the_truth() -> None:
    """300 pairs at 95 %: fewer than 272 hits or more than 298 have a probability below 0.1 % together."""
    hits = 0
    for seed in range(300):
        low, high = np.quantile(
            ratios(lognormal(seed, 900, 110), lognormal(seed + 10_000, 500), 0.95), [0.025, 0.975]
        )
        hits += low <= 1.1 <= high
    assert 272 <= hits <= 298


@pytest.mark.parametrize(
    ("scale", "outcome"), [(100, Outcome.PASS), (130, Outcome.FAIL), (110, Outcome.UNDECIDED)]
)
def test_a_candidate_is_judged_against_the_margin(scale: float, outcome: Outcome) -> None:
    found = compare({"v2": lognormal(1, 20_000), "v3": lognormal(2, 20_000, scale)}, "v3", "v2", 0.95)
    assert found.outcome is outcome


def test_the_reason_names_figure_interval_and_margin() -> None:
    found = compare({"v2": latencies(range(1, 5_001)), "v3": latencies(range(2, 10_001, 2))}, "v3", "v2", 0.5)
    assert found.reason == "p50 of v3 is 2 times that of v2 (1.9 to 2.11), beyond the 1.1 allowed."


def test_too_few_answers_are_refused() -> None:
    few = compare({"v2": lognormal(1, 1_499), "v3": lognormal(2, 20_000)}, "v3", "v2", 0.99)
    assert (few.outcome, few.reason) == (Outcome.UNDECIDED, "p99 of v2 needs 1,500 answers, there are 1,499.")
    assert refusal("v2", lognormal(1, 1_500), 0.99) is None
    assert refusal("v2", lognormal(1, 14_999), 0.999) == "p99.9 of v2 needs 15,000 answers, there are 14,999."


def test_a_generator_that_lagged_is_not_believed() -> None:
    assert refusal("v2", latencies([100.0] * 500), 0.5, Generator(lag_ms=9)) is None
    assert refusal("v2", latencies([100.0] * 500), 0.5, Generator(lag_ms=11)) == (
        "The load generator ran 11 ms late: p50 of v2 would tell of that."
    )


def test_a_generator_that_had_no_core_to_spare_is_not_believed() -> None:
    assert refusal("v2", latencies([100.0] * 500), 0.5, Generator(busy=0.1)) is None
    assert refusal("v2", latencies([100.0] * 500), 0.5, Generator(busy=0.25)) == (
        "The load generator was busy 25 % of its time: p50 of v2 would tell of that."
    )


def test_the_worst_worker_speaks_for_the_generator() -> None:
    pages = pd.DataFrame(
        [(worker, 10.0, 10.0 + late) for worker, late in [(0, 0.001)] * 99 + [(1, 0.02)] * 99],
        columns=["worker", "intended", "start"],
    )
    workers = tuple(
        WorkerSummary(worker=worker, rows=99, cpu_share=busy, busy=busy, capped=3)
        for worker, busy in enumerate((0.5, 0.9))
    )
    summary = Summary(
        run="r", requests=198, failures=0, rows=198, started=0, ended=1, complete=True, workers=workers
    )
    found = Generator.of(pages, summary)
    assert (round(found.lag_ms, 6), found.busy, found.capped) == (20.0, 0.9, 6)
    assert list(found.warnings()) == [
        "the load generator used its whole core 90 % of the time, so latency is not judged; "
        "give it more --processes",
        "6 requests left late, because too many were in flight; allow more with --in-flight",
    ]
    assert Generator.of(pages[:0], None) == Generator()


def test_with_a_schedule_a_page_took_from_when_it_was_due() -> None:
    """Coordinated omission: who had to wait for a free reader has waited, too."""
    pages = pd.DataFrame(
        {"status": 200, "version": "v1", "intended": [1.0, 1.0], "start": [1.0, 3.0], "latency_ms": 5.0}
    )
    assert [round(v) for v in latencies_of(pages, scheduled=True)["v1"]] == [5, 2005]
    assert [round(v) for v in latencies_of(pages, scheduled=False)["v1"]] == [5, 5]


def test_latencies_of_zero_do_not_break_a_ratio() -> None:
    nothing = latencies([0.0] * 100)
    assert compare({"v2": nothing, "v3": nothing}, "v3", "v2", 0.5).outcome is Outcome.PASS
    assert compare({"v2": nothing, "v3": lognormal(1, 100)}, "v3", "v2", 0.5).outcome is Outcome.FAIL


def test_the_interval_of_a_quantile_holds_the_quantile() -> None:
    values = lognormal(1, 3_000)
    interval = quantile_interval(values, 0.95, 0.01)
    assert interval.low < quantile(values, 0.95) < interval.high
