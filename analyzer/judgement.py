"""What a run came to, as one record: verdict.json and every report are made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .access_log.entries import Account
from .access_log.graph import Graph
from .diagnosis.diagnose import NONE, Diagnosis
from .exit_codes import OF_OUTCOME
from .performance.claim_results import ClaimResult
from .performance.curves import Curve
from .performance.error_rates import ErrorRate
from .performance.failures import Failure
from .performance.versions import Performance
from .reconcile.record import Reconciliation
from .records import Distribution, Outcome, Version
from .run.folder import Run
from .run.second_try import SecondTry
from .split.audit import Audit
from .split.intervals import Interval
from .split.segments import Segment
from .split.trajectory import Look
from .split.verdict import SplitVerdict
from .split.windows import Window

FORMAT = 1
"""Of verdict.json. History: 1 is the first."""
CALLS = "reviews calls in productpage's outbound log"
PAGES = "pages, by what they show: no proxy log was at hand"


@dataclass(frozen=True, slots=True)
class Share:
    """One version: what was promised, what each witness counted, and how sure the judged share is.

    Shares and bounds are 0 to 1; ``seen`` is of the labelled decisions. ``interval`` holds for all versions
    together with 1 - alpha, ``bounds`` whatever the unlabelled ones were.
    """

    version: Version
    weight: int
    promised: float
    proxy: int | None
    page: int
    seen: float | None
    interval: Interval
    bounds: Interval


@dataclass(frozen=True, slots=True)
class Matching:
    """How the two witnesses fit, request by request; see ``calls.Joined``."""

    pages: int
    calls: int
    exactly_one: int
    asked_again: int
    without_call: int
    without_page: int
    disagree: int
    foreign: int

    @property
    def is_perfect(self) -> bool:
        odd = (self.asked_again, self.without_call, self.without_page, self.disagree)
        return not any(odd) and self.pages == self.calls == self.exactly_one


@dataclass(frozen=True, slots=True)
class Judgement:
    """Everything a report says of one run."""

    folder: str
    run: Run
    split: SplitVerdict
    claims: tuple[ClaimResult, ...]
    audit: Audit
    unit: str
    judged: int
    shares: tuple[Share, ...]
    by_proxy: Distribution | None
    by_page: Distribution
    matching: Matching | None
    second_try: SecondTry | None
    lines: Account | None
    excluded_before_live: int
    performance: Performance
    errors: Mapping[str, int]
    objections: tuple[str, ...]
    """Why nothing passes, however good the counts look: half of the evidence is missing, or worth little."""
    warnings: tuple[str, ...]
    looks: tuple[Look, ...]
    """How shares and bands moved, for charts; the rows give them again, so verdict.json leaves them out."""
    reconciliation: Reconciliation | None = None
    """The witnesses side by side, request by request; None where no proxy's log was at hand."""
    earlier: tuple[Segment, ...] = ()
    """What was promised before the weights changed while the load ran; all else is about the last weights."""
    windows: tuple[Window, ...] = ()
    """How the split went over time, earlier weights included; for charts, as ``looks`` are."""
    curves: tuple[Curve, ...] = ()
    """Latency at every quantile that can be told; for charts."""
    failures: tuple[Failure, ...] = ()
    """Calls that failed, by version, code and flags; empty too where there was no log."""
    error_rates: tuple[ErrorRate, ...] = ()
    """How often each version's calls failed, by the caller's proxy."""
    graph: Graph | None = None
    """Who called whom, by all proxies' logs; None where there was none."""
    diagnosis: Diagnosis = NONE
    """Why the split is as it is, best cause first; nothing where nothing is wrong."""

    @property
    def outcome(self) -> Outcome:
        """Of everything that was claimed: one refuted claim fails it, one open claim leaves it open.

        Earlier weights that were left before anything was certain leave nothing open.
        """
        every = {self.split.outcome, *(claim.outcome for claim in self.claims)}
        every |= {one.split.outcome for one in self.earlier} & {Outcome.FAIL}
        if self.objections:
            every.add(Outcome.UNDECIDED)
        return next(
            outcome for outcome in (Outcome.FAIL, Outcome.UNDECIDED, Outcome.PASS) if outcome in every
        )

    def as_dict(self) -> dict[str, Any]:
        """The content of verdict.json; the first keys are the ones that later versions keep."""
        promise = self.run.promise
        return {
            "verdict": self.outcome.value,
            "exit_code": int(OF_OUTCOME[self.outcome]),
            "run": self.folder,
            "weights": promise.weights.as_dict(),
            "within": promise.within,
            "alpha": promise.alpha,
            "requests": self.judged,
            "witnesses": {
                "proxy": self.by_proxy.as_dict() if self.by_proxy else {},
                "page": self.by_page.as_dict(),
            },
            "unmatched": {
                "pages": self.matching.without_call if self.matching else None,
                "calls": self.matching.without_page if self.matching else None,
            },
            "excluded_before_live": self.excluded_before_live,
            "format": FORMAT,
            "id": self.run.id,
            "unit": self.unit,
            "budget": promise.budget,
            "power": promise.power,
            "split": self.split.as_dict(),
            "claims": [claim.as_dict() for claim in self.claims],
            "audit": self.audit.as_dict(),
            "shares": [asdict(share) for share in self.shares],
            "matching": asdict(self.matching) if self.matching else None,
            "second_try": self.second_try.as_dict() if self.second_try else None,
            "reconciliation": self.reconciliation.as_dict() if self.reconciliation else None,
            "lines": _lines(self.lines) if self.lines else None,
            "performance": self.performance.as_dict(),
            "errors": dict(self.errors),
            "failures": [one.as_dict() for one in self.failures],
            "error_rates": [one.as_dict() for one in self.error_rates],
            "objections": list(self.objections),
            "warnings": list(self.warnings),
            "ending": self.run.ending,
            "earlier": [one.as_dict() for one in self.earlier],
            "graph": [edge.as_dict() for edge in self.graph.edges] if self.graph else None,
            "software": dict(self.run.software),
            "diagnosis": self.diagnosis.as_dict(),
        }


def _lines(account: Account) -> dict[str, int]:
    return {
        "lines": account.lines,
        "access": account.access,
        "other": account.other,
        "malformed": account.malformed,
    }
