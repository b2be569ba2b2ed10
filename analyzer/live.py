"""How a split stands while its load runs, as one record that a page can draw.

The counts go through the same sequential test as after the run. When the weights change, a new verdict
begins; earlier ones stay, each with what it came to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import msgspec
import pandas as pd

from .performance.latency_counts import LatencyCounts
from .performance.versions import QUANTILES, errors_of
from .records import UNKNOWN, Outcome, Version
from .run.decided import Drawn
from .run.folder import Promise
from .split.forecast import Forecast, forecast
from .split.segments import Span
from .split.sequential import SplitTest
from .split.trajectory import Look, look
from .split.verdict import reason
from .split.watch import Decision, Tally, start, watch
from .typed_json import NoRecordError, decode

FORMAT = 1
"""Of live.json. History: 1 is the first."""
_SLOTS = 240
"""Points of the chart over time; when there are more, two become one."""
_CLOSER = 1.05
"""The bands are kept for the chart whenever the requests have grown by this factor."""


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """One version since its weight is live. Shares are 0 to 1, latencies are of whole pages, in ms."""

    version: Version
    weight: int
    promised: float
    requests: int
    share: float | None
    low: float
    high: float
    pages: int
    latency: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class LiveSegment:
    """Weights that are or were in force, and the verdict on them so far; times are Unix seconds."""

    weights: dict[Version, int]
    within: float
    live: float | None
    ended: float | None
    outcome: Outcome
    certain_after: int | None
    requests: int
    shares: dict[Version, float | None]


@dataclass(frozen=True, slots=True)
class Slot:
    """What was drawn for the pages asked for within ``seconds`` from ``at``."""

    at: float
    seconds: float
    counts: dict[Version, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """``wish.json``: weights that somebody asked for, as text, under a number of no order."""

    number: int
    weights: str

    @classmethod
    def parse(cls, content: bytes) -> Self | None:
        """The wish in the content of its file; None for anything else."""
        try:
            return decode(content, cls)
        except NoRecordError:
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of the wish of that number for other weights; empty trouble is success."""

    wish: int
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What does not change while a load runs.

    ``witness`` is ``proxy`` or ``page``, whichever is judged; ``versions`` may be given weights; where
    ``fixed`` says why, weights cannot be changed from the page.
    """

    run: str
    witness: str
    versions: tuple[Version, ...]
    fixed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Everything the Split tab shows. Verdict, shares and bands are of the last of the ``segments``."""

    format: int
    about: About
    at: float
    outcome: Outcome
    certain_after: int | None
    reason: str
    forecast: str | None
    within: float
    alpha: float
    budget: int
    requests: int
    unlabelled: int
    strays: dict[Version, int]
    pages: int
    per_second: float
    errors: dict[str, int]
    versions: tuple[LiveVersion, ...]
    looks: tuple[Look, ...]
    slots: tuple[Slot, ...]
    segments: tuple[LiveSegment, ...]
    answer: Answer

    def json(self) -> bytes:
        return msgspec.json.encode(self)


@dataclass
class _Part:
    """One segment as it grows."""

    promise: Promise
    span: Span
    test: SplitTest
    tally: Tally
    looks: list[Look] = field(default_factory=list)

    @classmethod
    def begin(cls, promise: Promise, live: float | None) -> _Part:
        test = SplitTest(promise.weights, promise.within, promise.alpha, promise.budget)
        return cls(promise, Span(live), test, start(test))

    def add(self, versions: Sequence[Version]) -> None:
        self.tally = watch(self.test, self.tally, versions)
        if self.tally.requests and (
            not self.looks or self.tally.requests >= _CLOSER * self.looks[-1].requests
        ):
            self.looks.append(look(self.test, self.tally))

    @property
    def decision(self) -> Decision | None:
        """The moment of certainty; a spent budget is none."""
        decision = self.tally.decision
        return decision if decision and decision.outcome is not Outcome.UNDECIDED else None


