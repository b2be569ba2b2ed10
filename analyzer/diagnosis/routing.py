"""What the documents make of a reviews call: which VirtualService speaks, which rule, which split."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..hosts import CLUSTER_DOMAIN, qualified, specificity, within
from ..records import Version
from ..run.calls import SERVICE
from .case import Case
from .findings import Shares
from .matches import MESH, first, rules
from .objects import Json, Object


def is_for(virtual_service: Object, host: str) -> bool:
    """Whether its hosts, completed by its own namespace, cover the service."""
    return any(within(host, one) for one in hosts(virtual_service))


def hosts(virtual_service: Object) -> list[str]:
    return [
        qualified(str(name), virtual_service.namespace) for name in virtual_service.spec.get("hosts") or ()
    ]


def in_mesh(virtual_service: Object) -> bool:
    """Whether sidecars follow it."""
    return MESH in (virtual_service.spec.get("gateways") or (MESH,))


def exported(one: Object, namespace: str) -> bool:
    """Whether callers in a namespace see it."""
    where = one.spec.get("exportTo") or ("*",)
    return "*" in where or namespace in where or ("." in where and one.namespace == namespace)


def speaking(case: Case) -> Object | None:
    """The one VirtualService that productpage's sidecar follows for the service."""
    best: tuple[tuple[bool, int], Object] | None = None
    for one in case.routing("VirtualService"):
        if in_mesh(one) and exported(one, case.namespace):
            for pattern in hosts(one):
                if within(case.host, pattern) and (best is None or specificity(pattern) > best[0]):
                    best = specificity(pattern), one
    return best[1] if best else None


def carriers(case: Case) -> list[Object]:
    """The VirtualServices that route calls to versions of the service, in force or not."""
    return [one for one in case.routing("VirtualService") if any(_splits(case, one))]


def _splits(case: Case, one: Object) -> Iterator[bool]:
    for rule in (*rules(one), *(one.spec.get("tcp") or ())):
        for destination in destinations(rule):
            host = qualified(str(destination.get("host", "")), one.namespace)
            meant = host == case.host or host.partition(".")[0] == SERVICE
            yield meant and bool(destination.get("subset"))


def destinations(rule: Json) -> list[Json]:
    return [one.get("destination") or {} for one in rule.get("route") or () if isinstance(one, dict)]


def rule_in_force(case: Case) -> tuple[Object, int] | None:
    """The VirtualService and the place of its rule that take the calls."""
    found = speaking(case)
    index = first(found, case.asked) if found else None
    return (found, index) if found and index is not None else None


def shares_of(case: Case, rule: Json) -> Shares:
    """The split that a rule makes, by the version as the log names it: the subset, else each pod's label."""
    route = [one for one in rule.get("route") or () if isinstance(one, dict)]
    weights = [1 if len(route) == 1 else int(one.get("weight") or 0) for one in route]
    total = sum(weights) or 1
    shares: dict[Version, float] = {}
    for one, weight in zip(route, weights, strict=True):
        subset = (one.get("destination") or {}).get("subset")
        for version, part in ({subset: 1.0} if subset else case.pod_shares()).items():
            shares[version] = shares.get(version, 0.0) + weight / total * part
    return {version: share for version, share in shares.items() if share}


def subsets(case: Case) -> dict[str, Mapping[str, str]]:
    """Labels of each subset that callers see of the service, by its name."""
    found: dict[str, Mapping[str, str]] = {}
    for rule in destination_rules(case):
        for subset in rule.spec.get("subsets") or ():
            labels = subset.get("labels") or {}
            found.setdefault(str(subset.get("name")), {str(k): str(v) for k, v in labels.items()})
    return found


def destination_rules(case: Case) -> list[Object]:
    """The DestinationRules for the service that callers see, those of the closest host alone."""
    seen = [
        (specificity(host), one)
        for one in case.routing("DestinationRule")
        if within(case.host, host := qualified(str(one.spec.get("host", "")), one.namespace))
        and exported(one, case.namespace)
    ]
    closest = max((close for close, _ in seen), default=None)
    return [one for close, one in seen if close == closest]


def short(host: str) -> str:
    """Without the cluster's domain."""
    return host.removesuffix(f".{CLUSTER_DOMAIN}")


def is_promised(case: Case, shares: Shares) -> bool:
    """Whether a split by documents is the promised one. Weights are whole numbers: no margin is needed."""
    versions = {*shares, *case.weights.versions}
    return all(abs(shares.get(one, 0.0) - case.weights.share(one)) < 1e-9 for one in versions)


def keeps(case: Case) -> bool:
    """Whether the rule in force, as it is written, splits as promised."""
    found = rule_in_force(case)
    return found is not None and is_promised(case, shares_of(case, rules(found[0])[found[1]]))
