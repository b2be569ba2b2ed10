"""Numbers and splits as the evidence of a finding tells them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from ..records import Version
from .case import Case
from .findings import LINE, Shares
from .likelihood import support
from .lines import Said

_NAMED = 3
_LARGE = 1e6


def weigh(case: Case, shares: Shares, what: str) -> tuple[float, list[str]]:
    """How the counts speak for a split against the promise: in nats, and in words where they speak for it."""
    seen = case.counts
    strength = support(seen, shares, case.promised, case.within / 100)
    if strength <= 0:
        return strength, []
    return strength, [
        f"the counts ({counted(seen)}) are {odds(strength)} likelier if {what} ({split(shares)}) than under "
        f"any split within {case.within:g} points of {case.weights}"
    ]


def impossible(lines: float) -> float:
    """The strength of so many lines that a correct mesh never gives."""
    return LINE * lines


def split(shares: Shares) -> str:
    return ", ".join(f"{version} {100 * share:.3g} %" for version, share in shares.items())


def counted(counts: Mapping[Version, int]) -> str:
    return ", ".join(f"{version} {count:,}" for version, count in sorted(counts.items())) or "none"


def odds(nats: float) -> str:
    """A likelihood ratio: ``37 times`` or ``10^58 times``."""
    if nats < math.log(_LARGE):
        return f"{math.exp(nats):,.0f} times"
    return f"10^{nats / math.log(10):.0f} times"


def some(names: Iterable[str]) -> str:
    """Three by name, of the others how many."""
    found = list(dict.fromkeys(names))
    more = len(found) - _NAMED
    return ", ".join(found[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def of(part: int, whole: int, what: str = "calls") -> str:
    return f"{part:,} of {whole:,} {what}"


def loggers(lines: Mapping[Said, int]) -> str:
    return some(said.reporter for said in lines)