class LiveSplit:
    """Takes pages and calls as they come, in any batches, and says how it stands; memory stays small."""

    def __init__(self, promise: Promise, live: float | None) -> None:
        self._parts = [_Part.begin(promise, live)]
        self._slots = _Slots()
        self._begin_performance()

    @property
    def test(self) -> SplitTest:
        return self._parts[-1].test

    @property
    def tally(self) -> Tally:
        return self._parts[-1].tally

    def reroute(self, promise: Promise, applied: float, live: float) -> None:
        """From now on another promise is judged: asked for at ``applied``, served by all since ``live``."""
        last = self._parts[-1]
        last.span = Span(last.span.live, applied)
        self._parts.append(_Part.begin(promise, live))
        self._begin_performance()

    def add_pages(self, rows: pd.DataFrame) -> None:
        """Take the rows of answered pages, for latencies and errors; columns as ``requests.read`` gives."""
        live = self._parts[-1].span.live
        rows = rows if live is None else rows[rows["start"] >= live]
        self._pages += len(rows)
        self._errors.update(errors_of(rows))
        for version, latencies in rows.groupby("version", observed=True)["latency_ms"]:
            self._latencies.setdefault(str(version), LatencyCounts()).add(latencies)

    def add_calls(self, drawn: Sequence[Drawn]) -> None:
        """Take what the proxies drew, in decided order; see ``decided``."""
        for part in self._parts:
            part.add([one.version for one in drawn if part.span.holds(one.asked, one.drawn)])
        self._slots.add(drawn)

    def state(self, about: About, at: float, per_second: float, answer: Answer) -> Live:
        """How it stands at that Unix second, with so many requests a second."""
        part = self._parts[-1]
        tally, test = part.tally, part.test
        now = look(test, tally)
        ahead = forecast(test, tally, per_second or None)
        return Live(
            format=FORMAT,
            about=about,
            at=at,
            outcome=tally.decision.outcome if tally.decision else Outcome.UNDECIDED,
            certain_after=part.decision.requests if part.decision else None,
            reason=reason(test, tally),
            forecast=_words(ahead),
            within=test.within,
            alpha=test.alpha,
            budget=part.promise.budget,
            requests=tally.requests,
            unlabelled=tally.unlabelled,
            strays=dict(tally.strays),
            pages=self._pages,
            per_second=per_second,
            errors=dict(self._errors.most_common()),
            versions=tuple(self._versions(part, now)),
            looks=(*part.looks, now) if tally.requests else (),
            slots=self._slots.all(),
            segments=tuple(_segment(one) for one in self._parts),
            answer=answer,
        )

    def _begin_performance(self) -> None:
        self._pages = 0
        self._errors: Counter[str] = Counter()
        self._latencies: dict[Version, LatencyCounts] = {}

    def _versions(self, part: _Part, now: Look) -> Iterator[LiveVersion]:
        weights = part.promise.weights
        for (version, share, band), requests in zip(now.shares, part.tally.counts, strict=True):
            counts = self._latencies.get(version, LatencyCounts())
            latency = {name: counts.quantile(q) for name, q in QUANTILES.items()}
            yield LiveVersion(
                version=version,
                weight=weights.as_dict()[version],
                promised=weights.share(version),
                requests=requests,
                share=share,
                low=band.low,
                high=band.high,
                pages=counts.requests,
                latency=latency | {"max": counts.largest},
            )


class _Slots:
    """Counts over time in at most ``_SLOTS`` slots of equal length."""

    def __init__(self) -> None:
        self._seconds = 1
        self._counts: dict[int, Counter[Version]] = {}

    def add(self, drawn: Iterable[Drawn]) -> None:
        for one in drawn:
            if one.version != UNKNOWN:
                slot = int(one.asked // self._seconds)
                self._counts.setdefault(slot, Counter())[one.version] += 1
        while len(self._counts) > _SLOTS:
            self._seconds *= 2
            halved: dict[int, Counter[Version]] = {}
            for slot, counts in self._counts.items():
                halved.setdefault(slot // 2, Counter()).update(counts)
            self._counts = halved

    def all(self) -> tuple[Slot, ...]:
        length = self._seconds
        return tuple(Slot(at * length, length, dict(counts)) for at, counts in sorted(self._counts.items()))


def _words(ahead: Forecast | None) -> str | None:
    return ahead.words if ahead else None


def _segment(part: _Part) -> LiveSegment:
    now = look(part.test, part.tally)
    return LiveSegment(
        weights=part.promise.weights.as_dict(),
        within=part.promise.within,
        live=part.span.live,
        ended=part.span.ended,
        outcome=part.decision.outcome if part.decision else Outcome.UNDECIDED,
        certain_after=part.decision.requests if part.decision else None,
        requests=part.tally.requests,
        shares={version: share for version, share, _ in now.shares},
    )
