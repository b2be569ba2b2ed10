"""The judgement's tables as rows of text, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..judgement import Judgement
from ..performance import VersionPerformance
from .figures import count, milliseconds, percent, span

Row = Sequence[str]

SHARES = ("version", "weight", "promised", "proxy", "page", "seen", "interval")
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
    return f"{count(one.errors.failed)} of {count(one.errors.requests)}" if one.errors else "–"
