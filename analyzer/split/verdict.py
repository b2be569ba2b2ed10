"""The verdict of the sequential test as a record: outcome, moment, numbers, and a reason of two sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..records import Outcome, Version, Weights
from .intervals import Interval, always_valid, equivalence_p, goodness_p, wilson
from .sequential import SplitTest, proofs, refutations, sides, verdicts
from .watch import Decision, Tally


@dataclass(frozen=True, slots=True)
class SideEvidence:
    """One half claim in numbers: e-values (as natural logarithms) for it and against it."""

    version: Version
    at_most: bool
    border: float
    log_for: float
    log_against: float | None

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "claim": "at most" if self.at_most else "at least",
            "share": self.border,
            "log_e_for": _finite(self.log_for),
            "log_e_against": None if self.log_against is None else _finite(self.log_against),
        }


@dataclass(frozen=True, slots=True)
class ShareResult:
    """One version: what it was promised, what it got, and how far that can be off.

    ``band`` holds at every look at once, ``interval`` (Wilson) at this one; both over all versions together.
    ``equivalence_p`` is the exact p-value of the fixed-size claim (TOST) on these counts.
    """

    version: Version
    promised: float
    count: int
    share: float | None
    band: Interval
    interval: Interval
    equivalence_p: float

    def as_dict(self) -> dict[str, Any]:
        return {
            "version": self.version,
            "promised": self.promised,
            "count": self.count,
            "share": self.share,
            "band": self.band.as_dict(),
            "interval": self.interval.as_dict(),
            "equivalence_p": self.equivalence_p,
        }


@dataclass(frozen=True, slots=True)
class SplitVerdict:
    """All numbers are those of the deciding request; where none decided yet, those of the last one."""

    outcome: Outcome
    certain_after: int | None
    requests: int
    unlabelled: int
    strays: tuple[tuple[Version, int], ...]
    shares: tuple[ShareResult, ...]
    evidence: tuple[SideEvidence, ...]
    goodness_p: float
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome.value,
            "certain_after": self.certain_after,
            "requests": self.requests,
            "unlabelled": self.unlabelled,
            "strays": dict(self.strays),
            "shares": [share.as_dict() for share in self.shares],
            "evidence": [side.as_dict() for side in self.evidence],
            "goodness_p": self.goodness_p,
            "reason": self.reason,
        }


def verdict(test: SplitTest, tally: Tally) -> SplitVerdict:
    """What the test says now. Without a decision it is UNDECIDED, however good the counts look."""
    moment = _moment(tally)
    shares = _shares(test, moment)
    promised = [test.weights.share(version) for version in test.weights.versions]
    return SplitVerdict(
        outcome=moment.outcome,
        certain_after=None if moment.outcome is Outcome.UNDECIDED else moment.requests,
        requests=moment.requests,
        unlabelled=moment.unlabelled,
        strays=tally.strays,
        shares=shares,
        evidence=_evidence(test, moment),
        goodness_p=goodness_p([*moment.counts, moment.strays], [*promised, 0.0]),
        reason=_reason(test, moment, tally.strays, shares),
    )


def passes(test: SplitTest, tally: Tally, worth: float) -> bool:
    """Whether these counts would still prove the split if each answer was worth only so much of one."""
    counts = (np.array([tally.counts]) * worth).astype(np.int64)
    unlabelled = np.array([int(np.ceil(tally.unlabelled * worth))])
    told = verdicts(test, counts, counts.sum(axis=1) + unlabelled, unlabelled)
    return bool(told[0] > 0)


def reason(test: SplitTest, tally: Tally) -> str:
    """The reason of ``verdict`` alone, which costs next to nothing: for those who look all the time."""
    moment = _moment(tally)
    return _reason(test, moment, tally.strays, _shares(test, moment))


def _moment(tally: Tally) -> Decision:
    """The deciding request, the last one where none decided yet."""
    return tally.decision or Decision(
        Outcome.UNDECIDED, tally.requests, tally.counts, tally.unlabelled, tally.stray
    )


def _shares(test: SplitTest, moment: Decision) -> tuple[ShareResult, ...]:
    return tuple(_share(test, moment, i) for i in range(len(moment.counts)))


def _share(test: SplitTest, moment: Decision, column: int) -> ShareResult:
    version, count, versions = test.weights.versions[column], moment.counts[column], len(moment.counts)
    promised, margin = test.weights.share(version), test.within / 100
    labelled = moment.requests - moment.unlabelled
    return ShareResult(
        version=version,
        promised=promised,
        count=count,
        share=count / labelled if labelled else None,
        band=always_valid(count, moment.requests, test.alpha / versions, moment.unlabelled),
        interval=wilson(count, labelled, test.alpha, of=versions),
        equivalence_p=equivalence_p(count, labelled, promised - margin, promised + margin),
    )


def _evidence(test: SplitTest, moment: Decision) -> tuple[SideEvidence, ...]:
    over = sides(test)
    if not over:
        return ()
    counts, requests = np.array([moment.counts]), np.array([moment.requests])
    unlabelled = np.array([moment.unlabelled])
    proved = proofs(test, over, counts, requests, unlabelled)[0]
    refuted = refutations(test, over, counts, requests, unlabelled)[0]
    return tuple(
        SideEvidence(
            side.version,
            side.at_most,
            1 - side.border if side.at_most else side.border,
            float(proof),
            None if side.exact else float(refutation),
        )
        for side, proof, refutation in zip(over, proved, refuted, strict=True)
    )


def _reason(
    test: SplitTest,
    moment: Decision,
    strays: tuple[tuple[Version, int], ...],
    shares: tuple[ShareResult, ...],
) -> str:
    if moment.outcome is Outcome.PASS:
        return _reason_to_pass(test, moment)
    if moment.outcome is Outcome.FAIL:
        return _reason_to_fail(test, moment, strays, shares)
    return _reason_to_wait(test, moment, shares)


def _reason_to_pass(test: SplitTest, moment: Decision) -> str:
    return (
        f"Every version got its share within {test.within:g} points ({_promise(test.weights)}), "
        f"certain after {moment.requests:,} requests. "
        f"A split that is off by more is passed with a probability of at most {_percent(test.alpha)}."
    )


def _reason_to_fail(
    test: SplitTest,
    moment: Decision,
    strays: tuple[tuple[Version, int], ...],
    shares: tuple[ShareResult, ...],
) -> str:
    never = [share.version for share in shares if not share.promised and share.count]
    never += [version for version, _ in strays] if moment.strays else []
    if never:
        return (
            f"{never[0]} answered request {moment.requests:,} though nothing was promised to it. "
            "One such answer is enough: a correct split never gives it any."
        )
    worst = _furthest(shares)
    return (
        f"{worst.version} got {_percent(worst.share or 0)} where {_percent(worst.promised)} "
        f"± {test.within:g} points was promised, certain after {moment.requests:,} requests. "
        f"A split that keeps its promise is failed with a probability of at most {_percent(test.alpha)}."
    )


def _reason_to_wait(test: SplitTest, moment: Decision, shares: tuple[ShareResult, ...]) -> str:
    if moment.requests == moment.unlabelled:
        return (
            f"None of {moment.requests:,} requests tells which version answered. There is nothing to judge."
        )
    open_ = _furthest(shares)
    spent = test.budget is not None and moment.requests >= test.budget
    unlabelled = f" ({moment.unlabelled:,} without a version)" if moment.unlabelled else ""
    advice = "The budget is spent; ask for more requests or a wider margin." if spent else "More will tell."
    return (
        f"After {moment.requests:,} requests{unlabelled} {open_.version} stands at "
        f"{_percent(open_.share or 0)} where {_percent(open_.promised)} ± {test.within:g} points was "
        f"promised: too close to call. {advice}"
    )


def _furthest(shares: tuple[ShareResult, ...]) -> ShareResult:
    """The version furthest from its promise; of two that mirror each other, the one promised less."""
    return max(
        shares, key=lambda share: (round(abs((share.share or 0) - share.promised), 9), -share.promised)
    )


def _promise(weights: Weights) -> str:
    return ", ".join(f"{version} {_percent(weights.share(version))}" for version in weights.versions)


def _finite(logarithm: float) -> float:
    """JSON knows no infinity; evidence below e^-1000 is none."""
    return max(logarithm, -1000.0)


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
