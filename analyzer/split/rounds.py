"""The split test put to the test: one stream of real calls cut into rounds, each judged on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from ..exit_codes import ExitCode
from ..records import Outcome, Version
from .intervals import Interval, clopper_pearson
from .sequential import SplitTest
from .watch import Decision, start, watch


@dataclass(frozen=True, slots=True)
class Scenario:
    """Real weights under a promise, what the test must say of them, and how many requests that takes.

    ``requests`` is about twice the mean of a round, so that nearly every round comes to its end.
    """

    name: str
    applied: str
    expected: Outcome
    requests: int


@dataclass(frozen=True, slots=True)
class Record:
    """How often the test came to each outcome."""

    scenario: Scenario
    outcomes: tuple[Outcome, ...]
    median_requests: float | None

    def count(self, outcome: Outcome) -> int:
        return self.outcomes.count(outcome)

    @property
    def wrong(self) -> int:
        """False FAILs where the weights are as promised; everything but a FAIL where they are not."""
        if self.scenario.expected is Outcome.PASS:
            return self.count(Outcome.FAIL)
        return len(self.outcomes) - self.count(Outcome.FAIL)

    @property
    def rate(self) -> Rate:
        return Rate(self.wrong, len(self.outcomes))


@dataclass(frozen=True, slots=True)
class Rate:
    """So many wrong rounds of so many; the interval of their share is exact, at 99 %."""

    wrong: int
    rounds: int

    @property
    def interval(self) -> Interval:
        return clopper_pearson(self.wrong, self.rounds, 0.01)

    def as_dict(self) -> dict[str, Any]:
        return {"wrong": self.wrong, "rounds": self.rounds, **self.interval.as_dict()}


def rate(records: Sequence[Record], expected: Outcome) -> Rate:
    """Over all meshes of which the test should say the same: false FAILs, or missed errors."""
    alike = [one for one in records if one.scenario.expected is expected]
    return Rate(sum(one.wrong for one in alike), sum(len(one.outcomes) for one in alike))


def verdict(records: Sequence[Record]) -> ExitCode:
    """REFUTED by a single wrong round, UNDECIDED where some mesh was not judged even once."""
    if any(one.wrong for one in records):
        return ExitCode.REFUTED
    return ExitCode.HOLDS if all(one.outcomes for one in records) else ExitCode.UNDECIDED


def rounds(test: SplitTest, decided: Sequence[Version | None], most: int) -> list[Decision]:
    """Run the test on calls one after the other, anew after each decision; the draws are independent."""
    decisions: list[Decision] = []
    begin = 0
    while len(decisions) < most:
        tally = watch(test, start(test), decided[begin : begin + (test.budget or len(decided))])
        if tally.decision is None:
            break
        decisions.append(tally.decision)
        begin += tally.decision.requests
    return decisions


def record(scenario: Scenario, decisions: Sequence[Decision]) -> Record:
    requests = [decision.requests for decision in decisions]
    outcomes = tuple(decision.outcome for decision in decisions)
    return Record(scenario, outcomes, median(requests) if requests else None)
