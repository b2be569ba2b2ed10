"""A run folder goes in, one judgement comes out; the same folder always gives the same judgement."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace

import pandas as pd

from .diagnosis import collect
from .diagnosis.diagnose import Diagnosis, diagnose
from .diagnosis.lines import Lines
from .judgement import CALLS, PAGES, Judgement, Matching, Share
from .performance import claim_results, claims
from .performance.claim_results import ClaimResult, Measured
from .performance.curves import curves
from .performance.error_rates import ErrorRate, error_rate
from .performance.failures import failures
from .performance.generator import Generator
from .performance.latency import Latencies
from .performance.versions import errors_of, failures_of, latencies_of, performance
from .reconcile.reconcile import reconcile
from .reconcile.record import Reconciliation
from .records import UNKNOWN, Distribution, Outcome, Version
from .run import requests
from .run.called import called
from .run.calls import Joined, Seen
from .run.folder import Earlier, Resumed, RunFolder
from .run.load_summary import Summary
from .run.second_try import second_try
from .run.witnesses import Evidence, evidence
from .split import intervals
from .split.audit import Audit, Pattern, audit
from .split.intervals import Interval
from .split.segments import Segment, Span
from .split.sequential import SplitTest
from .split.trajectory import trajectory
from .split.verdict import passes, verdict
from .split.watch import Tally, start, watch
from .split.windows import windows


def judge(folder: RunFolder) -> Judgement:
    """Judge the run from its rows and logs alone; raises JudgementError where it is no run."""
    run = folder.read()
    lines = Lines(run.id, run.live)
    found = evidence(folder, run, lines)
    run, joined, seen = found.run, found.joined, found.seen
    promise = run.promise
    test = SplitTest(promise.weights, promise.within, promise.alpha, promise.budget)
    tally, checked = watch(test, start(test), found.decided), _audit(found)
    latencies = latencies_of(joined.pages, scheduled=bool(run.load.get("rate")))
    generator = Generator.of(joined.pages, Summary.read(folder.path))
    matching, errors = _matching(joined, seen) if seen else None, errors_of(joined.pages)
    side_by_side = reconcile(folder, run, requests.read(folder.requests))
    judgement = Judgement(
        folder=str(folder.path),
        run=run,
        split=verdict(test, tally),
        claims=_claims(found, latencies, generator),
        audit=checked,
        unit=CALLS if seen else PAGES,
        judged=len(found.decided),
        shares=tuple(_shares(found)),
        by_proxy=joined.by_proxy if seen else None,
        by_page=joined.by_page,
        matching=matching,
        second_try=second_try(joined, failures_of(joined.calls)) if seen else None,
        reconciliation=side_by_side,
        lines=found.lines if seen else None,
        excluded_before_live=joined.excluded_before_live - sum(len(one.pages) for one in found.earlier),
        performance=performance(promise.weights, latencies, joined.calls, promise.alpha, generator),
        errors=errors,
        objections=tuple(_objections(found, errors, tally, test, checked)),
        looks=trajectory(test, found.decided),
        warnings=(
            *_warnings(found, matching),
            *_unexplained(side_by_side),
            *generator.warnings(),
        ),
        earlier=tuple(map(_segment, run.earlier, found.earlier)),
        windows=windows([one.decisions for one in (*found.earlier, joined)]),
        curves=curves(latencies, promise.alpha),
        failures=failures(joined.calls) if seen else (),
        error_rates=tuple(_error_rates(joined, promise.alpha)) if seen else (),
        graph=called(folder) if seen else None,
    )
    return replace(judgement, diagnosis=_diagnosis(judgement, found, lines, folder))


def _diagnosis(judgement: Judgement, found: Evidence, lines: Lines, folder: RunFolder) -> Diagnosis:
    """Why the split is as it is; further claims are not its subject."""
    outcome = judgement.split.outcome
    if judgement.objections and outcome is Outcome.PASS:
        outcome = Outcome.UNDECIDED
    return diagnose(collect.case(found, lines, folder.objects(), outcome, _columns(found)))


def _error_rates(joined: Joined, alpha: float) -> Iterator[ErrorRate]:
    """Of every version that was called, also of one that never came to show a page."""
    for version, (failed, calls) in sorted(failures_of(joined.calls).items()):
        yield error_rate(version, failed, calls, alpha)


def _segment(one: Earlier, joined: Joined) -> Segment:
    """An earlier promise of the same run, judged by what was drawn while it held."""
    promise = one.promise
    test = SplitTest(promise.weights, promise.within, promise.alpha, promise.budget)
    tally = watch(test, start(test), joined.decisions["version"].tolist())
    return Segment(promise, Span(one.live, one.ended), verdict(test, tally))


def _claims(
    found: Evidence, latencies: Mapping[Version, Latencies], generator: Generator
) -> tuple[ClaimResult, ...]:
    """What was claimed beside the split, judged as one family."""
    run, joined, decided = found.run, found.joined, found.decided
    versions = run.promise.weights.versions
    measured = Measured(
        weights=run.promise.weights,
        counts={version: decided.count(version) for version in versions},
        unlabelled=decided.count(UNKNOWN),
        latencies=latencies,
        failed=failures_of(joined.calls),
        generator=generator,
    )
    asked = tuple(claims.parse(text) for text in run.promise.claims)
    return claim_results.judge(asked, measured, run.promise.alpha)


_GROUPS = {
    "connection": "connection",
    "worker": "worker",
    "gateway pod": "gateway",
    "productpage pod": "reporter",
}
"""What should make no difference to a draw, and the column of the decisions that tells it."""


def _columns(found: Evidence) -> dict[str, list[Hashable]]:
    return {name: found.decisions[column].tolist() for name, column in _GROUPS.items()}


def _audit(found: Evidence) -> Audit:
    return audit(found.decided, _columns(found), chain="connection")


def _objections(
    found: Evidence, errors: Mapping[str, int], tally: Tally, test: SplitTest, checked: Audit
) -> Iterator[str]:
    """Why nothing passes although the counts look good: there is less behind them than their number says."""
    if silence := _silence(found.joined.pages, errors):
        yield silence
    worst = min(checked.checks, key=lambda check: check.effective_requests)
    if worst.pattern is Pattern.CLUSTERED and not passes(
        test, tally, worst.effective_requests / checked.requests
    ):
        yield worst.words.rstrip(".")


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


def _shares(found: Evidence) -> Iterator[Share]:
    """Every version that was promised something or answered, in the order of the weights."""
    promise, by_page = found.run.promise, found.joined.by_page
    by_proxy = found.joined.by_proxy if found.seen else None
    judged = Distribution.of(found.decided)
    labelled = judged.total - judged[UNKNOWN]
    answered = {version for version, _ in (*judged.counts, *by_page.counts)} - {UNKNOWN}
    versions = (*promise.weights.versions, *sorted(answered - set(promise.weights.versions)))
    for version in versions:
        least, most = judged[version], judged[version] + judged[UNKNOWN]
        yield Share(
            version=version,
            weight=promise.weights.as_dict().get(version, 0),
            promised=promise.weights.share(version),
            proxy=by_proxy[version] if by_proxy else None,
            page=by_page[version],
            seen=least / labelled if labelled else None,
            interval=intervals.wilson(least, labelled, promise.alpha, of=len(versions)),
            bounds=Interval(least / judged.total, most / judged.total) if judged.total else Interval(0, 1),
        )


def _silence(pages: pd.DataFrame, errors: Mapping[str, int]) -> str | None:
    """Why no page tells a version, where none does: the proxies' logs alone are half of the evidence."""
    if not len(pages):
        return "no page was asked for, or no row was kept"
    if pages["version"].notna().any():
        return None
    causes = ", ".join(f"{name} on {number:,}" for name, number in errors.items())
    return f"not one of {len(pages):,} pages shows a version: {causes}"


