"""A comparison as Markdown: a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from ..compare.comparison import Comparison, Side
from ..records import Outcome
from . import comparison_tables as tables
from .markdown import plain

_MARKS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.UNDECIDED: "❔"}


def report(comparison: Comparison) -> str:
    lines = [
        *(f"## {plain(tables.title(comparison, side))}\n" for side in comparison.sides[1:]),
        *(f"- {_MARKS[one.outcome]} {one.candidate}: {plain(one.reason)}" for one in comparison.claims),
        "",
        *(line for side in comparison.sides[1:] for line in (*_table(comparison, side), "")),
        *(f"- {plain(line)}" for line in tables.sides(comparison)),
        *(f"- cannot tell: {plain(reason)}" for reason in tables.reasons(comparison)),
        *(f"- {plain(line)}" for line in tables.method(comparison)),
        *(f"- **warning**: {plain(warning)}" for warning in comparison.warnings),
    ]
    return "\n".join(lines) + "\n"


def _table(comparison: Comparison, side: Side) -> Iterator[str]:
    head = tables.head(comparison, side)
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'--:|' * (len(head) - 2)}---|"
    for row in tables.rows(comparison, side):
        yield f"| {' | '.join(map(plain, row))} |"
