"""How long the pages of each version took, from the raw values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .records import Version


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Of one version's answered pages, in milliseconds; ``pages`` says how many values they come from."""

    version: Version
    pages: int
    p50: float
    p90: float
    p99: float
    max: float


def by_version(pages: pd.DataFrame) -> Iterator[Percentiles]:
    """Percentiles (linear between neighbours, as numpy's default) for each version a page showed."""
    answered = pages[(pages["status"] == 200) & pages["version"].notna()]
    for version, group in answered.groupby(answered["version"].astype(object)):
        latency = group["latency_ms"].to_numpy()
        p50, p90, p99 = (float(value) for value in np.percentile(latency, [50, 90, 99]))
        yield Percentiles(str(version), len(latency), p50, p90, p99, float(latency.max()))
