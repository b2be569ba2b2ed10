"""How the shares and their always-valid bands moved while the requests came in, for charts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..records import Version
from .intervals import Interval, always_valid
from .sequential import SplitTest
from .watch import Tally, start, watch


@dataclass(frozen=True, slots=True)
class Look:
    """After so many requests: each version's share (None while no answer has a label) and its band.

    The bands hold at all looks and for all versions at once with probability 1 - alpha. They are for the eye;
    the verdict has its own, sharper evidence.
    """

    requests: int
    unlabelled: int
    shares: tuple[tuple[Version, float | None, Interval], ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "unlabelled": self.unlabelled,
            "shares": {version: {"share": share, **band.as_dict()} for version, share, band in self.shares},
        }


def trajectory(test: SplitTest, decided: Sequence[Version | None], points: int = 120) -> tuple[Look, ...]:
    """About so many looks, evenly spread on a logarithmic scale, the last one after everything."""
    total = len(decided)
    ends = sorted({max(1, round(total ** (i / points))) for i in range(points)} | {total}) if total else []
    looks, tally, begin = [], start(test), 0
    for end in ends:
        tally, begin = watch(test, tally, decided[begin:end]), end
        looks.append(look(test, tally))
    return tuple(looks)


def look(test: SplitTest, tally: Tally) -> Look:
    """How it stands at this count."""
    labelled, versions = tally.requests - tally.unlabelled, test.weights.versions
    shares = tuple(
        (
            version,
            count / labelled if labelled else None,
            always_valid(count, tally.requests, test.alpha / len(versions), tally.unlabelled),
        )
        for version, count in zip(versions, tally.counts, strict=True)
    )
    return Look(tally.requests, tally.unlabelled, shares)
