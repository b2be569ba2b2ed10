"""A run folder goes in, one judgement comes out; the same folder always gives the same judgement."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from . import calls, claim_results, claims, intervals, requests
from .access_log.entries import Account, entries
from .audit import audit
from .calls import Joined, Marked, Seen
from .claim_results import ClaimResult, Measured
from .judgement import CALLS, PAGES, Judgement, Matching, Share
from .performance import failures_of, lag_ms, latencies_of, performance
from .records import UNKNOWN, Version
from .run import Run, RunFolder
from .split import SplitTest
from .split_verdict import verdict
from .watch import start, watch


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a run folder holds, before anybody judges it.

    ``decided`` are the versions in the order in which they were decided; ``seen`` is None where no proxy's
    log was at hand, and then pages stand in for calls.
    """

    run: Run
    joined: Joined
    seen: Seen | None
    lines: Account
    decided: list[Version]


def evidence(folder: RunFolder) -> Evidence:
    """Read the run's rows and logs; raises JudgementError where it is no run."""
    run = folder.read()
    pages, account = requests.read(folder.requests), Account()
    seen = calls.of_run(_calls(folder, run, account), run.id) if run.mesh else None
    joined = calls.join(pages, seen.calls, run.live) if seen else calls.pages_only(pages)
    return Evidence(run, joined, seen, account, joined.decisions["version"].tolist())


def judge(folder: RunFolder) -> Judgement:
    """Judge the run from its rows and logs alone; raises JudgementError where it is no run."""
    found = evidence(folder)
    run, joined, seen = found.run, found.joined, found.seen
    promise = run.promise
    test = SplitTest(promise.weights, promise.within, promise.alpha, promise.budget)
    matching, errors = _matching(joined, seen) if seen else None, _errors(joined.pages)
    silence = _silence(joined.pages, errors)
    return Judgement(
        folder=str(folder.path),
        run=run,
        split=verdict(test, watch(test, start(test), found.decided)),
        claims=_claims(run, joined, found.decided),
        audit=audit(found.decided, _groups(joined) if seen else {}),
        unit=CALLS if seen else PAGES,
        judged=len(found.decided),
        shares=tuple(_shares(run, joined, has_calls=seen is not None)),
        by_proxy=joined.by_proxy if seen else None,
        by_page=joined.by_page,
        matching=matching,
        lines=found.lines if seen else None,
        excluded_before_live=joined.excluded_before_live,
        performance=performance(promise.weights, joined.pages, joined.calls, promise.alpha),
        errors=errors,
        silence=silence,
        warnings=tuple(_warnings(run, joined, matching, found.lines)),
    )


def _claims(run: Run, joined: Joined, decided: Sequence[str]) -> tuple[ClaimResult, ...]:
    """What was claimed beside the split, judged as one family."""
    versions = run.promise.weights.versions
    measured = Measured(
        weights=run.promise.weights,
        counts={version: decided.count(version) for version in versions},
        unlabelled=decided.count(UNKNOWN),
        latencies=latencies_of(joined.pages),
        failed=failures_of(joined.calls),
        lag_ms=lag_ms(joined.pages),
    )
    asked = tuple(claims.parse(text) for text in run.promise.claims)
    return claim_results.judge(asked, measured, run.promise.alpha)


def _groups(joined: Joined) -> Mapping[str, Sequence[Hashable]]:
    """What should make no difference to a draw, where there is more than one of it."""
    columns = {"worker": joined.decisions["worker"], "productpage pod": joined.decisions["reporter"]}
    return {name: column.tolist() for name, column in columns.items() if column.nunique() > 1}


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


def _errors(pages: pd.DataFrame) -> Mapping[str, int]:
    """Everything that kept a page from showing reviews with stars, by its name."""
    named = pages["error"].astype(object).fillna(pages["trouble"].astype(object))
    refused = pages["status"].map(lambda status: None if status in (0, 200) else f"status {status}")
    names = refused.astype(object).fillna(named)
    return {str(name): int(count) for name, count in names.value_counts().items()}


def _silence(pages: pd.DataFrame, errors: Mapping[str, int]) -> str | None:
    """Why no page tells a version, where none does: the proxies' logs alone are half of the evidence."""
    if not len(pages):
        return "no page was asked for, or no row was kept"
    if pages["version"].notna().any():
        return None
    causes = ", ".join(f"{name} on {number:,}" for name, number in errors.items())
    return f"not one of {len(pages):,} pages shows a version: {causes}"


def _warnings(run: Run, joined: Joined, matching: Matching | None, account: Account) -> Iterator[str]:
    """What a reader must know before believing the figures."""
    if run.ended is None:
        yield "the run did not end in order: its last rows and log lines may be missing"
    yield from run.missing
    if account.malformed:
        yield f"{account.malformed} of {account.lines} log lines could not be read"
    if joined.lost:
        yield f"the calls of {joined.lost} pages are not in the log: PASS and FAIL hold whatever they were"
    if matching and matching.disagree:
        yield f"{matching.disagree} pages show another version than the proxy called"
