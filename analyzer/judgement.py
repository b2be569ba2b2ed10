"""A run folder goes in, one judgement comes out: what verdict.json and every report are made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from . import calls, intervals, requests, split
from .access_log.entries import Account, entries
from .calls import Joined, Marked, Seen
from .exit_codes import OF_OUTCOME
from .intervals import Interval
from .percentiles import Percentiles, by_version
from .records import UNKNOWN, Distribution, Outcome, Version
from .run import Run, RunFolder
from .split import SplitTest
from .split_verdict import SplitVerdict, verdict

FORMAT = 1
"""Of verdict.json. History: 1 is the first."""
CALLS = "reviews calls in productpage's outbound log"
PAGES = "pages, by their stars: no proxy log was at hand"


@dataclass(frozen=True, slots=True)
class Share:
    """One version: what was promised, what each witness counted, and how sure the judged share is.

    Shares and interval bounds are 0 to 1. ``interval`` holds for all versions together with 1 - alpha.
    """

    version: Version
    weight: int
    promised: float
    proxy: int | None
    page: int
    seen: float | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class Matching:
    """How the two witnesses fit, request by request; see ``calls.Joined``."""

    pages: int
    calls: int
    exactly_one: int
    asked_again: int
    without_call: int
    without_page: int
    disagree: int
    foreign: int

    @property
    def is_perfect(self) -> bool:
        odd = (self.asked_again, self.without_call, self.without_page, self.disagree)
        return not any(odd) and self.pages == self.calls == self.exactly_one


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything a report says of one run."""

    folder: str
    run: Run
    split: SplitVerdict
    unit: str
    judged: int
    shares: tuple[Share, ...]
    by_proxy: Distribution | None
    by_page: Distribution
    matching: Matching | None
    lines: Account | None
    excluded_before_live: int
    latencies: tuple[Percentiles, ...]
    errors: Mapping[str, int]
    warnings: tuple[str, ...]

    @property
    def outcome(self) -> Outcome:
        return self.split.outcome

    def as_dict(self) -> dict[str, Any]:
        """The content of verdict.json; the first keys are the ones that later versions keep."""
        promise = self.run.promise
        return {
            "verdict": self.outcome.value,
            "exit_code": int(OF_OUTCOME[self.outcome]),
            "run": self.folder,
            "weights": promise.weights.as_dict(),
            "within": promise.within,
            "alpha": promise.alpha,
            "requests": self.judged,
            "witnesses": {
                "proxy": self.by_proxy.as_dict() if self.by_proxy else {},
                "page": self.by_page.as_dict(),
            },
            "unmatched": {
                "pages": self.matching.without_call if self.matching else None,
                "calls": self.matching.without_page if self.matching else None,
            },
            "excluded_before_live": self.excluded_before_live,
            "format": FORMAT,
            "id": self.run.id,
            "unit": self.unit,
            "budget": promise.budget,
            "power": promise.power,
            "split": self.split.as_dict(),
            "shares": [asdict(share) for share in self.shares],
            "matching": asdict(self.matching) if self.matching else None,
            "lines": _lines(self.lines) if self.lines else None,
            "latency_ms": [asdict(latency) for latency in self.latencies],
            "errors": dict(self.errors),
            "warnings": list(self.warnings),
            "ending": self.run.ending,
        }


def judge(folder: RunFolder) -> Judgement:
    """Judge the run from its rows and logs alone; the same folder always gives the same judgement."""
    run = folder.read()
    pages = requests.read(folder.requests)
    account = Account()
    seen = calls.of_run(_calls(folder, run, account), run.id) if run.mesh else None
    joined = calls.join(pages, seen.calls, run.live) if seen else calls.pages_only(pages)
    decided = joined.calls["version"] if seen else joined.pages["version"].astype(object)
    test = SplitTest(run.promise.weights, run.promise.within, run.promise.alpha, run.promise.budget)
    tally = split.watch(test, split.start(test), list(decided))
    matching = _matching(joined, seen) if seen else None
    return Judgement(
        folder=str(folder.path),
        run=run,
        split=verdict(test, tally),
        unit=CALLS if seen else PAGES,
        judged=tally.requests,
        shares=tuple(_shares(run, joined, has_calls=seen is not None)),
        by_proxy=joined.by_proxy if seen else None,
        by_page=joined.by_page,
        matching=matching,
        lines=account if seen else None,
        excluded_before_live=joined.excluded_before_live,
        latencies=tuple(by_version(joined.pages)),
        errors=_errors(joined.pages),
        warnings=tuple(_warnings(run, matching, account, joined.pages)),
    )


def _calls(folder: RunFolder, run: Run, account: Account) -> Iterator[Marked]:
    """The reviews calls in the callers' logs; every line of them is accounted for."""
    versions = run.versions_by_ip()
    for pod in run.pods_of(calls.CALLER):
        path = folder.log_of(pod)
        if not path.exists():
            continue
        with path.open("rb") as stream:
            for entry in entries(stream, account, pod.name):
                if found := calls.call(pod.name, entry, versions):
                    yield found


def _matching(joined: Joined, seen: Seen) -> Matching:
    return Matching(
        pages=len(joined.pages),
        calls=len(joined.calls),
        exactly_one=joined.exactly_one,
        asked_again=joined.asked_again,
        without_call=joined.without_call,
        without_page=joined.without_page,
        disagree=joined.disagree,
        foreign=seen.foreign,
    )


def _shares(run: Run, joined: Joined, *, has_calls: bool) -> Iterator[Share]:
    """Every version that was promised something or answered, in the order of the weights."""
    promise, by_proxy, by_page = run.promise, joined.by_proxy, joined.by_page
    judged = by_proxy if has_calls else by_page
    answered = {version for version, _ in (*by_proxy.counts, *by_page.counts)} - {UNKNOWN}
    versions = (*promise.weights.versions, *sorted(answered - set(promise.weights.versions)))
    for version in versions:
        yield Share(
            version=version,
            weight=promise.weights.as_dict().get(version, 0),
            promised=promise.weights.share(version),
            proxy=by_proxy[version] if has_calls else None,
            page=by_page[version],
            seen=judged.share(version),
            interval=intervals.wilson(judged[version], judged.total, promise.alpha, of=len(versions)),
        )


def _lines(account: Account) -> dict[str, int]:
    return {
        "lines": account.lines,
        "access": account.access,
        "other": account.other,
        "malformed": account.malformed,
    }


def _errors(pages: pd.DataFrame) -> Mapping[str, int]:
    """Everything that kept a page from showing reviews with stars, by its name."""
    named = pages["error"].astype(object).fillna(pages["trouble"].astype(object))
    refused = (
        pages["status"].where(~pages["status"].isin([0, 200])).map(lambda s: f"status {s:.0f}", "ignore")
    )
    return {str(name): int(count) for name, count in refused.fillna(named).value_counts().items()}


def _warnings(run: Run, matching: Matching | None, account: Account, pages: pd.DataFrame) -> Iterator[str]:
    """What a reader must know before believing the figures."""
    if not len(pages):
        yield "no page was asked for, or no row was kept"
    if run.ended is None:
        yield "the run did not end in order: its last rows and log lines may be missing"
    yield from run.missing
    if account.malformed:
        yield f"{account.malformed} of {account.lines} log lines could not be read"
    if matching and matching.disagree:
        yield f"{matching.disagree} pages show another version than the proxy called"
