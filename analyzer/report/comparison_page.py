"""A comparison as one HTML file that needs nothing else: it works offline, in print and in dark mode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..compare.comparison import Comparison, Side
from ..compare.metrics import Kind, Metric
from ..records import Outcome
from . import comparison_tables as tables
from .forest import WIDTH, Forest, forest
from .pages import PAGES
from .run_lines import RunLines, run_lines


@dataclass(frozen=True, slots=True)
class _Told:
    """One candidate: its sentence, its table, its drawings."""

    side: Side
    title: str
    rows: list[tables.Row]
    head: tables.Row
    ratios: Forest | None
    shares: Forest | None


def report(comparison: Comparison) -> str:
    outcomes = {one.outcome for one in comparison.claims}
    worst = (one for one in (Outcome.FAIL, Outcome.UNDECIDED, Outcome.PASS) if one in outcomes)
    return PAGES.get_template("comparison.html").render(
        comparison=comparison,
        outcome=next(worst, None),
        told=[_told(comparison, side) for side in comparison.sides[1:]],
        sides=list(tables.sides(comparison)),
        reasons=list(tables.reasons(comparison)),
        method=list(tables.method(comparison)),
        lines=list(_lines(comparison)),
        width=WIDTH,
    )


def _told(comparison: Comparison, side: Side) -> _Told:
    found = comparison.of(side)
    return _Told(
        side,
        tables.title(comparison, side),
        list(tables.rows(comparison, side)),
        tables.head(comparison, side),
        forest([one for one in found if one.metric.is_ratio]),
        forest([one for one in found if not one.metric.is_ratio]),
    )


def _lines(comparison: Comparison) -> Iterator[RunLines]:
    """How latency went from run to run: what drifts or jumps is seen at once."""
    metrics = {metric for side in comparison.sides for run in side.figures for metric in run.values}
    for metric in sorted(
        (one for one in metrics if one.kind is Kind.LATENCY and one.version is None), key=_quantile
    ):
        if found := run_lines(comparison.sides, metric):
            yield found


def _quantile(metric: Metric) -> float:
    return metric.quantile or 0.0
