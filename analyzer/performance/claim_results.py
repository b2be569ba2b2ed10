"""Claims held against a run: each is proved, refuted or left open, the whole family at one stated risk.

PASS needs a proof, FAIL a refutation; both families of p-values are corrected by Holm (1979), so that all
claims together are wrongly passed with probability <= alpha, and wrongly failed with probability <= alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..distributions import binomial_cdf, binomial_sf
from ..records import Outcome, Version, Weights
from ..split.intervals import Interval, always_valid
from ..split.sequential import SplitTest, proofs, refutations, sides
from .claims import Claim, ErrorClaim, LatencyClaim, ShareClaim
from .error_rates import error_rate
from .generator import Generator
from .latency import BELIEVED, Latencies, quantile, quantile_interval, ratios, refusal


@dataclass(frozen=True, slots=True)
class Measured:
    """What a run has to say: ``counts`` of judged calls, latencies, ``failed`` as (failed, all) answers."""

    weights: Weights
    counts: Mapping[Version, int]
    unlabelled: int = 0
    latencies: Mapping[Version, Latencies] = field(default_factory=dict)
    failed: Mapping[Version, tuple[int, int]] = field(default_factory=dict)
    generator: Generator = BELIEVED


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """``measured`` and ``interval`` are in ``unit``: ms, x (times the baseline) or share (0 to 1)."""

    text: str
    outcome: Outcome
    measured: float | None
    unit: str
    interval: Interval | None
    p_proof: float
    p_refutation: float
    reason: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "claim": self.text,
            "outcome": self.outcome.value,
            "measured": self.measured,
            "unit": self.unit,
            "interval": self.interval and self.interval.as_dict(),
            "p_proof": self.p_proof,
            "p_refutation": self.p_refutation,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class _Evidence:
    """One claim before its family is looked at."""

    measured: float | None
    unit: str
    interval: Interval | None
    proof: float
    refutation: float
    trouble: str | None = None


def judge(claims: Sequence[Claim], measured: Measured, alpha: float = 0.01) -> tuple[ClaimResult, ...]:
    found = [_evidence(claim, measured, alpha) for claim in claims]
    proved = holm([evidence.proof for evidence in found], alpha)
    refuted = holm([evidence.refutation for evidence in found], alpha)
    return tuple(
        _result(claim, evidence, passes, fails)
        for claim, evidence, passes, fails in zip(claims, found, proved, refuted, strict=True)
    )


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which hypotheses fall at family-wise risk alpha: step down from the smallest p-value."""
    rejected = [False] * len(p_values)
    for step, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        if p_values[i] > alpha / (len(p_values) - step):
            break
        rejected[i] = True
    return rejected


def _result(claim: Claim, evidence: _Evidence, passes: bool, fails: bool) -> ClaimResult:
    outcome = Outcome.PASS if passes else Outcome.FAIL if fails else Outcome.UNDECIDED
    words = {Outcome.PASS: "holds", Outcome.FAIL: "is broken", Outcome.UNDECIDED: "is still open"}[outcome]
    reason = evidence.trouble or f"{claim.text} {words}: measured {_shown(evidence)}."
    return ClaimResult(
        claim.text,
        outcome,
        evidence.measured,
        evidence.unit,
        evidence.interval,
        evidence.proof,
        evidence.refutation,
        reason,
    )


def _shown(evidence: _Evidence) -> str:
    scale, unit = (100.0, " %") if evidence.unit == "share" else (1.0, f" {evidence.unit}")
    value = f"{scale * (evidence.measured or 0):.3g}{unit}"
    if evidence.interval is None:
        return value
    return f"{value} ({scale * evidence.interval.low:.3g} to {scale * evidence.interval.high:.3g})"


def _evidence(claim: Claim, measured: Measured, alpha: float) -> _Evidence:
    match claim:
        case ShareClaim():
            return _share(claim, measured, alpha)
        case ErrorClaim():
            return _errors(claim, measured, alpha)
        case LatencyClaim():
            return _latency(claim, measured, alpha)


def _open(unit: str, why: str) -> _Evidence:
    return _Evidence(None, unit, None, 1.0, 1.0, why)


