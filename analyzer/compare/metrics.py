"""What is compared between two configurations: latency quantiles, errors, shares and throughput."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..performance.latency import quantile_name
from ..records import Version


class Kind(StrEnum):
    """``latency`` and ``throughput`` are compared as ratios, ``errors`` and ``share`` as differences."""

    LATENCY = "latency"
    THROUGHPUT = "throughput"
    ERRORS = "errors"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class Metric:
    """``version`` is None where all pages of a run are meant, ``quantile`` (0 to 1) where there is none."""

    kind: Kind
    version: Version | None = None
    quantile: float | None = None

    @property
    def is_ratio(self) -> bool:
        return self.kind in (Kind.LATENCY, Kind.THROUGHPUT)

    @property
    def name(self) -> str:
        """As a claim names it: ``p95 of v3``, ``errors``, ``share of v2``."""
        subject = self.kind.value if self.quantile is None else quantile_name(self.quantile)
        return f"{subject} of {self.version}" if self.version else subject

    @property
    def unit(self) -> str:
        return {Kind.LATENCY: "ms", Kind.THROUGHPUT: "pages/s"}.get(self.kind, "share")
