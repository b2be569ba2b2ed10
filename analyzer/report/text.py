"""The judgement for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from ..judgement import Judgement
from ..reconcile.record import Reconciliation
from . import causes, sentences, side_by_side, tables
from .tables import Row


def report(judgement: Judgement) -> str:
    """The whole report as plain text, without colours, ready to be compared in a test."""
    parts = [
        [f"{judgement.outcome.value.upper()}  {sentences.headline(judgement)}"],
        [f"  {judgement.split.reason}"],
        [f"  {claim.outcome.value:<9}  {claim.reason}" for claim in judgement.claims],
        [f"  {line}" for line in causes.text(judgement)] if causes.is_told(judgement) else [],
        _table(tables.SHARES, tables.shares(judgement)),
        _table(tables.PERFORMANCE, tables.performance(judgement)),
        [f"  {line}" for line in sentences.facts(judgement)],
        *_side_by_side(judgement.reconciliation),
        [f"  warning: {warning}" for warning in judgement.warnings],
        [f"  report: {judgement.folder}/report.html"],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _side_by_side(found: Reconciliation | None) -> Iterator[list[str]]:
    """From witness to witness, where there is any difference to explain."""
    if found is None or side_by_side.is_plain(found):
        return
    rows = [(what, records, why) for what, records, why, _ in side_by_side.steps(found)]
    wide, number = (max(len(row[column]) for row in rows) for column in (0, 1))
    yield ["  witnesses side by side, from the reader to the pods and back to the page"] + [
        f"  {what:<{wide}}  {records:>{number}}  {why}".rstrip() for what, records, why in rows
    ]
    yield _table(side_by_side.crossing_head(found), side_by_side.crossings(found))
    if found.telemetry:
        yield _table(side_by_side.TELEMETRY, side_by_side.telemetry(found))


def _table(head: Row, rows: Iterator[Row]) -> list[str]:
    """Columns flush right, the first one flush left; nothing where there are no rows."""
    body = list(rows)
    if not body:
        return []
    widths = [max(len(row[column]) for row in (head, *body)) for column in range(len(head))]
    return [_line(row, widths) for row in (head, *body)]


def _line(row: Row, widths: list[int]) -> str:
    first, *rest = zip(row, widths, strict=True)
    cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
    return "  " + "  ".join(cells)
