"""What a user asks of a run, one claim a line, such as ``p95 of v3 <= 1.1 x v2``.

p95 of v3 <= 250 ms          p99.9 of v3 <= 1.1 x v2
errors of v3 < 1%            share of v3 within 2
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import InputError
from ..records import Version

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?\Z")
_GLUED = re.compile(r"(?<!\S)([0-9.]+)(ms|s|x|points?|pts?)(?!\S)")
_FORMS = "write for example: p95 of v3 <= 1.1 x v2, errors of v3 < 1%, share of v3 within 2"


class ClaimError(InputError):
    """A claim that cannot be read: the message quotes it, the hint shows what can."""

    def __init__(self, message: str, hint: str = _FORMS) -> None:
        super().__init__(message, hint)


@dataclass(frozen=True, slots=True)
class LatencyClaim:
    """A quantile stays at or below ``limit_ms``, or ``factor`` times the same quantile of ``baseline``."""

    text: str
    version: Version
    quantile: float
    limit_ms: float | None
    factor: float | None
    baseline: Version | None


@dataclass(frozen=True, slots=True)
class ErrorClaim:
    """The share of failed answers stays below ``limit`` (0 to 1)."""

    text: str
    version: Version
    limit: float


@dataclass(frozen=True, slots=True)
class ShareClaim:
    """The version's share is within so many points of its weight."""

    text: str
    version: Version
    within: float


Claim = LatencyClaim | ErrorClaim | ShareClaim


def read(text: str) -> tuple[Claim, ...]:
    """A file of claims: one a line, ``#`` begins a comment; an error names the line."""
    claims = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.partition("#")[0].strip()
        if not bare:
            continue
        try:
            claims.append(parse(bare))
        except ClaimError as error:
            raise ClaimError(f"line {number}: {error}", error.hint) from None
    return tuple(claims)


def parse(text: str) -> Claim:
    """One claim; words are separated by spaces, which may be left out around operators and units."""
    spaced = re.sub(r"(<=|<|>=|>|≤|≥|=|%|×)", r" \1 ", text[:200])
    words = _GLUED.sub(r"\1 \2", spaced).split()
    if len(text) > 200 or len(words) < 5 or words[1] != "of":
        raise ClaimError(f"{text[:200]!r} is no claim")
    subject, version, rest = words[0], words[2], words[3:]
    canonical = " ".join(text.split())
    if subject == "share":
        return ShareClaim(canonical, version, _points(canonical, rest))
    if rest[0] not in ("<", "<=", "≤"):
        raise ClaimError(
            f"{canonical!r} does not say at most what", "latencies and errors are held below: use <="
        )
    if subject == "errors":
        return ErrorClaim(canonical, version, _percent(canonical, rest[1:]))
    return _latency(canonical, subject, version, rest[1:])


def _latency(text: str, subject: str, version: Version, bound: list[str]) -> LatencyClaim:
    quantile = 50.0 if subject == "median" else _number(text, subject.removeprefix("p"))
    if not (subject == "median" or subject.startswith("p")) or not 0 < quantile < 100:
        raise ClaimError(f"{subject!r} in {text!r} is nothing we measure")
    part = round(quantile / 100, 12)
    match bound:
        case [number, "ms"]:
            return LatencyClaim(text, version, part, _number(text, number), None, None)
        case [number, "s"]:
            return LatencyClaim(text, version, part, 1000 * _number(text, number), None, None)
        case [number, "x" | "×", baseline]:
            return LatencyClaim(text, version, part, None, _number(text, number), baseline)
    raise ClaimError(f"{text!r} has no bound we know", "a bound is 250 ms, 0.25 s or 1.1 x v2")


def _percent(text: str, bound: list[str]) -> float:
    match bound:
        case [number, "%"] if 0 < _number(text, number) < 100:
            return _number(text, number) / 100
    raise ClaimError(f"{text!r} has no error rate above 0", "an error rate is a percentage, for example 1%")


def _points(text: str, rest: list[str]) -> float:
    match rest:
        case ["within", number] | ["within", number, "point" | "points" | "pt" | "pts"] if (
            0 < _number(text, number) < 100
        ):
            return _number(text, number)
    raise ClaimError(
        f"{text!r} has no margin above 0", "a margin is in points, for example: share of v3 within 2"
    )


def _number(text: str, word: str) -> float:
    if not _NUMBER.match(word):
        raise ClaimError(f"{word!r} in {text!r} is no number")
    return float(word)