def _share(claim: ShareClaim, measured: Measured, alpha: float) -> _Evidence:
    """By e-values, because a run that stops when it is certain has no fixed size: 1/e is a p-value."""
    if claim.version not in measured.weights.versions:
        return _open("share", f"{claim.version} has no weight, so its share promises nothing.")
    total, count = sum(measured.counts.values()) + measured.unlabelled, measured.counts.get(claim.version, 0)
    if total == measured.unlabelled:
        return _open(
            "share", f"No call tells which version answered, so the share of {claim.version} is unknown."
        )
    weight = measured.weights.as_dict()[claim.version]
    two = Weights.of({"others": measured.weights.total - weight, "own": weight})
    test = SplitTest(two, claim.within, alpha)
    own = tuple(side for side in sides(test) if side.version == "own")
    looks = (np.array([[total - measured.unlabelled - count, count]]), np.array([total]))
    unlabelled = np.array([measured.unlabelled])
    proof = float(np.exp(-proofs(test, own, *looks, unlabelled).min())) if own else 0.0
    refutable = tuple(side for side in own if not side.exact)
    against = refutations(test, refutable, *looks, unlabelled).max() if refutable else 0.0
    refutation = len(refutable) * float(np.exp(-against)) if refutable else 1.0
    others = total - measured.unlabelled - count
    if (not weight and count) or (weight == measured.weights.total and others):
        proof, refutation = 1.0, 0.0
    band = always_valid(count, total, alpha, measured.unlabelled)
    share = count / (total - measured.unlabelled)
    return _Evidence(share, "share", band, min(1.0, proof), min(1.0, refutation))


def _errors(claim: ErrorClaim, measured: Measured, alpha: float) -> _Evidence:
    """Exact binomial tests against the limit, from both sides."""
    failed, total = measured.failed.get(claim.version, (0, 0))
    if not total:
        return _open("share", f"{claim.version} never answered, so its errors are unknown.")
    rate = error_rate(claim.version, failed, total, alpha)
    proof = binomial_cdf(failed, total, claim.limit)
    refutation = binomial_sf(failed - 1, total, claim.limit)
    return _Evidence(rate.rate, "share", rate.interval, proof, refutation)


def _latency(claim: LatencyClaim, measured: Measured, alpha: float) -> _Evidence:
    unit = "x" if claim.baseline else "ms"
    for version in filter(None, (claim.version, claim.baseline)):
        values = measured.latencies.get(version)
        if values is None or not len(values):
            return _open(unit, f"{version} never answered, so its latency is unknown.")
        why = refusal(version, values, claim.quantile, measured.generator)
        if why:
            return _open(unit, why)
    judged: Callable[[LatencyClaim, Measured, float], _Evidence] = _ratio if claim.baseline else _limit
    return judged(claim, measured, alpha)


def _limit(claim: LatencyClaim, measured: Measured, alpha: float) -> _Evidence:
    """Distribution-free and exact: how many answers stayed within the limit is binomial."""
    values, limit = measured.latencies[claim.version], claim.limit_ms or 0.0
    inside = int(np.searchsorted(values, limit, side="right"))
    proof = binomial_sf(inside - 1, len(values), claim.quantile)
    refutation = binomial_cdf(inside, len(values), claim.quantile)
    interval = quantile_interval(values, claim.quantile, alpha)
    return _Evidence(quantile(values, claim.quantile), "ms", interval, proof, refutation)


def _ratio(claim: LatencyClaim, measured: Measured, alpha: float) -> _Evidence:
    """By the bootstrap of order statistics; its p-values are never below 1/20 001."""
    candidate, baseline = measured.latencies[claim.version], measured.latencies[claim.baseline or ""]
    drawn, factor = ratios(candidate, baseline, claim.quantile), claim.factor or 0.0
    proof = (1 + int(np.count_nonzero(drawn > factor))) / (1 + len(drawn))
    refutation = (1 + int(np.count_nonzero(drawn <= factor))) / (1 + len(drawn))
    interval = Interval(*(float(bound) for bound in np.quantile(drawn, [alpha / 2, 1 - alpha / 2])))
    base = quantile(baseline, claim.quantile)
    ratio = quantile(candidate, claim.quantile) / base if base else float(np.median(drawn))
    return _Evidence(ratio, "x", interval, proof, refutation)
