"""Why a split is wrong: every cause tested, those that the evidence speaks for, best first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..records import Outcome
from .callers import callers
from .candidates import candidates, likely
from .case import Case
from .causes import NAMES
from .change import change
from .findings import Finding
from .health import health
from .likelihood import fits
from .measuring import measuring
from .not_applied import not_applied
from .sticky import sticky
from .wrong_pods import wrong_pods
from .wrong_rule import sums, wrong_rule

LEVEL = 0.01
"""The probability, at most, that counts of a correct mesh have any cause named."""
_SMALL, _HIDDEN, _OTHER, _CLOSER = 1, 19, 31, {13, 16, 25}
"""A small sample, retries that hide a failure, other weights in force, and what tells why those are."""
_BY_COUNTS = 4
"""Tests by counts beside the candidates: callers, gateways, a change, connections."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The causes found, best first; none at all in a correct mesh."""

    findings: tuple[Finding, ...]
    level: float = LEVEL

    def as_dict(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "causes": [{"name": NAMES[one.cause], **one.as_dict()} for one in self.findings],
        }


NONE = Diagnosis(())


def diagnose(case: Case) -> Diagnosis:
    """Test every cause. Half of ``LEVEL`` is for the candidate splits, half for the other tests by counts."""
    proven = [
        one
        for test in (not_applied, wrong_rule, sums, wrong_pods, callers, health, measuring)
        for one in test(case)
        if one.effect or case.outcome is not Outcome.PASS
    ]
    enough = math.log(2 * _BY_COUNTS / LEVEL)
    counted = [*change(case, enough), *sticky(case, enough)]
    counted = [one for one in counted if one.effect or case.outcome is not Outcome.PASS]
    guessed = likely(case, math.log(2 * max(1, len(candidates(case))) / LEVEL))
    found = [*proven, *counted, *_unexplained(list(guessed), [*proven, *counted])]
    return Diagnosis(
        tuple(sorted(_once(found), key=lambda one: (not _tells(case, one), -one.strength, one.cause)))
    )


def _tells(case: Case, one: Finding) -> bool:
    """Whether it makes the very split that was seen: what else is wrong may be worse, but did not do this."""
    return case.outcome is not Outcome.PASS and one.predicted is not None and fits(case.counts, one.predicted)


def _unexplained(guessed: Sequence[Finding], known: Sequence[Finding]) -> Iterator[Finding]:
    """The likeliest guess, where nothing better is known: a proof needs no guess beside it."""
    explained = any(
        one.effect or one.strength > 0 for one in known if one.proven and one.cause not in (_SMALL, _HIDDEN)
    )
    explained = explained or any(not one.proven for one in known)
    if guessed and not explained:
        yield max(guessed, key=lambda one: one.strength)


def _once(found: Sequence[Finding]) -> Iterator[Finding]:
    """Findings that speak for themselves, each said once; a small sample is a cause only beside no other."""
    causes = {one.cause for one in found}
    others = [one for one in found if one.cause != _SMALL and not (one.cause == _OTHER and causes & _CLOSER)]
    seen: set[tuple[int, str]] = set()
    for one in others or found:
        if (one.strength > 0 or one.cause == _SMALL) and (one.cause, one.told) not in seen:
            seen.add((one.cause, one.told))
            yield one
