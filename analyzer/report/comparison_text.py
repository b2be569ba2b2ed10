"""A comparison for a terminal: one table a configuration, in the manner of benchstat."""

from __future__ import annotations

from collections.abc import Iterator

from ..compare.comparison import Comparison, Side
from . import comparison_tables as tables


def report(comparison: Comparison) -> str:
    """The whole report as plain text, without colours, ready to be compared in a test."""
    parts = [
        [tables.title(comparison, side) for side in comparison.sides[1:]],
        [f"  {line}" for line in tables.sides(comparison)],
        *(list(_table(comparison, side)) for side in comparison.sides[1:]),
        [f"  {one.outcome.value:<9}  {one.candidate}: {one.reason}" for one in comparison.claims],
        [f"  cannot tell: {reason}" for reason in tables.reasons(comparison)],
        [f"  {line}" for line in tables.method(comparison)],
        [f"  warning: {warning}" for warning in comparison.warnings],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _table(comparison: Comparison, side: Side) -> Iterator[str]:
    """The first and the last column flush left, the numbers between flush right."""
    lines = [tables.head(comparison, side), *tables.rows(comparison, side)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for name, *numbers, words in lines:
        cells = [number.rjust(width) for number, width in zip(numbers, widths[1:-1], strict=True)]
        yield "  ".join(["", name.ljust(widths[0]), *cells, words]).rstrip()
