"""The rule in force: caught by an earlier match, of the wrong protocol, or with other weights."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case
from .findings import LINE, Finding, Fix, Shares
from .matches import rules
from .objects import Json, Object
from .routing import destinations, is_promised, rule_in_force, shares_of, short, speaking
from .words import impossible, some, split, weigh

_HUNDRED = 100
_ANY_SUM_SINCE = (1, 15)


def wrong_rule(case: Case) -> Iterator[Finding]:
    """Causes 12, 14, 15 and 31: what the VirtualService that sidecars follow says, against the promise."""
    followed = speaking(case)
    if followed is None or not case.refuted:
        return
    yield from _tcp(case, followed)
    in_force = rule_in_force(case)
    if in_force is None:
        return
    index = in_force[1]
    rule = rules(followed)[index]
    shares = shares_of(case, rule)
    if is_promised(case, shares):
        return
    strength, evidence = weigh(case, shares, f"{followed.title} splits as it is written")
    reached = next(
        (i for i, one in enumerate(rules(followed)) if is_promised(case, shares_of(case, one))), None
    )
    if reached is not None and reached > index:
        yield _caught(followed, index, reached, strength, evidence, shares)
    elif weightless := _weightless(case, rule):
        yield _missing(followed, index, weightless, strength, evidence, shares)
    else:
        yield _other(case, followed, index, shares, strength, evidence)


def _tcp(case: Case, followed: Object) -> Iterator[Finding]:
    weighted = [one for one in followed.spec.get("tcp") or () if len(destinations(one)) > 1]
    if weighted and not rules(followed):
        number = sum(count for said, count in case.calls.items() if said.tcp)
        yield Finding(
            12,
            f"{followed.title} has its weights below tcp: a version is drawn for each connection, and HTTP "
            "calls follow no weights at all",
            LINE * 2 + impossible(number),
            (f"{followed.title} spec.tcp with weights, no spec.http",),
            Fix("write the weights below http", "spec:\n  http:\n  - route: …"),
        )


def _caught(
    followed: Object, index: int, reached: int, strength: float, evidence: list[str], shares: Shares
) -> Finding:
    match = rules(followed)[index].get("match")
    why = (
        f"its match takes /reviews/0: {_shown(match)}" if match else "it has no match, so it takes everything"
    )
    return Finding(
        14,
        f"{followed.title} http[{index}] takes the calls before http[{reached}], which has the weights",
        strength + LINE,
        (f"{followed.title} http[{index}]: {why}; it splits {split(shares)}", *evidence),
        Fix(
            f"put http[{reached}] before http[{index}], or make the match narrower",
            followed.command,
        ),
        predicted=shares,
    )


def _shown(match: object) -> str:
    return str(match)[:200]


def _weightless(case: Case, rule: Json) -> list[str]:
    """Versions that were promised something and whose entry has no weight beside others."""
    route = [one for one in rule.get("route") or () if isinstance(one, dict)]
    if len(route) < 2:
        return []
    found = [str((one.get("destination") or {}).get("subset")) for one in route if not one.get("weight")]
    return [subset for subset in found if case.weights.share(subset)]


def _missing(
    followed: Object,
    index: int,
    weightless: list[str],
    strength: float,
    evidence: list[str],
    shares: Shares,
) -> Finding:
    return Finding(
        15,
        f"{followed.title} http[{index}] gives {some(weightless)} no weight, and of several destinations one "
        "without a weight gets nothing",
        strength + LINE,
        (f"{followed.title} http[{index}] splits {split(shares)}", *evidence),
        Fix("give every destination its weight", followed.command),
        predicted=shares,
    )


def _other(
    case: Case, followed: Object, index: int, shares: Shares, strength: float, evidence: list[str]
) -> Finding:
    swapped = sorted(shares.values()) == sorted(s for s in case.promised.values() if s) and set(shares) == {
        version for version, share in case.promised.items() if share
    }
    how = "the promised weights, swapped" if swapped else "other weights than promised"
    return Finding(
        31,
        f"{followed.title} for {short(case.host)} asks for {how}: {split(shares)}, where {case.weights} was "
        "promised",
        strength + LINE,
        (f"{followed.title} http[{index}] splits {split(shares)}", *evidence),
        Fix("apply the weights that were promised", f"weighbridge route {case.weights}"),
        predicted=shares,
    )


def sums(case: Case) -> Iterator[Finding]:
    """Cause 15, in the cluster: weights that an old Istio refuses, or that add up to nothing in any."""
    followed = speaking(case)
    version = str(case.mesh.get("istio") or "")
    parts = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    for index, rule in enumerate(rules(followed) if followed else ()):
        weights = [int(one.get("weight") or 0) for one in rule.get("route") or ()]
        if followed is None or len(weights) < 2:
            continue
        if not sum(weights):
            told, fix = (
                "weights that are all zero: Envoy refuses the whole configuration",
                "give one a weight",
            )
        elif len(parts) == 2 and parts < _ANY_SUM_SINCE and sum(weights) != _HUNDRED:
            told = f"weights that add up to {sum(weights)}: Istio {version} wants {_HUNDRED}"
            fix = "write them in percent"
        else:
            continue
        where = f"{followed.title} http[{index}]"
        yield Finding(
            15, f"{where} has {told}", LINE * 2, (f"{where}: {weights}",), Fix(fix, followed.command)
        )
