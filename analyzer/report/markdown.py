"""The judgement as Markdown: a CI step summary, a comment on a pull request."""

from __future__ import annotations

from ..judgement import Judgement
from ..records import Outcome
from . import sentences
from .figures import count, milliseconds, percent, span

_MARKS = {Outcome.PASS: "✅", Outcome.FAIL: "❌", Outcome.UNDECIDED: "❔"}


def report(judgement: Judgement) -> str:
    verdict = f"{_MARKS[judgement.outcome]} {judgement.outcome.value.upper()}"
    lines = [
        f"## {verdict}: {plain(sentences.headline(judgement))}",
        "",
        plain(judgement.split.reason),
        "",
        "| version | weight | promised | proxy | page | seen | interval |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(
            f"| {plain(s.version)} | {s.weight} | {percent(s.promised)} "
            f"| {'–' if s.proxy is None else count(s.proxy)} | {count(s.page)} "
            f"| {percent(s.seen)} | {span(s.interval)} |"
            for s in judgement.shares
        ),
        "",
        "| latency | pages | p50 | p90 | p99 | max |",
        "|---|--:|--:|--:|--:|--:|",
        *(
            f"| {plain(one.version)} | {count(one.pages)} | "
            + " | ".join(map(milliseconds, (one.p50, one.p90, one.p99, one.max)))
            + " |"
            for one in judgement.latencies
        ),
        "",
        *(f"- {plain(fact)}" for fact in sentences.facts(judgement)),
        *(f"- **warning**: {plain(warning)}" for warning in judgement.warnings),
    ]
    return "\n".join(lines) + "\n"


def plain(text: str) -> str:
    """Text that no Markdown reader takes for markup, whoever wrote it."""
    escaped = "".join(f"\\{character}" if character in r"\`*_[]<>|#~" else character for character in text)
    return " ".join(escaped.split())
