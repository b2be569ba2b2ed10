"""The judgement as Markdown: a CI step summary, a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from ..judgement import Judgement
from ..records import Outcome
from . import causes, provenance, sentences, tables
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
        "",
        plain(f"run {judgement.run.id}: {provenance.software(judgement.run)}"),
    ]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """Text that no Markdown reader takes for markup, whoever wrote it."""
    escaped = "".join(f"\\{character}" if character in r"\`*_[]<>|#~" else character for character in text)
    return " ".join(escaped.split())


def _table(head: Row, rows: Iterator[Row]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|---|{'--:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(map(plain, row))} |"
