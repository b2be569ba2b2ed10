"""The sequential test of a split: every request is a look, and the first certain one decides.

The claim is "each version's share is within so many points of its weight". Each version gives two sides, and
each side a pair of opposed e-values: one for the side, one against it.

PASS when every side is proved (e >= 1/alpha each; an intersection needs no correction for their number).
FAIL when the mean e-value against the sides reaches 1/alpha (a mean of e-values is one too), or when a
version answers that was promised nothing. UNDECIDED when the budget is spent.
Both errors stay at or below alpha whenever anybody looks or stops. An answer without a label counts against
every statement: PASS and FAIL survive assigning the unlabelled ones to any version.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from .errors import InputError
from .evidence import BROAD, Floats, Prior, above, below, ceiling, focused
from .records import UNKNOWN, Outcome, Version, Weights

Counts = NDArray[np.int64]
Looks = NDArray[np.int8]
_CHUNK = 1 << 16
_NOTHING = 1e-12


class SplitError(InputError):
    """A test that can promise nothing: the message says why, the hint what to change."""


@dataclass(frozen=True, slots=True)
class SplitTest:
    """What is claimed and at which risk; ``within`` in percentage points, ``budget`` in requests."""

    weights: Weights
    within: float
    alpha: float = 0.01
    budget: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.within < 100:
            raise SplitError(
                f"within {self.within:g} points is no margin", "give points above 0, for example 2"
            )
        if not 0 < self.alpha < 0.5:
            raise SplitError(
                f"alpha {self.alpha:g} is no error rate", "give a rate above 0, for example 0.01"
            )
        if self.budget is not None and self.budget < 1:
            raise SplitError(f"a budget of {self.budget} requests proves nothing", "leave it to the plan")
        if not sides(self):
            raise SplitError(
                f"within {self.within:g} points any split is right", "narrow it, for example to 2"
            )


@dataclass(frozen=True, slots=True)
class Side:
    """One half of a version's claim: "``version`` gets at least (or at most) this share".

    Seen as a share that must lie above ``border``: the version's own, or for "at most" that of all others.
    ``prior`` is what PASS bets on.
    """

    version: Version
    at_most: bool
    border: float
    prior: Prior

    @property
    def exact(self) -> bool:
        """A weight of zero or of everything: nothing else may ever answer."""
        return self.prior[1] == 0


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


@lru_cache(maxsize=64)
def sides(test: SplitTest) -> tuple[Side, ...]:
    """Every half claim that data could refute; one on a border of 0 or less cannot fail and is left out."""
    found = []
    for version in test.weights.versions:
        share, margin = test.weights.share(version), test.within / 100
        a, b = focused(share, margin) if 0 < share < 1 else (1.0, 0.0)
        if share and share - margin > _NOTHING:
            found.append(Side(version, False, share - margin, (a, b)))
        if 1 - share - margin > _NOTHING:
            found.append(Side(version, True, 1 - share - margin, (b, a) if b else (a, b)))
    return tuple(found)


@lru_cache(maxsize=64)
def judged(test: SplitTest) -> tuple[Side, ...]:
    """The sides that decide: where two versions share everything, what one gets says what the other gets."""
    weighted = sorted((weight, version) for version, weight in test.weights if weight)
    if len(weighted) != 2:
        return sides(test)
    return tuple(side for side in sides(test) if side.version != weighted[1][1])


def proofs(
    test: SplitTest, over: tuple[Side, ...], counts: Counts, requests: Counts, unlabelled: Counts
) -> Floats:
    """Log e-values for each side (columns) at each look (rows); counts has a column per weight."""
    return np.column_stack(
        [
            above(_certain(test, side, counts, requests, unlabelled), requests, side.border, side.prior)
            for side in over
        ]
    )


def refutations(
    test: SplitTest, over: tuple[Side, ...], counts: Counts, requests: Counts, unlabelled: Counts
) -> Floats:
    """Log e-values against each side (columns) at each look (rows)."""
    return np.column_stack(
        [
            below(
                _certain(test, side, counts, requests, unlabelled) + unlabelled, requests, side.border, BROAD
            )
            for side in over
        ]
    )


def _certain(test: SplitTest, side: Side, counts: Counts, requests: Counts, unlabelled: Counts) -> Counts:
    """How many answers speak for the side even when every unlabelled one speaks against it."""
    own = counts[:, test.weights.versions.index(side.version)]
    return requests - unlabelled - own if side.at_most else own


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


def verdicts(test: SplitTest, counts: Counts, requests: Counts, unlabelled: Counts) -> Looks:
    """What each look (row) by itself would decide: 1 PASS, -1 FAIL, 0 not yet. Strays are not seen here."""
    enough, over = -np.log(test.alpha), judged(test)
    told = proofs(test, over, counts, requests, unlabelled).min(axis=1) >= enough
    refutable = tuple(side for side in over if not side.exact)
    result: Looks = told.astype(np.int8)
    if refutable:
        against = refutations(test, refutable, counts, requests, unlabelled)
        result[logsumexp(against, axis=1) - np.log(len(refutable)) >= enough] = -1
    return result


def _candidates(test: SplitTest, counts: Counts, requests: Counts, unlabelled: Counts) -> NDArray[np.intp]:
    """Looks that might decide: no e-value exceeds the maximal likelihood ratio, which is cheap."""
    enough = -np.log(test.alpha) - 1e-6
    passing, failing = np.ones(len(requests), dtype=bool), np.zeros(len(requests), dtype=bool)
    n = requests.astype(np.float64)
    for side in judged(test):
        certain = _certain(test, side, counts, requests, unlabelled).astype(np.float64)
        passing &= ceiling(certain, n, side.border) >= enough
        if not side.exact:
            failing |= ceiling(certain + unlabelled, n, side.border) <= -enough
    return np.flatnonzero(passing | failing)


def restart(tally: Tally) -> Tally:
    """The same counts, undecided: for a larger budget."""
    return replace(tally, decision=None)
