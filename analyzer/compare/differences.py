"""Sides go in, their comparison comes out: every difference with its interval, all of them at one risk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from statistics import fmean, median

from ..access_log.homogeneity import chance
from ..performance.error_rates import newcombe
from ..records import Outcome
from ..wilson import Interval
from . import intervals
from .claims import Claim
from .comparison import ClaimResult, Comparison, Difference, Side
from .figures import Counts, Figures
from .metrics import Kind, Metric
from .words import Word, reach, word

ALPHA = 0.05
MARGIN = 0.1
POINTS = 0.01
ENOUGH = 5
"""Rounds below which Student's t is so wide that little can be told."""
_LATE = 0.1
"""A load generator that was late by more than a tenth of a figure tells of itself."""
_BUSY = 0.1
"""So does one without a core to spare in more than a tenth of its seconds."""
_ALIKE = 0.01
"""Runs whose shares differ more than draws do with this probability are no draws alone."""
_ENDLESS = log(1e6)
"""A ratio that may be a million or a millionth is not known; two rounds can leave it at e to the 1000."""
_ONE_RUN = "one run a side does not say how far runs differ by themselves; two or more do"
_TOO_FEW = "so few rounds leave any difference possible at this risk; more rounds narrow it"


@dataclass(frozen=True, slots=True)
class _Pair:
    """One metric of baseline and candidate, a figure a run."""

    side: Side
    baseline: Side
    metric: Metric
    refusal: str | None

    @property
    def runs(self) -> tuple[tuple[Figures, ...], tuple[Figures, ...]]:
        return self.baseline.figures, self.side.figures

    @property
    def counts_of_runs(self) -> tuple[list[Counts], list[Counts]]:
        before, after = (
            [run.counts.get(self.metric, (0, _total(run))) for run in runs] for runs in self.runs
        )
        return before, after

    @property
    def counts(self) -> tuple[Counts, Counts]:
        """Those of all runs of a side together."""
        before, after = self.counts_of_runs
        return _sum(before), _sum(after)

    def values(self, runs: Sequence[Figures]) -> list[float]:
        """On the scale on which differences are taken: logarithms of what is compared as a ratio."""
        found = [run.values.get(self.metric) for run in runs]
        if self.metric.kind is Kind.SHARE:
            return [value or 0.0 for value in found]
        scale: Callable[[float], float] = log if self.metric.is_ratio else float
        return [scale(value) for value in found if value is not None]


def compare(
    sides: Sequence[Side],
    *,
    interleaved: bool,
    alpha: float = ALPHA,
    margin: float = MARGIN,
    points: float = POINTS,
    claims: Sequence[Claim] = (),
    warnings: Sequence[str] = (),
) -> Comparison:
    """All intervals hold together with 1 - alpha (Bonferroni), and every word follows from its interval."""
    pairs = [pair for side in sides[1:] for pair in _pairs(sides[0], side)]
    family = max(1, sum(_judged(pairs, side) for side in sides[1:]))
    each = alpha / family
    found = tuple(_difference(pair, interleaved, each, margin, points) for pair in pairs)
    results = tuple(_held(claim, side, found) for claim in claims for side in sides[1:])
    doubts = (*warnings, *_doubts(sides, interleaved=interleaved))
    return Comparison(tuple(sides), interleaved, alpha, each, family, margin, points, found, results, doubts)


def _pairs(baseline: Side, side: Side) -> Iterator[_Pair]:
    """What both sides have, or would have if there were more of it; of shares, what either has."""
    known = [_metrics(one) for one in (baseline, side)]
    for metric in dict.fromkeys((*known[0], *known[1])):
        if metric.kind is Kind.SHARE:
            if any(run.counts.get(metric, (0, 0))[0] for run in (*baseline.figures, *side.figures)):
                yield _Pair(side, baseline, metric, None)
        elif all(metric in metrics for metrics in known):
            yield _Pair(side, baseline, metric, _refusal(metric, baseline, side))


def _metrics(side: Side) -> list[Metric]:
    """In the order of a report: latency of all, of each version, throughput, errors, shares."""
    found = {metric for run in side.figures for metric in (*run.values, *run.refused)}
    order = list(Kind)
    return sorted(found, key=lambda one: (order.index(one.kind), one.version or "", one.quantile or 0.0))


def _judged(pairs: Sequence[_Pair], side: Side) -> int:
    """How many different statements there are: of two shares one is the other one mirrored."""
    mine = [pair for pair in pairs if pair.side is side and pair.refusal is None]
    shares = sum(pair.metric.kind is Kind.SHARE for pair in mine)
    return len(mine) - (shares == 2)


def _refusal(metric: Metric, *sides: Side) -> str | None:
    """Why the figures of some run must not be compared, or None."""
    for side in sides:
        for run in side.figures:
            if why := run.refused.get(metric):
                return why
            if metric not in run.values:
                return f"a run of {side.label} has none"
        if metric.kind is Kind.LATENCY and (why := _generator(metric, side)):
            return why
    if metric.is_ratio and not all(run.values[metric] > 0 for side in sides for run in side.figures):
        return "it is 0 in some run, and a ratio to that means nothing"
    return None


