"""How the calls of one way went over time, by version: stacked areas with their outlines, for a template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..access_log.survey import Moment
from ..records import Version
from . import figures

WIDTH, HEIGHT = 600.0, 70.0
_COLUMNS = 120


@dataclass(frozen=True, slots=True)
class Series:
    """``areas`` are SVG polygons within WIDTH × HEIGHT, one a version from bottom to top."""

    areas: tuple[tuple[Version, str], ...]
    first: str
    last: str
    most: str


@dataclass(frozen=True, slots=True)
class Columns:
    """``counts`` are each version's calls in columns of ``width`` seconds, from Unix second ``first`` on."""

    first: int
    last: int
    width: int
    counts: dict[Version, list[int]]

    @property
    def most(self) -> int:
        """Calls of the fullest column."""
        totals: list[int] = [sum(column) for column in zip(*self.counts.values(), strict=True)]
        return max(totals)

    @property
    def rate(self) -> str:
        return f"{self.most / self.width:,.3g} calls per second"


def columns(moments: Sequence[Moment], most: int) -> Columns | None:
    """In at most so many columns; None for what did not last two seconds."""
    timed = [one for one in moments if one.second]
    first, last = min((m.second for m in timed), default=0), max((m.second for m in timed), default=0)
    if first == last:
        return None
    width = -(-(last - first + 1) // most)
    counts: dict[Version, list[int]] = {}
    for one in sorted(timed, key=lambda moment: moment.version):
        column = counts.setdefault(one.version, [0] * -(-(last - first + 1) // width))
        column[(one.second - first) // width] += one.calls
    return Columns(first, last, width, counts)


def series(moments: Sequence[Moment]) -> Series | None:
    """None for what did not last two seconds."""
    found = columns(moments, _COLUMNS)
    if found is None:
        return None
    below = [0] * len(next(iter(found.counts.values())))
    areas = []
    for version, counts in found.counts.items():
        above = [low + count for low, count in zip(below, counts, strict=True)]
        areas.append((version, _area(below, above, found.most)))
        below = above
    return Series(tuple(areas), figures.utc(found.first), figures.utc(found.last)[11:], found.rate)


def _area(below: Sequence[int], above: Sequence[int], most: int) -> str:
    """As steps: a column is as wide as its seconds."""
    step = WIDTH / len(above)
    upper = [(x, _y(one, most)) for n, one in enumerate(above) for x in (n * step, (n + 1) * step)]
    lower = [(x, _y(one, most)) for n, one in enumerate(below) for x in (n * step, (n + 1) * step)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])


def _y(count: int, most: int) -> float:
    return HEIGHT * (1 - count / most)
