"""What a judgement comes to in sentences, for every format."""

from __future__ import annotations

from collections.abc import Iterator

from ..judgement import Judgement, Matching
from ..performance.failures import Failure
from ..records import Outcome
from ..split.audit import INNOCENT, Pattern
from ..split.segments import Segment
from . import side_by_side
from .figures import count, many, percent, span, spell


def title(judgement: Judgement) -> str:
    """The verdict in a few words, for people who have never seen a weight."""
    splits, claims = judgement.split.outcome, judgement.claims
    if splits is Outcome.FAIL:
        return "The traffic does not split as promised"
    if broken := sum(claim.outcome is Outcome.FAIL for claim in claims):
        return f"Of {len(claims)} claims about this traffic {broken} {'is' if broken == 1 else 'are'} broken"
    if judgement.outcome is Outcome.PASS:
        return "The traffic splits as promised" + (", and every claim about it holds" if claims else "")
    if splits is Outcome.PASS and not judgement.objections:
        return "The traffic splits as promised, but not every claim about it is proved"
    return "There is too little evidence to tell how the traffic splits"


def headline(judgement: Judgement) -> str:
    """The verdict in one sentence."""
    told = _split(judgement)
    if judgement.objections and judgement.outcome is Outcome.UNDECIDED:
        return f"{judgement.objections[0]}; {told}"
    if judgement.outcome is judgement.split.outcome:
        return told
    number = sum(claim.outcome is judgement.outcome for claim in judgement.claims)
    if not number:
        return f"earlier weights of the same run were refuted; {told}"
    word = "refuted" if judgement.outcome is Outcome.FAIL else "still open"
    return f"{number} of {len(judgement.claims)} further claims {word}; {told}"


def _split(judgement: Judgement) -> str:
    promise, after = judgement.run.promise, judgement.split.certain_after
    claim = f"{promise.weights} within {promise.within:g} points"
    certain = f"certain after {count(after)} {judgement.unit}" if after else ""
    return {
        Outcome.PASS: f"the mesh splits {claim}: {certain}",
        Outcome.FAIL: f"the mesh does not split {claim}: {certain}",
        Outcome.UNDECIDED: f"too little evidence about {claim}: {count(judgement.judged)} {judgement.unit}",
    }[judgement.split.outcome]


def grouped(judgement: Judgement) -> list[tuple[str, list[str]]]:
    """The facts by what they are about, the word before the colon; latency has a place of its own."""
    found: dict[str, list[str]] = {}
    for fact in facts(judgement):
        about, colon, told = fact.partition(": ")
        found.setdefault(about if colon else "load", []).append(told if colon else fact)
    found.pop("latency", None)
    return list(found.items())


def facts(judgement: Judgement) -> Iterator[str]:
    """Everything else that one should know, most important first."""
    if judgement.matching:
        yield from _witnesses(judgement.matching)
        yield from _second_try(judgement)
        if judgement.reconciliation:
            yield from side_by_side.facts(judgement.reconciliation)
    else:
        pages = count(judgement.by_page.total)
        yield f"witness: pages only ({pages}); Bookinfo's second try can hide decisions"
    if judgement.run.applied and judgement.run.live:
        wait, early = judgement.run.live - judgement.run.applied, judgement.excluded_before_live
        yield f"gate: weights live after {wait:.2g} s; {many(early, 'request')} before, not counted"
    yield from map(_earlier, judgement.earlier)
    for name, pages_with in judgement.errors.items():
        yield f"trouble: {name} on {many(pages_with, 'page')}"
    yield from map(_failed, judgement.failures)
    alpha = percent(judgement.run.promise.alpha, 0 if judgement.run.promise.alpha >= 0.01 else 2)
    yield f"risk: a false PASS at most {alpha}, a false FAIL at most {alpha}, whenever anybody looks"
    if judgement.claims:
        together = (
            f"{count(len(judgement.claims))} further claims" if len(judgement.claims) > 1 else "further claim"
        )
        yield f"risk: the same again for the {together}, taken together"
    yield from _audit(judgement)
    yield from (f"latency: {comparison.reason}" for comparison in judgement.performance.comparisons)
    yield from _slower(judgement)
    if judgement.run.ending:
        yield f"the load ended because {judgement.run.ending}"