def _generator(metric: Metric, side: Side) -> str | None:
    """Why the load generator explains the figures of a side. It is one bad run that noise is for, not all."""
    busy = median(run.busy for run in side.figures)
    if busy > _BUSY:
        return f"the load generator had no core to spare in {100 * busy:.0f} % of its time; lower the load"
    late = median(run.late.get(metric, 0.0) for run in side.figures)
    if late > _LATE * median(run.values[metric] for run in side.figures):
        return "the load generator was late by more than a tenth of it; lower the load"
    return None


def _difference(pair: _Pair, interleaved: bool, each: float, margin: float, points: float) -> Difference:
    metric = pair.metric
    before, after = (pair.values(runs) for runs in pair.runs)
    middles = (fmean(before) if before else None, fmean(after) if after else None)
    blank = Difference(
        candidate=pair.side.label,
        metric=metric,
        before=_told(metric, middles[0]),
        after=_told(metric, middles[1]),
        change=None,
        interval=None,
        noise=_noise(metric, before, after),
        promised=_promised(pair),
        word=Word.UNKNOWN,
        at_most=None,
        reason=pair.refusal or "",
    )
    if pair.refusal:
        return blank
    way = intervals.of_rounds if interleaved else intervals.of_two_groups
    estimate = way(before, after, each)
    interval = _interval(pair, estimate.interval, each)
    found = word(metric, interval, margin if metric.is_ratio else points)
    at_most = reach(metric, interval) if interval else None
    return replace(
        blank,
        change=_told(metric, estimate.middle),
        interval=interval,
        word=found,
        at_most=at_most,
        reason="" if interval else _TOO_FEW if estimate.interval else _ONE_RUN,
    )


def _interval(pair: _Pair, found: Interval | None, each: float) -> Interval | None:
    """On the scale that is told. Runs never differ by less than independent draws do, so counts widen it."""
    if pair.metric.is_ratio:
        bounded = found and max(-found.low, found.high) < _ENDLESS
        return Interval(exp(found.low), exp(found.high)) if found and bounded else None
    before, after = pair.counts
    drawn = newcombe(after, before, each)
    if pair.metric.kind is Kind.SHARE and _drawn_alike(pair):
        return drawn
    if found is None:
        return None
    both = intervals.hull(found, drawn)
    return Interval(max(-1.0, both.low), min(1.0, both.high))


def _drawn_alike(pair: _Pair) -> bool:
    """Whether a side's runs share alike. Then every call is a draw of its own, which no run has a part in."""
    sides = (
        {str(run): {"own": hits, "others": total - hits} for run, (hits, total) in enumerate(counts)}
        for counts in pair.counts_of_runs
    )
    return all(chance(counts) > _ALIKE for counts in sides)


def _told(metric: Metric, value: float | None) -> float | None:
    return exp(value) if metric.is_ratio and value is not None else value


def _noise(metric: Metric, *groups: Sequence[float]) -> float | None:
    found = intervals.between_repeats(groups)
    return exp(found) - 1 if metric.is_ratio and found is not None else found


def _promised(pair: _Pair) -> float | None:
    """By how much the share should differ, where both sides promise shares."""
    before, after = pair.baseline.promised, pair.side.promised
    if pair.metric.kind is not Kind.SHARE or before is None or after is None:
        return None
    version = pair.metric.version or ""
    return after.get(version, 0.0) - before.get(version, 0.0)


def _total(run: Figures) -> int:
    """How many labelled calls a run has, for a version that it has none of."""
    return next((total for metric, (_, total) in run.counts.items() if metric.kind is Kind.SHARE), 0)


def _sum(counts: Sequence[Counts]) -> Counts:
    return sum(hits for hits, _ in counts), max(1, sum(total for _, total in counts))


def _held(claim: Claim, side: Side, found: Sequence[Difference]) -> ClaimResult:
    one = next((d for d in found if (d.candidate, d.metric) == (side.label, claim.metric)), None)
    if one is None or one.interval is None:
        why = one.reason if one else f"{claim.metric.name} is not on both sides"
        return ClaimResult(claim, side.label, Outcome.UNDECIDED, f"{claim.text}: cannot tell, {why}")
    low, high = one.interval.low, one.interval.high
    held = high <= claim.bound if claim.at_most else low >= claim.bound
    broken = low > claim.bound if claim.at_most else high < claim.bound
    outcome = Outcome.PASS if held else Outcome.FAIL if broken else Outcome.UNDECIDED
    says = {Outcome.PASS: "holds", Outcome.FAIL: "is broken", Outcome.UNDECIDED: "is still open"}[outcome]
    scale, unit = (1.0, "x") if claim.metric.is_ratio else (100.0, "points")
    bounds = f"{scale * low:.3g} to {scale * high:.3g}"
    measured = f"{scale * (one.change or 0.0):.3g} {unit} ({bounds})".replace("-", "−")
    return ClaimResult(claim, side.label, outcome, f"{claim.text} {says}: measured {measured}")


def _doubts(sides: Sequence[Side], *, interleaved: bool) -> Iterator[str]:
    least = min(len(side.figures) for side in sides)
    if not interleaved and least > 1:
        yield (
            "the runs were not taken in turn, so whatever else changed between them counts as a difference; "
            "`weighbridge compare` with --rounds takes turns"
        )
    if 1 < least < ENOUGH:
        yield f"{least} rounds leave wide intervals; {ENOUGH} or more tell much better"
