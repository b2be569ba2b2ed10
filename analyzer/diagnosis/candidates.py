"""Splits that a wrong mesh often makes, each held against the counts: what they say without a proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations

from ..records import Version, Weights
from .case import Case
from .findings import Finding, Fix, Shares
from .likelihood import fits
from .matches import rules
from .objects import Object
from .routing import destinations
from .words import weigh

_MOST = 4
"""Versions whose weights are tried in every order."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """``what`` completes "likelier if"."""

    cause: int
    shares: Shares
    what: str
    told: str
    fix: Fix


def candidates(case: Case) -> list[Candidate]:
    """One for each different split, the likelier explanation first."""
    found: dict[tuple[tuple[Version, float], ...], Candidate] = {}
    promised = {version: share for version, share in case.promised.items() if share}
    for one in (*_earlier(case), *_pods(case), *_equal(case), *_swapped(case), *_dead(case)):
        key = tuple(sorted((version, round(share, 6)) for version, share in one.shares.items() if share))
        if key != tuple(sorted((version, round(share, 6)) for version, share in promised.items())):
            found.setdefault(key, one)
    return list(found.values())


def likely(case: Case, enough: float) -> Iterator[Finding]:
    """Those that the counts speak for by ``enough`` nats, against every split within the promise."""
    if not case.counts:
        return
    for one in candidates(case):
        strength, words = weigh(case, one.shares, one.what)
        if strength >= enough and fits(case.counts, one.shares):
            yield Finding(
                one.cause,
                one.told,
                strength,
                tuple(words),
                one.fix,
                proven=False,
                effect=True,
                predicted=one.shares,
            )


def _earlier(case: Case) -> Iterator[Candidate]:
    """Weights that were in force before: of the same run, or those that it found."""
    for weights in case.earlier:
        yield _stale({version: weights.share(version) for version, _ in weights}, str(weights))
    for shares in splits_of(case.before):
        yield _stale(shares, ", ".join(f"{version} {100 * share:.3g} %" for version, share in shares.items()))


def _stale(shares: Shares, weights: str) -> Candidate:
    return Candidate(
        16,
        shares,
        "the proxies still split by the weights of before",
        f"the proxies still serve the weights of before ({weights}): they did not take the new ones",
        Fix("see which proxies are not SYNCED, and why", "istioctl proxy-status"),
    )


def splits_of(documents: tuple[Object, ...]) -> Iterator[Shares]:
    """Every weighted split over subsets in some documents."""
    for one in documents:
        for rule in rules(one) if one.kind == "VirtualService" else ():
            named = [str(destination.get("subset") or "") for destination in destinations(rule)]
            weights = [int(part.get("weight") or 0) for part in rule.get("route") or ()]
            weights = [1] if len(named) == 1 else weights
            if all(named) and named and sum(weights):
                pairs: Mapping[Version, int] = dict(zip(named, weights, strict=True))
                total = sum(pairs.values())
                yield {version: weight / total for version, weight in pairs.items() if weight}


def _pods(case: Case) -> Iterator[Candidate]:
    if shares := case.pod_shares():
        yield Candidate(
            29,
            shares,
            "pods share the calls, each alike",
            "the calls are shared by the pods, each alike, as if no VirtualService applied",
            Fix(
                "apply the weights, and see what the caller's proxy has", f"weighbridge route {case.weights}"
            ),
        )


def _equal(case: Case) -> Iterator[Candidate]:
    named = [version for version, share in case.promised.items() if share]
    for versions in ({*named}, {*case.counts, *named}):
        if len(versions) > 1:
            yield Candidate(
                29,
                {version: 1 / len(versions) for version in sorted(versions)},
                "all versions share alike",
                "all versions get the same share, as if no weights were in force",
                Fix(
                    "apply the weights, and see what the caller's proxy has",
                    f"weighbridge route {case.weights}",
                ),
            )


def _swapped(case: Case) -> Iterator[Candidate]:
    versions = case.weights.versions
    if len(versions) > _MOST:
        return
    for order in permutations([weight for _, weight in case.weights]):
        weights = Weights(tuple(zip(versions, order, strict=True)))
        yield Candidate(
            31,
            {version: weights.share(version) for version in versions},
            "the weights are swapped",
            f"the promised weights are swapped: the counts fit {weights}",
            Fix("apply the weights that were promised", f"weighbridge route {case.weights}"),
        )


def _dead(case: Case) -> Iterator[Candidate]:
    for version, share in case.promised.items():
        rest = {other: one for other, one in case.promised.items() if other != version and one}
        if share and rest:
            total = sum(rest.values())
            yield Candidate(
                20,
                {other: one / total for other, one in rest.items()},
                f"{version} never answers",
                f"{version} never answers, and the others share what is left",
                Fix(
                    f"look after the pods of {version}",
                    f"kubectl -n {case.namespace} get pods -l app=reviews,version={version}",
                ),
            )
