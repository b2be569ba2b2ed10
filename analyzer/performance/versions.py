"""How each version performed: quantiles of its pages, failures of its calls, and how the versions compare.

Weighted routing is a randomised experiment: the proxy drew the version of each call, so a difference between
versions in one run is the version's doing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ..records import UNKNOWN, Version, Weights
from .error_rates import ErrorRate, error_rate
from .generator import Generator
from .latency import Comparison, Latencies, compare, latencies, quantile

MARGIN = 0.1
"""A version counts as slower when a quantile is more than a tenth above the other's."""
COMPARED = (0.5, 0.95)


@dataclass(frozen=True, slots=True)
class VersionPerformance:
    """One version: quantiles in milliseconds of the whole pages it served, and its failed calls.

    ``errors`` counts calls that the proxy logged with another status than 200; None without a proxy's log.
    """

    version: Version
    pages: int
    p50: float
    p90: float
    p95: float
    p99: float
    max: float
    errors: ErrorRate | None

    def as_dict(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in ("version", "pages", *QUANTILES, "max")}
        return numbers | {"errors": self.errors.as_dict() if self.errors else None}


QUANTILES: Mapping[str, float] = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Performance:
    """All versions, and each against the one with the largest weight."""

    versions: tuple[VersionPerformance, ...]
    comparisons: tuple[Comparison, ...]
    generator: Generator

    def as_dict(self) -> dict[str, Any]:
        return {
            "versions": [one.as_dict() for one in self.versions],
            "comparisons": [one.as_dict() for one in self.comparisons],
            "generator_lag_ms": self.generator.lag_ms,
            "generator_busy": self.generator.busy,
        }


def performance(
    weights: Weights,
    by_version: Mapping[Version, Latencies],
    calls: pd.DataFrame,
    alpha: float,
    generator: Generator,
) -> Performance:
    """``calls`` may be empty, where no proxy's log was at hand."""
    failed = failures_of(calls)
    return Performance(
        tuple(_version(one, values, failed.get(one), alpha) for one, values in sorted(by_version.items())),
        tuple(_comparisons(weights, by_version, alpha, generator)),
        generator,
    )


def latencies_of(pages: pd.DataFrame, *, scheduled: bool) -> dict[Version, Latencies]:
    """Sorted milliseconds of the answered pages of each version that a page showed.

    A ``scheduled`` load has a rate: its people come when they come, so a page took from when it was due, and
    a stall is felt by all who came meanwhile. Otherwise nobody asks before an answer, and it took from there.
    """
    answered = pages[(pages["status"] == 200) & pages["version"].notna()]
    took = answered["latency_ms"]
    if scheduled:
        took = took + (answered["start"] - answered["intended"]) * 1000
    groups = took.groupby(answered["version"].astype(object))
    return {str(version): latencies(values.to_numpy()) for version, values in groups}


def failures_of(calls: pd.DataFrame) -> dict[Version, tuple[int, int]]:
    """(failed, all) calls of each version, as the caller's proxy saw them."""
    groups = (calls["code"] != 200).groupby(calls["version"])
    return {str(version): (int(bad.sum()), len(bad)) for version, bad in groups if version != UNKNOWN}


def _version(
    version: Version, values: Latencies, failed: tuple[int, int] | None, alpha: float
) -> VersionPerformance:
    return VersionPerformance(
        version=version,
        pages=len(values),
        **{name: quantile(values, q) for name, q in QUANTILES.items()},
        max=float(values[-1]),
        errors=error_rate(version, *failed, alpha) if failed else None,
    )


def _comparisons(
    weights: Weights, by_version: Mapping[Version, Latencies], alpha: float, generator: Generator
) -> Iterator[Comparison]:
    present = [version for version in sorted(weights.versions, key=weights.share) if version in by_version]
    if not present:
        return
    baseline = present.pop()
    for candidate in sorted(present):
        for q in COMPARED:
            yield compare(by_version, candidate, baseline, q, MARGIN, alpha, generator)


def errors_of(pages: pd.DataFrame) -> Mapping[str, int]:
    """Everything that kept a page from showing reviews with stars, by its name."""
    named = pages["error"].astype(object).fillna(pages["trouble"].astype(object))
    refused = pages["status"].map(lambda status: None if status in (0, 200) else f"status {status}")
    names = refused.astype(object).fillna(named)
    return {str(name): int(count) for name, count in names.value_counts().items()}
