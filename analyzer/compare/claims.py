"""What a user asks of a comparison, one claim a line, such as ``p95 of v3 <= 1.1 x``: times the baseline's.

p95 <= 1.1 x          p99 of v3 <= 1.2 x          throughput >= 0.9 x
errors <= 1 point     errors of v3 <= 0.5 points  share of v3 <= 2 points
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..performance.claims import ClaimError
from ..records import is_version
from .metrics import Kind, Metric

_FORM = re.compile(
    r"(?P<subject>\S+)(?: of (?P<version>\S+))? (?P<operator><=|>=) (?P<bound>[0-9]+(?:\.[0-9]+)?)"
    r" ?(?P<unit>x|points?)\Z"
)
_HINT = "write for example: p95 of v3 <= 1.1 x, errors <= 1 point, throughput >= 0.9 x"


@dataclass(frozen=True, slots=True)
class Claim:
    """``bound`` is a ratio to the baseline, or a difference of shares (0 to 1); see ``Metric.is_ratio``."""

    text: str
    metric: Metric
    at_most: bool
    bound: float


def parse(text: str) -> Claim:
    """Raises ClaimError, with what can be written instead."""
    canonical = " ".join(re.sub(r"(<=|>=|≤|≥)", r" \1 ", text[:200]).split())
    canonical = canonical.replace("≤", "<=").replace("≥", ">=").replace("×", "x")
    found = _FORM.match(canonical)
    if not found:
        raise ClaimError(f"{text[:200]!r} is no claim about a comparison", _HINT)
    metric = _metric(canonical, found["subject"], found["version"])
    if metric.is_ratio != (found["unit"] == "x"):
        unit = "as a ratio, such as 1.1 x" if metric.is_ratio else "in points"
        raise ClaimError(f"{canonical!r}: {metric.name} is compared {unit}", _HINT)
    bound = float(found["bound"]) / (1 if metric.is_ratio else 100)
    said = f"{canonical[: found.end('bound')]} {found['unit']}"
    return Claim(said, metric, found["operator"] == "<=", bound)


def _metric(text: str, subject: str, version: str | None) -> Metric:
    if version is not None and not is_version(version):
        raise ClaimError(f"{version!r} in {text!r} is no version name", _HINT)
    if subject == Kind.THROUGHPUT and version is None:
        return Metric(Kind.THROUGHPUT)
    if subject == Kind.ERRORS or (subject == Kind.SHARE and version):
        return Metric(Kind(subject), version)
    quantile = re.fullmatch(r"p([0-9]{1,2}(?:\.[0-9]{1,3})?)", "p50" if subject == "median" else subject)
    if not quantile or not float(quantile[1]):
        raise ClaimError(f"{subject!r} in {text!r} is nothing that is compared", _HINT)
    return Metric(Kind.LATENCY, version, round(float(quantile[1]) / 100, 12))
