"""The judgement's tables as rows of text, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ..judgement import Judgement
from ..performance.failures import Failure
from ..performance.versions import VersionPerformance
from ..records import Version
from .figures import count, milliseconds, percent, seconds, span, spell, utc

Row = Sequence[str]

SHARES = ("version", "weight", "promised", "proxy", "page", "seen", "interval")
AUDIT = ("over", "variance", "p", "calls are worth", "finding")
EVIDENCE = ("version", "gets", "ln e for", "ln e against")
FIXED = ("version", "count", "share", "interval", "p of the opposite")
PERFORMANCE = ("version", "pages", "p50", "p90", "p95", "p99", "max", "failed calls")

CHANGES = ("weights", "asked for", "in force after", "seen", "verdict")


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


def changes(judgement: Judgement) -> Iterator[Row]:
    """The weights of a run, one after the other, and what each came to."""
    run = judgement.run
    parts = [
        (one.promise, one.applied, one.live, judged.split)
        for one, judged in zip(run.earlier, judgement.earlier, strict=True)
    ]
    for promise, applied, live, split in (*parts, (run.promise, run.applied, run.live, judgement.split)):
        wait = seconds(live - applied) if live and applied else "–"
        after = f" after {count(split.certain_after)}" if split.certain_after else ""
        asked = utc(int(applied))[11:] if applied else "–"
        seen = ", ".join(f"{one.version} {percent(one.share)}" for one in split.shares)
        yield (str(promise.weights), asked, wait, seen, f"{split.outcome.value}{after}")


def failures_head(judgement: Judgement) -> Row:
    return ("code", "flags", "what it means", "UTC", *(one.version for one in judgement.error_rates))


def failures(judgement: Judgement) -> Iterator[Row]:
    """One kind of failure a row, one version a column, in calls."""
    kinds: dict[tuple[int, str, str], dict[Version, Failure]] = {}
    for one in judgement.failures:
        kinds.setdefault((one.code, one.flags, one.meaning), {})[one.version] = one
    for (code, flags, meaning), found in sorted(kinds.items(), key=_calls, reverse=True):
        when = spell(min(one.first for one in found.values()), max(one.last for one in found.values()))
        cells = (
            count(found[one.version].calls) if one.version in found else "–" for one in judgement.error_rates
        )
        yield (str(code) if code else "none", flags or "–", meaning, when, *cells)


def _calls(kind: tuple[tuple[int, str, str], Mapping[Version, Failure]]) -> int:
    return sum(one.calls for one in kind[1].values())


def troubles(judgement: Judgement) -> Iterator[Row]:
    for name, pages in judgement.errors.items():
        yield (
            name,
            count(pages),
            percent(pages / judgement.by_page.total if judgement.by_page.total else None),
        )


def pods(judgement: Judgement) -> Iterator[Row]:
    for pod in judgement.run.pods:
        yield (pod.name, pod.namespace, pod.labels.get("version", "–"), pod.ip)
