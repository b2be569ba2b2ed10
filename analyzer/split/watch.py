"""The sequential test on a stream: every request is a look, and the first certain one decides.

Exact e-values are computed only where a cheap bound says they could be enough, so that a million requests
take less than a second; the state is a handful of counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..records import UNKNOWN, Outcome, Version
from .evidence import at_most_below
from .sequential import Counts, SplitTest, certain, judged, verdicts

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Decision:
    """The moment of certainty: after how many requests, with which counts."""

    outcome: Outcome
    requests: int
    counts: tuple[int, ...]
    unlabelled: int
    strays: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Everything the test remembers, and all it needs to go on: counts and perhaps a decision.

    ``counts`` follow the order of the weights; ``strays`` are versions that no weight names.
    """

    counts: tuple[int, ...]
    unlabelled: int = 0
    strays: tuple[tuple[Version, int], ...] = ()
    decision: Decision | None = None

    @property
    def stray(self) -> int:
        return sum(count for _, count in self.strays)

    @property
    def requests(self) -> int:
        return sum(self.counts) + self.unlabelled + self.stray


def start(test: SplitTest) -> Tally:
    return Tally((0,) * len(test.weights.versions))


def watch(test: SplitTest, tally: Tally, decided: Sequence[Version | None]) -> Tally:
    """Go on with requests in the order the proxy decided them; None or ``unknown`` is an unlabelled one.

    How the stream is cut into batches never changes the decision; memory does not grow with the stream.
    """
    for begin in range(0, len(decided), _CHUNK):
        tally = _watch_chunk(test, tally, decided[begin : begin + _CHUNK])
    return tally


def _watch_chunk(test: SplitTest, tally: Tally, decided: Sequence[Version | None]) -> Tally:
    codes = _codes(test, decided)
    added = np.bincount(codes, minlength=len(tally.counts) + 2)
    strays = Counter(dict(tally.strays))
    if added[-1]:
        strays.update(str(v) for v, code in zip(decided, codes, strict=True) if code == len(tally.counts) + 1)
    return Tally(
        tuple(int(c) for c in np.add(tally.counts, added[:-2])),
        tally.unlabelled + int(added[-2]),
        tuple(sorted(strays.items())),
        tally.decision or _decide(test, tally, codes),
    )


def _codes(test: SplitTest, decided: Sequence[Version | None]) -> NDArray[np.intp]:
    """Columns: one per weight in order, then unlabelled, then strays."""
    versions = test.weights.versions
    column: dict[Version | None, int] = {version: i for i, version in enumerate(versions)}
    column |= {None: len(versions), UNKNOWN: len(versions)}
    column |= dict.fromkeys(set(decided) - column.keys(), len(versions) + 1)
    return np.fromiter(map(column.__getitem__, decided), dtype=np.intp, count=len(decided))


def _decide(test: SplitTest, tally: Tally, codes: NDArray[np.intp]) -> Decision | None:
    """The first look of this chunk, if any, at which the test is certain or the budget spent."""
    before = np.array([*tally.counts, tally.unlabelled, tally.stray], dtype=np.int64)
    seen = before + np.cumsum(codes[:, None] == np.arange(len(before)), axis=0)
    requests = seen.sum(axis=1)
    forbidden = [i for i, (_, weight) in enumerate(test.weights) if not weight] + [len(before) - 1]
    broken = np.flatnonzero(seen[:, forbidden].any(axis=1))
    spent = np.flatnonzero(requests >= test.budget) if test.budget else np.array([], dtype=np.intp)
    last = min([len(seen) - 1, *broken[:1], *spent[:1]])
    if len(broken) and broken[0] == last:
        outcome: Outcome | None = Outcome.FAIL
    else:
        outcome = Outcome.UNDECIDED if len(spent) else None
    fixed = (last + 1) - (1 if outcome is Outcome.FAIL else 0)
    crossing = _first_crossing(test, seen[:fixed, :-2], requests[:fixed], seen[:fixed, -2])
    if crossing:
        last, outcome = crossing
    if outcome is None:
        return None
    at = [int(c) for c in seen[last]]
    return Decision(outcome, int(requests[last]), tuple(at[:-2]), at[-2], at[-1])


def _first_crossing(
    test: SplitTest, counts: Counts, requests: Counts, unlabelled: Counts
) -> tuple[int, Outcome] | None:
    """The first look whose e-values decide. Exact e-values are computed only where they could be enough."""
    candidates = _candidates(test, counts, requests, unlabelled)
    size = 64
    while len(candidates):
        rows, candidates, size = candidates[:size], candidates[size:], size * 2
        outcomes = verdicts(test, counts[rows], requests[rows], unlabelled[rows])
        hits = np.flatnonzero(outcomes)
        if len(hits):
            return int(rows[hits[0]]), Outcome.PASS if outcomes[hits[0]] > 0 else Outcome.FAIL
    return None


def _candidates(test: SplitTest, counts: Counts, requests: Counts, unlabelled: Counts) -> NDArray[np.intp]:
    """Looks that might decide: no e-value exceeds the maximal likelihood ratio.

    Its logarithm is n x KL, and KL is at most chi-squared, which takes three multiplications.
    """
    enough = -np.log(test.alpha) - 1e-6
    passing, failing = np.ones(len(requests), dtype=bool), np.zeros(len(requests), dtype=bool)
    n = requests.astype(np.float64)
    for side in judged(test):
        excess = certain(test, side, counts, requests, unlabelled) - n * side.border
        needed = enough * side.border * (1 - side.border) * n
        passing &= (excess > 0) & (excess * excess >= needed)
        if not side.exact:
            excess += unlabelled
            failing |= (excess < 0) & (excess * excess >= needed)
    doubtful = np.flatnonzero(failing)
    if len(doubtful):
        failing[doubtful] = _may_fail(test, counts[doubtful], requests[doubtful], unlabelled[doubtful])
    return np.flatnonzero(passing | failing)


def _may_fail(test: SplitTest, counts: Counts, requests: Counts, unlabelled: Counts) -> NDArray[np.bool_]:
    refutable = [side for side in judged(test) if not side.exact]
    n = requests.astype(np.float64)
    bounds = [
        at_most_below(
            (certain(test, side, counts, requests, unlabelled) + unlabelled).astype(np.float64),
            n,
            side.border,
            side.doubt,
        )
        for side in refutable
    ]
    may: NDArray[np.bool_] = logsumexp(bounds, axis=0) - np.log(len(refutable)) >= -np.log(test.alpha) - 1e-6
    return may


def restart(tally: Tally) -> Tally:
    """The same counts, undecided: for a larger budget."""
    return replace(tally, decision=None)