def _failed(failure: Failure) -> str:
    """Calls that ended alike, with Envoy's flags in words, and when that was."""
    code = f"code {failure.code}" if failure.code else "no answer"
    flags = f" {failure.flags}" if failure.flags else ""
    what = f"{many(failure.calls, 'call')} to {failure.version}, {code}{flags}: {failure.meaning}"
    return f"failed: {what} ({spell(failure.first, failure.last)} UTC)"


def _earlier(segment: Segment) -> str:
    """Weights that were in force before others were applied while the load ran."""
    split = segment.split
    words = f"earlier: {segment.weights} within {segment.promise.within:g} points: {split.outcome.name}"
    if split.certain_after:
        return f"{words}, certain after {count(split.certain_after)} calls"
    return f"{words}, other weights were applied after {count(split.requests)} calls"


def _audit(judgement: Judgement) -> Iterator[str]:
    """Whether the calls were independent draws, on which every stated risk rests."""
    checks = judgement.audit.checks
    yield from (f"audit: {check.words}" for check in checks if check.pattern not in INNOCENT)
    fine = [f"{c.name} {c.phi:.2f}" for c in checks if c.pattern is Pattern.INDEPENDENT and c.phi is not None]
    if fine:
        yield f"audit: like independent draws (variance over theirs: {', '.join(fine)})"
    if few := [check.name for check in checks if check.pattern is Pattern.TOO_FEW]:
        yield f"audit: nothing to compare: {', '.join(few)}"
    if judgement.audit.unlabelled:
        bounds = ", ".join(f"{share.version} {span(share.bounds)}" for share in judgement.shares)
        yield (
            f"audit: {many(judgement.audit.unlabelled, 'decision')} without a version; whatever they were, "
            f"the shares are {bounds}, and PASS and FAIL hold for all of that"
        )


def _slower(judgement: Judgement) -> Iterator[str]:
    """How to ask so that versions can be compared, where readers asked for more than could leave in time."""
    run, told = judgement.run, judgement.performance
    if (
        run.ended
        and not run.load.get("rate")
        and any(told.generator.objection("p50", one.p50) for one in told.versions)
    ):
        reached = judgement.by_page.total / max(run.ended - run.started, 1)
        half = float(f"{reached / 2:.1g}")
        yield (
            f"latency: to compare versions, ask for less than these {reached:.0f} pages a second: "
            f"`--rate {half:g} --arrivals constant`"
        )


def _second_try(judgement: Judgement) -> Iterator[str]:
    """Why pages and calls show other shares, where Bookinfo's own second try is the reason."""
    if (twice := judgement.second_try) is None:
        return
    one = twice.most_biased
    failing = ", ".join(
        f"{count(shown.failed)} of {count(shown.calls)} calls to {shown.version}"
        for shown in twice.versions
        if shown.failed
    )
    yield (
        f"second try: productpage asks reviews again after an error, and {failing} failed. So {one.version} "
        f"is on {percent(one.of_pages)} of the pages that show a version, though the proxies gave it "
        f"{percent(one.of_calls)} of the calls; of those that succeeded it got {percent(one.of_successes)}. "
        "The mesh is judged by its calls"
    )


def _witnesses(matching: Matching) -> Iterator[str]:
    if matching.is_perfect:
        pages = count(matching.pages)
        yield f"witnesses: {pages} pages and {pages} calls match one to one, difference 0"
    else:
        difference = matching.calls - matching.pages
        yield (
            f"witnesses: {many(matching.pages, 'page')}, {many(matching.calls, 'call')}, "
            f"difference {difference:+d}; {count(matching.exactly_one)} match one to one"
        )
        for number, meaning in (
            (matching.asked_again, "page for which productpage asked reviews again after an error"),
            (matching.without_call, "page without a call in the log"),
            (matching.without_page, "call without a page"),
            (matching.disagree, "page with another version than was called"),
        ):
            if number:
                yield f"witnesses: {many(number, meaning)}"
    if matching.foreign:
        yield f"witnesses: {many(matching.foreign, 'call')} by other clients, not counted"
