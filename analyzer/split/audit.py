"""Whether the calls behave like independent draws, which every stated error rate rests on; in plain words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..distributions import chi2_cdf, chi2_sf
from ..records import UNKNOWN, Version

LEVEL = 0.001
"""An audit of correct, independent traffic raises each finding with this probability."""

_EXPECTED = 5
_WINDOWS = 50

Table = NDArray[np.int64]


class Pattern(StrEnum):
    """What a check found."""

    INDEPENDENT = "independent"
    CLUSTERED = "clustered"  # phi well above 1: sticky users, drift, unlike proxies
    REGULAR = "regular"  # phi well below 1: a deterministic round robin
    TOO_FEW = "too-few"


INNOCENT = (Pattern.INDEPENDENT, Pattern.TOO_FEW)
"""What leaves every stated error rate as it is."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: ``phi`` is the variance over that of independent draws; small ``p`` is a finding."""

    name: str
    pattern: Pattern
    phi: float | None
    p: float | None
    effective_requests: int
    words: str

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "pattern": self.pattern.value,
            "phi": self.phi,
            "p": self.p,
            "effective_requests": self.effective_requests,
            "words": self.words,
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """All checks; ``effective_requests`` is the least any of them leaves."""

    checks: tuple[Check, ...]
    requests: int
    unlabelled: int

    @property
    def effective_requests(self) -> int:
        return min((check.effective_requests for check in self.checks), default=self.requests)

    @property
    def clean(self) -> bool:
        return all(check.pattern in INNOCENT for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {
            "requests": self.requests,
            "unlabelled": self.unlabelled,
            "effective_requests": self.effective_requests,
            "clean": self.clean,
            "checks": [check.as_dict() for check in self.checks],
        }


def audit(
    decided: Sequence[Version | None],
    groups: Mapping[str, Sequence[Hashable | None]] | None = None,
    chain: str | None = None,
) -> Audit:
    """Check the calls in the order they were decided.

    ``groups`` names a column as long as ``decided`` for everything that should make no difference, such as
    ``{"connection": [...], "worker": [...], "gateway pod": [...]}``; None where nobody can tell. Time and
    sequence are always checked, the sequence within each member of the group ``chain`` as well.
    """
    known = np.array([version not in (None, UNKNOWN) for version in decided], dtype=bool)
    codes = _codes([version for version, one in zip(decided, known, strict=True) if one])
    windows = np.arange(len(codes)) * _WINDOWS // max(1, len(codes))
    checks = [_dispersion("time", windows, codes), _sequence("sequence", codes, np.zeros_like(codes))]
    for name, column in (groups or {}).items():
        if len(column) != len(decided):
            raise ValueError(f"{len(column)} values of {name} for {len(decided)} calls")
        group = _codes([value for value, one in zip(column, known, strict=True) if one])
        checks.append(_dispersion(name, group, codes))
        if name == chain:
            checks.append(_sequence(f"sequence of a {name}", codes, group))
    return Audit(tuple(checks), len(codes), len(decided) - len(codes))


def _codes(values: Sequence[Hashable | None]) -> NDArray[np.intp]:
    """Numbers in the order in which the values turn up; -1 where there is none."""
    order: dict[Hashable, int] = {}
    return np.array([-1 if v is None else order.setdefault(v, len(order)) for v in values], dtype=np.intp)


def _table(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Table:
    if not len(rows):
        return np.zeros((0, 0), dtype=np.int64)
    shape = (int(rows.max()) + 1, int(columns.max()) + 1)
    return np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)


def _square(before: NDArray[np.intp], after: NDArray[np.intp]) -> Table:
    """How often each version follows each, over the versions that are on both sides."""
    size = int(max(before.max(), after.max())) + 1 if len(before) else 0
    return np.bincount(before * size + after, minlength=size * size).reshape(size, size)


def _dispersion(name: str, groups: NDArray[np.intp], codes: NDArray[np.intp]) -> Check:
    """Homogeneity of the split over groups, chi-squared; small groups are taken together first."""
    n, told = len(codes), groups >= 0
    if n and not told.any():
        return Check(name, Pattern.TOO_FEW, None, None, n, f"No log tells the {name}.")
    merged = _merge(_table(groups[told], codes[told]))
    if n and groups.max() == 0:
        return Check(name, Pattern.TOO_FEW, None, None, n, f"There is one {name} only.")
    if min(merged.shape) < 2:
        return Check(name, Pattern.TOO_FEW, None, None, n, f"Too few calls or groups to compare over {name}.")
    phi, p = _chi_squared(merged)
    if p >= LEVEL:
        words = f"The split is as even over {name} as independent draws are."
        return Check(name, Pattern.INDEPENDENT, phi, p, n, words)
    if phi < 1:
        words = f"The split is more even over {name} than chance allows: a round robin, not a draw."
        return Check(name, Pattern.REGULAR, phi, p, n, words)
    words = (
        f"The split differs over {name} ({phi:.1f} times the variance of independent draws): sticky users, a "
        f"change during the run, or proxies with unlike routes. {n:,} calls are worth {int(n / phi):,}."
    )
    return Check(name, Pattern.CLUSTERED, phi, p, int(n / phi), words)


def _merge(table: Table) -> Table:
    """Groups taken together in order until each expects 5 calls of the rarest version."""
    total = table.sum()
    if not total:
        return table
    rarest = table.sum(axis=0).min() / total
    size, bins = _EXPECTED / rarest, []
    current = np.zeros(table.shape[1], dtype=np.int64)
    for row in table:
        current = current + row
        if current.sum() >= size:
            bins.append(current)
            current = np.zeros_like(current)
    if bins:
        bins[-1] = bins[-1] + current
    return np.array(bins or [current])


def _chi_squared(table: Table) -> tuple[float, float]:
    """Pearson's statistic over its degrees of freedom, and its two-sided p-value.

    Counts are whole: two workers agree to the last call in some percent of fair runs, where the continuous
    distribution says never. So the lower tail is taken with every cell half a call further off (Yates's
    correction, turned round).
    """
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    off = np.abs(table - expected)
    statistic = float((off**2 / expected).sum())
    at_most = float(((off + 0.5) ** 2 / expected).sum())
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    p = 2 * min(chi2_sf(statistic, freedom), chi2_cdf(at_most, freedom))
    return statistic / freedom, float(min(1.0, p))


def _sequence(name: str, codes: NDArray[np.intp], groups: NDArray[np.intp]) -> Check:
    """Whether a call tells something about the next one of the same group."""
    n, order = len(codes), np.argsort(groups, kind="stable")
    after, before = order[1:], order[:-1]
    pairs = (groups[after] == groups[before]) & (groups[after] >= 0)
    table = _square(codes[before[pairs]], codes[after[pairs]])
    if min(table.shape) < 2 or not table.sum():
        return Check(name, Pattern.TOO_FEW, None, None, n, f"Too few calls or versions for the {name}.")
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    if expected.min() < _EXPECTED:
        return Check(name, Pattern.TOO_FEW, None, None, n, f"Too few calls for the {name}.")
    statistic = float(((table - expected) ** 2 / expected).sum())
    p = chi2_sf(statistic, (len(table) - 1) ** 2)
    again, by_chance = float(np.trace(table)), float(np.trace(expected))
    correlation = (again - by_chance) / (table.sum() - by_chance)
    phi = (1 + correlation) / (1 - correlation) if correlation < 1 else float(n)
    where = name.removeprefix("sequence")
    if p >= LEVEL:
        words = f"One call{where} tells nothing about the next."
        return Check(name, Pattern.INDEPENDENT, phi, p, n, words)
    if phi < 1:
        words = f"The same version answers two calls{where} in a row less often than by chance: round robin."
        return Check(name, Pattern.REGULAR, phi, p, n, words)
    worth = max(int(n / phi), int(groups.max()) + 1)  # each group is a draw of its own at least
    words = (
        f"The same version answers two calls{where} in a row more often than by chance: "
        f"{n:,} calls are worth {worth:,}."
    )
    return Check(name, Pattern.CLUSTERED, phi, p, worth, words)
