"""How a run stands now, running or ended, as one record: what gates answer and metrics show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from . import bounded
from .errors import JudgementError
from .live import Live
from .records import Outcome, Version
from .run.folder import Run, RunFolder
from .typed_json import NoRecordError, decode

HEARD_OF = 15.0
"""Seconds after which a run that says nothing more counts as broken off; it says something every second."""


class CurrentShare(msgspec.Struct, frozen=True):
    """One version. Shares are 0 to 1.

    While the run lasts, low and high are its band, which holds at every look; afterwards its interval.
    """

    version: Version
    weight: int
    promised: float
    requests: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Current:
    """``ended`` is None while the run lasts; times are Unix seconds, ``within`` points, ``alpha`` a share."""

    run: str
    outcome: Outcome
    reason: str
    within: float
    alpha: float
    requests: int
    shares: tuple[CurrentShare, ...]
    at: float
    ended: float | None = None
    silent: bool = False
    """It has not ended and says nothing more: it was killed, or its machine stands still."""

    @property
    def running(self) -> bool:
        return self.ended is None and not self.silent

    def as_dict(self) -> dict[str, Any]:
        return {
            "run": self.run,
            "running": self.running,
            "verdict": self.outcome.value,
            "reason": self.reason,
            "within": self.within,
            "alpha": self.alpha,
            "requests": self.requests,
            "shares": [msgspec.structs.asdict(share) for share in self.shares],
            "at": self.at,
            "ended": self.ended,
        }


def current(folder: RunFolder, now: float) -> Current:
    """Read it from the folder at that Unix second; raises JudgementError where there is no verdict to read.

    While a run lasts, its split may pass before its further claims can be judged: it is undecided until then.
    """
    run = folder.read()
    if run.ended is not None and (judged := _verdict(folder)):
        return _of_verdict(run, judged)
    try:
        live = decode(bounded.read_within(folder.path, folder.live), Live)
    except (OSError, NoRecordError) as error:
        raise JudgementError(f"{folder.path} has no verdict yet", "wait until its load has begun") from error
    standing = of_live(live, claims=bool(run.promise.claims))
    if now - live.at > HEARD_OF:
        reason = f"the run was last heard of {now - live.at:.0f} seconds ago, and has no verdict"
        return replace(standing, outcome=Outcome.UNDECIDED, reason=reason, silent=True)
    return standing


def of_live(live: Live, *, claims: bool = False) -> Current:
    """A split whose load runs."""
    shares = tuple(
        CurrentShare(one.version, one.weight, one.promised, one.requests, one.share, one.low, one.high)
        for one in live.versions
    )
    outcome, reason = live.outcome, live.reason
    failed = [one for one in live.segments if one.outcome is Outcome.FAIL]
    if failed:
        outcome = Outcome.FAIL
    standing = Current(
        live.about.run, outcome, reason, live.within, live.alpha, live.requests, shares, live.at
    )
    if claims and outcome is Outcome.PASS:
        reason = "The split holds; the further claims are judged when the load has ended."
        return replace(standing, outcome=Outcome.UNDECIDED, reason=reason)
    return standing


def of_judgement(run: Run, judged: dict[str, Any]) -> Current:
    """A run that was judged; ``judged`` is the content of its verdict.json."""
    return _of_verdict(run, msgspec.convert(judged, _Verdict, strict=False))


class _Interval(msgspec.Struct, frozen=True):
    low: float
    high: float


class _Share(msgspec.Struct, frozen=True):
    version: Version
    weight: int
    promised: float
    proxy: int | None
    page: int
    seen: float | None
    interval: _Interval


class _Claim(msgspec.Struct, frozen=True):
    claim: str
    outcome: Outcome


class _Split(msgspec.Struct, frozen=True):
    outcome: Outcome
    reason: str


class _Verdict(msgspec.Struct, frozen=True):
    """What is needed of verdict.json; see ``Judgement.as_dict``."""

    verdict: Outcome
    id: str
    within: float
    alpha: float
    requests: int
    split: _Split
    shares: tuple[_Share, ...]
    claims: tuple[_Claim, ...] = ()
    objections: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """Of the split, and of whatever else keeps the run from passing."""
        claims = (f"Claim {one.claim}: {one.outcome}." for one in self.claims if one.outcome != Outcome.PASS)
        return " ".join((self.split.reason, *claims, *(f"{one}." for one in self.objections)))


def _verdict(folder: RunFolder) -> _Verdict | None:
    try:
        return decode(bounded.read_within(folder.path, folder.path / "verdict.json"), _Verdict)
    except FileNotFoundError:
        return None
    except (OSError, NoRecordError) as error:
        raise JudgementError(f"{folder.path / 'verdict.json'} is not readable: {error}") from error


def _of_verdict(run: Run, judged: _Verdict) -> Current:
    shares = tuple(
        CurrentShare(
            one.version,
            one.weight,
            one.promised,
            one.page if one.proxy is None else one.proxy,
            one.seen,
            one.interval.low,
            one.interval.high,
        )
        for one in judged.shares
    )
    ended = run.ended if run.ended is not None else run.started
    return Current(
        judged.id,
        judged.verdict,
        judged.reason,
        judged.within,
        judged.alpha,
        judged.requests,
        shares,
        ended,
        ended,
    )
