"""The judgement for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..judgement import Judgement
from . import sentences
from .figures import count, milliseconds, percent, span

Row = Sequence[str]


def report(judgement: Judgement) -> str:
    """The whole report as plain text, without colours, ready to be compared in a test."""
    parts = [
        [f"{judgement.outcome.value.upper()}  {sentences.headline(judgement)}"],
        [f"  {judgement.split.reason}"],
        _table(["version", "weight", "promised", "proxy", "page", "seen", "interval"], _shares(judgement)),
        _table(["latency", "pages", "p50", "p90", "p99", "max"], _latencies(judgement)),
        [f"  {line}" for line in sentences.facts(judgement)],
        [f"  warning: {warning}" for warning in judgement.warnings],
        [f"  report: {judgement.folder}/report.html"],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _shares(judgement: Judgement) -> Iterator[Row]:
    for share in judgement.shares:
        yield (
            share.version,
            str(share.weight),
            percent(share.promised),
            "–" if share.proxy is None else count(share.proxy),
            count(share.page),
            percent(share.seen),
            span(share.interval),
        )


def _latencies(judgement: Judgement) -> Iterator[Row]:
    for one in judgement.latencies:
        yield (one.version, count(one.pages), *map(milliseconds, (one.p50, one.p90, one.p99, one.max)))


def _table(head: Row, rows: Iterator[Row]) -> list[str]:
    """Columns flush right, the first one flush left; nothing where there are no rows."""
    body = list(rows)
    if not body:
        return []
    widths = [max(len(row[column]) for row in (head, *body)) for column in range(len(head))]
    return [
        "  "
        + "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in pairs)
        for pairs in (list(enumerate(zip(row, widths, strict=True))) for row in (head, *body))
    ]
