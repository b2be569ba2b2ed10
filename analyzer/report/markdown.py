"""The judgement as Markdown: a CI step summary, a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from .. import harmless
from ..judgement import Judgement
from ..reconcile.record import Reconciliation
from ..records import Outcome
from . import causes, provenance, sentences, side_by_side, tables
from .tables import Row

_MARKS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.UNDECIDED: "❔"}


def report(judgement: Judgement) -> str:
    verdict = f"{_MARKS[judgement.outcome]} {judgement.outcome.value.upper()}"
    lines = [
        f"## {verdict}: {plain(sentences.title(judgement))}",
        "",
        plain(judgement.split.reason),
        "",
        *(f"**{plain(objection)}**\n" for objection in judgement.objections),
        *(f"- {_MARKS[claim.outcome]} {plain(claim.reason)}" for claim in judgement.claims),
        "",
        *(causes.markdown(judgement, plain) if causes.is_told(judgement) else ()),
        *_table(tables.SHARES, tables.shares(judgement)),
        "",
        *_table(tables.PERFORMANCE, tables.performance(judgement)),
        "",
        *(f"- {plain(fact)}" for fact in sentences.facts(judgement)),
        *(f"- **warning**: {plain(warning)}" for warning in judgement.warnings),
        *_side_by_side(judgement.reconciliation),
        "",
        plain(f"run {judgement.run.id}: {provenance.software(judgement.run)}"),
    ]
    return "\n".join(lines) + "\n"


def _side_by_side(found: Reconciliation | None) -> Iterator[str]:
    """Where there is any difference to explain: from witness to witness, then what became of the calls."""
    if found is None or side_by_side.is_plain(found):
        return
    yield "\n### Witnesses side by side\n"
    yield from _table(side_by_side.STEPS, side_by_side.steps(found))
    yield ""
    yield from _table(side_by_side.crossing_head(found), side_by_side.crossings(found))
    if found.telemetry:
        yield ""
        yield from _table(side_by_side.TELEMETRY, side_by_side.telemetry(found))


def plain(text: str) -> str:
    """Text that no Markdown reader takes for markup, whoever wrote it."""
    escaped = "".join(f"\\{character}" if character in r"\`*_[]<>|#~" else character for character in text)
    return harmless.line(" ".join(escaped.split()))


def _table(head: Row, rows: Iterator[Row]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'--:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(map(plain, row))} |"
