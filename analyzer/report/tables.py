"""The judgement's tables as rows of text, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..judgement import Judgement
from ..performance.versions import VersionPerformance
from .figures import count, milliseconds, percent, span

Row = Sequence[str]

SHARES = ("version", "weight", "promised", "proxy", "page", "seen", "interval")
AUDIT = ("over", "variance", "p", "calls are worth", "finding")
EVIDENCE = ("version", "gets", "ln e for", "ln e against")
FIXED = ("version", "count", "share", "interval", "p of the opposite")
PERFORMANCE = ("version", "pages", "p50", "p90", "p95", "p99", "max", "failed calls")


def shares(judgement: Judgement) -> Iterator[Row]:
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


def performance(judgement: Judgement) -> Iterator[Row]:
    for one in judgement.performance.versions:
        times = (one.p50, one.p90, one.p95, one.p99, one.max)
        yield (one.version, count(one.pages), *map(milliseconds, times), _failed(one))


def _failed(one: VersionPerformance) -> str:
    """With the exact interval of the rate."""
    if one.errors is None:
        return "–"
    return f"{count(one.errors.failed)} of {count(one.errors.requests)} ({span(one.errors.interval)})"


def audit(judgement: Judgement) -> Iterator[Row]:
    for check in judgement.audit.checks:
        phi, p = ("–" if value is None else f"{value:.3g}" for value in (check.phi, check.p))
        yield (check.name, phi, p, count(check.effective_requests), check.pattern.replace("-", " "))


def evidence(judgement: Judgement) -> Iterator[Row]:
    for side in judgement.split.evidence:
        words = f"{'at most' if side.at_most else 'at least'} {percent(side.border)}"
        against = "–" if side.log_against is None else f"{side.log_against:.2f}"
        yield (side.version, words, f"{side.log_for:.2f}", against)


def fixed(judgement: Judgement) -> Iterator[Row]:
    for one in judgement.split.shares:
        opposite = f"{one.equivalence_p:.3g}"
        yield (one.version, count(one.count), percent(one.share), span(one.interval), opposite)