def _unexplained(found: Reconciliation | None) -> Iterator[str]:
    if found and found.residue:
        records = "1 record" if found.residue == 1 else f"{found.residue:,} records"
        yield f"side by side, nothing explains {records}: see `weighbridge trace --unmatched`"


def _gap(resumed: Resumed) -> str:
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(resumed.at))
    return f"the run was gone on with at {at} UTC; its load had ended before because {resumed.ending}"


def _warnings(found: Evidence, matching: Matching | None) -> Iterator[str]:
    """What a reader must know before believing the figures."""
    run, joined, account = found.run, found.joined, found.lines
    if run.ended is None:
        yield "the run did not end in order: its last rows and log lines may be missing"
    yield from map(_gap, run.resumed)
    yield from run.disturbed
    if run.until is not None:
        yield f"{joined.excluded_after} pages from the time of other routes are not counted"
    yield from run.missing
    yield from (f"requests/{name} is not there: its rows are lost" for name in found.absent)
    if account.malformed:
        yield f"{account.malformed} of {account.lines} log lines could not be read"
    if joined.lost:
        yield f"the calls of {joined.lost} pages are not in the log: PASS and FAIL hold whatever they were"
    if matching and matching.disagree:
        yield f"{matching.disagree} pages show another version than the proxy called"
