"""Whether the load generator can be believed about latency: how late it was, and how busy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

from ..run.load_summary import Summary

_LAG = 0.1
"""A generator that was late by more than a tenth of a figure tells of itself."""
_BUSY = 0.1
"""So does one that had no core to spare in more than a tenth of its seconds: answers waited to be read."""


@dataclass(frozen=True, slots=True)
class Generator:
    """The worst of the load's workers: ``lag_ms`` is the p99 of how late its requests left.

    ``busy`` is the part of its seconds, 0 to 1, that it spent above 90 % of its one core; ``capped`` are the
    requests of all workers that left late because too many were in flight.
    """

    lag_ms: float = 0.0
    busy: float = 0.0
    capped: int = 0

    @classmethod
    def of(cls, pages: pd.DataFrame, summary: Summary | None) -> Self:
        """From the rows, and from what the load says of itself, where it came to say it."""
        late = (pages["start"] - pages["intended"]) * 1000
        lags = [np.percentile(values, 99) for _, values in late.groupby(pages["worker"])]
        workers = summary.workers if summary else ()
        return cls(
            lag_ms=float(max(lags, default=0.0)),
            busy=max((one.busy for one in workers), default=0.0),
            capped=sum(one.capped for one in workers),
        )

    def objection(self, what: str, milliseconds: float) -> str | None:
        """Why a figure of that size must not be judged, or None."""
        if self.lag_ms > _LAG * milliseconds:
            return f"The load generator ran {self.lag_ms:.3g} ms late: {what} would tell of that."
        if self.busy > _BUSY:
            return (
                f"The load generator was busy {100 * self.busy:.0f} % of its time: {what} would tell of that."
            )
        return None

    def warnings(self) -> Iterator[str]:
        """What a reader must know of it."""
        if self.busy > _BUSY:
            share = f"{100 * self.busy:.0f} %"
            yield (
                f"the load generator used its whole core {share} of the time, so latency is not judged; "
                "give it more --processes"
            )
        if self.capped:
            late = f"{self.capped} requests left late, because too many were in flight"
            yield f"{late}; allow more with --in-flight"
