"""Latency at every quantile: what is drawn, where it ends, and that its intervals hold."""

from __future__ import annotations

import numpy as np

from analyzer.performance.curves import curves
from analyzer.performance.latency import latencies, quantile


def test_a_curve_ends_where_fewer_than_fifteen_pages_are_slower() -> None:
    (curve,) = curves({"v2": latencies(range(1, 1001))}, 0.01)
    assert (curve.version, curve.pages) == ("v2", 1000)
    assert curve.points[-1].quantile == 1 - 15 / 1000
    assert [point.quantile for point in curve.points] == sorted(point.quantile for point in curve.points)


def test_a_version_that_hardly_answered_has_no_curve() -> None:
    (curve,) = curves({"v2": latencies([1.0] * 15)}, 0.01)
    assert curve.points == ()


def test_intervals_of_quantiles_hold_as_often_as_they_say() -> None:
    """400 seeded samples at alpha = 10 %: a sound interval fails here once in 10 000."""
    rng, missed, samples, alpha = np.random.default_rng(7), np.zeros(3), 400, 0.1
    for _ in range(samples):
        (curve,) = curves({"v2": latencies(rng.exponential(size=200))}, alpha)
        for place, index in enumerate((10, 30, -1)):
            point = curve.points[index]
            true = -np.log1p(-point.quantile)
            missed[place] += not point.low <= true <= point.high
    assert (missed / samples < alpha + 3.8 * np.sqrt(alpha * (1 - alpha) / samples)).all()


def test_a_point_is_the_quantile_itself() -> None:
    values = latencies(np.random.default_rng(1).exponential(size=500))
    (curve,) = curves({"v2": values}, 0.01)
    for point in curve.points:
        assert point.low <= point.milliseconds == quantile(values, point.quantile) <= point.high
