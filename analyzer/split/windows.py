"""How the split went over time: what each version got in one window after the other, for charts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..records import UNKNOWN, Version

_MOST = 40
_ENOUGH = 40
"""Calls that a window should have on the mean, so that its share tells something."""
_WIDTHS = [base * 10.0**power for power in range(-1, 12) for base in (1, 2, 5)]
"""Seconds, such as people read on a clock; no two times of a run lie further apart than the last."""


@dataclass(frozen=True, slots=True)
class Window:
    """What was drawn within ``seconds`` from ``at`` (Unix seconds), for the calls that are judged."""

    at: float
    seconds: float
    counts: tuple[tuple[Version, int], ...]

    @property
    def labelled(self) -> int:
        return sum(count for version, count in self.counts if version != UNKNOWN)

    @property
    def calls(self) -> int:
        return sum(count for _, count in self.counts)


def windows(decisions: Sequence[pd.DataFrame], most: int = _MOST) -> tuple[Window, ...]:
    """About so many windows of one width, by when the calls began; nothing where there was no call.

    ``decisions`` are those of each part of the run between two changes of the weights, in their order: no
    window reaches from one part into the next.
    """
    told = [one for one in decisions if len(one)]
    if not told:
        return ()
    length = max(float(one["start"].max()) for one in told) - min(float(one["start"].min()) for one in told)
    most = max(3, min(most, sum(map(len, told)) // _ENOUGH))
    width = next((width for width in _WIDTHS if length / width < most), _WIDTHS[-1])
    return tuple(window for one in told for window in _windows(one, width))


def _windows(decisions: pd.DataFrame, width: float) -> Iterator[Window]:
    first = float(decisions["start"].min())
    places = np.floor((decisions["start"] - first) / width).astype(int).tolist()
    found: dict[int, Counter[Version]] = {place: Counter() for place in range(max(places) + 1)}
    for place, version in zip(places, decisions["version"].tolist(), strict=True):
        found[place][version] += 1
    for place, counts in found.items():
        yield Window(first + place * width, width, tuple(sorted(counts.items())))
