"""One run in figures: what of it is compared with other runs, since the run is the unit, not the request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

import numpy as np
from numpy.typing import NDArray

from ..access_log.quantiles import BEYOND
from ..records import Version
from .metrics import Kind, Metric

Milliseconds = NDArray[np.float64]
Counts = tuple[int, int]
"""How many there were, of how many."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What one run saw. The key None stands for all pages together.

    ``late`` is by how much the load generator was late with each page of ``latencies``; ``busy`` the part of
    its seconds without a core to spare. ``calls`` are judged calls by version, ``failed`` pages (None) and
    calls that failed. ``seconds`` is how long pages were asked for.
    """

    latencies: Mapping[Version | None, Milliseconds]
    late: Mapping[Version | None, Milliseconds]
    calls: Mapping[Version, int]
    failed: Mapping[Version | None, Counts]
    answered: int
    seconds: float
    busy: float = 0.0


@dataclass(frozen=True, slots=True)
class Figures:
    """``values`` are milliseconds, pages a second or shares (0 to 1); ``counts`` is what shares are made of.

    ``late`` has milliseconds of the load generator at the same quantile. ``refused`` says why a figure that
    was asked for cannot be given.
    """

    values: Mapping[Metric, float]
    counts: Mapping[Metric, Counts] = field(default_factory=dict)
    late: Mapping[Metric, float] = field(default_factory=dict)
    refused: Mapping[Metric, str] = field(default_factory=dict)
    busy: float = 0.0


def figures(sample: Sample, quantiles: Sequence[float]) -> Figures:
    values: dict[Metric, float] = {}
    late: dict[Metric, float] = {}
    refused: dict[Metric, str] = {}
    for metric, milliseconds in _latencies(sample, quantiles):
        if why := _too_few(metric, milliseconds):
            refused[metric] = why
        else:
            values[metric] = _quantile(milliseconds, metric)
            late[metric] = _quantile(sample.late[metric.version], metric)
    counts = dict(_counts(sample))
    values |= {metric: hits / total for metric, (hits, total) in counts.items()}
    if sample.seconds:
        values[Metric(Kind.THROUGHPUT)] = sample.answered / sample.seconds
    return Figures(values, counts, late, refused, sample.busy)


def _latencies(sample: Sample, quantiles: Sequence[float]) -> Iterator[tuple[Metric, Milliseconds]]:
    for version, milliseconds in sample.latencies.items():
        for q in quantiles:
            yield Metric(Kind.LATENCY, version, q), milliseconds


def _too_few(metric: Metric, milliseconds: Milliseconds) -> str | None:
    q = metric.quantile or 0.5
    least = ceil(BEYOND / min(q, 1 - q) - 1e-9)
    if len(milliseconds) >= least:
        return None
    return f"it needs {least:,} answers a run, one has {len(milliseconds):,}"


def _quantile(milliseconds: Milliseconds, metric: Metric) -> float:
    """Median-unbiased (Hyndman and Fan, The American Statistician 50, 1996, definition 8).

    An order statistic would be lower in small runs: with 300 answers by 1 % at p95 of a usual spread, so that
    a version would look slower wherever its weight is larger.
    """
    return float(np.quantile(milliseconds, metric.quantile or 0.5, method="median_unbiased"))


def _counts(sample: Sample) -> Iterator[tuple[Metric, Counts]]:
    for version, (failed, total) in sample.failed.items():
        if total:
            yield Metric(Kind.ERRORS, version), (failed, total)
    if total := sum(sample.calls.values()):
        for version, calls in sample.calls.items():
            yield Metric(Kind.SHARE, version), (calls, total)
