"""The sequential test of a split: what is claimed, and what the counts at any look prove or refute.

The claim is "each version's share is within so many points of its weight". Each version gives two sides, and
each side a pair of opposed e-values: one for the side, one against it.

PASS when every side is proved (e >= 1/alpha each; an intersection needs no correction for their number).
FAIL when the mean e-value against the sides reaches 1/alpha (a mean of e-values is one too), or when a
version answers that was promised nothing. UNDECIDED when the budget is spent.
Both errors stay at or below alpha whenever anybody looks or stops. An answer without a label counts against
every statement: PASS and FAIL survive assigning the unlabelled ones to any version.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from ..errors import InputError
from ..records import Version, Weights
from .evidence import Floats, Prior, above, below, broad, focused

Counts = NDArray[np.int64]
Looks = NDArray[np.int8]
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
    ``prior`` is what PASS bets on, ``doubt`` what FAIL bets on.
    """

    version: Version
    at_most: bool
    border: float
    prior: Prior
    doubt: Prior

    @property
    def exact(self) -> bool:
        """A weight of zero or of everything: nothing else may ever answer."""
        return self.prior[1] == 0


@lru_cache(maxsize=64)
def sides(test: SplitTest) -> tuple[Side, ...]:
    """Every half claim that data could refute; one on a border of 0 or less cannot fail and is left out."""
    found = []
    for version in test.weights.versions:
        share, margin = test.weights.share(version), test.within / 100
        a, b = focused(share, margin) if 0 < share < 1 else (1.0, 0.0)
        c, d = broad(share) if 0 < share < 1 else (0.5, 0.5)
        if share and share - margin > _NOTHING:
            found.append(Side(version, False, share - margin, (a, b), (c, d)))
        if 1 - share - margin > _NOTHING:
            found.append(Side(version, True, 1 - share - margin, (b, a) if b else (a, b), (d, c)))
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
            above(certain(test, side, counts, requests, unlabelled), requests, side.border, side.prior)
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
                certain(test, side, counts, requests, unlabelled) + unlabelled,
                requests,
                side.border,
                side.doubt,
            )
            for side in over
        ]
    )


def certain(test: SplitTest, side: Side, counts: Counts, requests: Counts, unlabelled: Counts) -> Counts:
    """How many answers speak for the side even when every unlabelled one speaks against it."""
    own = counts[:, test.weights.versions.index(side.version)]
    return requests - unlabelled - own if side.at_most else own


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
