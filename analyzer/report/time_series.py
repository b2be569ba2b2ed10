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


def series(moments: Sequence[Moment]) -> Series | None:
    """None for what did not last two seconds."""
    seconds = [one.second for one in moments if one.second]
    if not seconds or max(seconds) == min(seconds):
        return None
    first, last = min(seconds), max(seconds)
    width = -(-(last - first + 1) // _COLUMNS)  # seconds in a column
    columns = -(-(last - first + 1) // width)
    counts: dict[Version, list[int]] = {}
    for one in moments:
        if one.second:
            counts.setdefault(one.version, [0] * columns)[(one.second - first) // width] += one.calls
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    below = [0] * columns
    areas = []
    for version in sorted(counts):
        above = [low + count for low, count in zip(below, counts[version], strict=True)]
        areas.append((version, _area(below, above, max(totals))))
        below = above
    return Series(
        tuple(areas),
        figures.utc(first),
        figures.utc(last)[11:],
        f"{max(totals) / width:,.3g} calls per second",
    )


def _area(below: Sequence[int], above: Sequence[int], most: int) -> str:
    """As steps: a column is as wide as its seconds."""
    step = WIDTH / len(above)
    upper = [(x, _y(one, most)) for n, one in enumerate(above) for x in (n * step, (n + 1) * step)]
    lower = [(x, _y(one, most)) for n, one in enumerate(below) for x in (n * step, (n + 1) * step)]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in [*upper, *reversed(lower)])


def _y(count: int, most: int) -> float:
    return HEIGHT * (1 - count / most)
