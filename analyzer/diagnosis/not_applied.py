"""Weights that are not in force: a VirtualService carries them, and sidecars do not follow it."""

from __future__ import annotations

from collections.abc import Iterator

from .case import Case
from .findings import LINE, Finding, Fix
from .matches import first, rules
from .objects import Object
from .routing import carriers, exported, hosts, in_mesh, is_for, keeps, shares_of, short, speaking
from .words import impossible, loggers, of, some, weigh


def not_applied(case: Case) -> Iterator[Finding]:
    """Causes 4, 5, 6, 13, 29 and 30: why calls took the route ``default``, or another VirtualService's."""
    lines = case.to_service(default=True)
    if not lines and not case.refuted:
        return
    followed = speaking(case)
    others = [] if keeps(case) else [one for one in carriers(case) if one != followed]
    found = [*(finding for one in others for finding in _why_not(case, one, followed)), *_hidden(case)]
    yield from found
    if lines and not found:
        yield _unrouted(case, followed)


def _why_not(case: Case, carrier: Object, followed: Object | None) -> Iterator[Finding]:
    strength, evidence = _effect(case, followed)
    if not in_mesh(carrier):
        gateways = some(map(str, carrier.spec.get("gateways") or ()))
        yield Finding(
            6,
            f"{carrier.title} has the weights for the gateway alone ({gateways}), and productpage's calls do "
            "not pass there: its sidecar follows what names the gateway `mesh`, or no gateway",
            strength + LINE,
            (f"{carrier.title} spec.gateways: {gateways}", *evidence),
            Fix("let sidecars follow it, too", f"spec:\n  gateways: [{gateways}, mesh]"),
            effect=True,
        )
    elif not is_for(carrier, case.host):
        yield _other_host(case, carrier, strength, evidence)
    elif not exported(carrier, case.namespace):
        yield Finding(
            30,
            f"{carrier.title} has the weights, and its exportTo hides it from namespace {case.namespace}",
            strength + LINE,
            (f"{carrier.title} spec.exportTo: {some(map(str, carrier.spec['exportTo']))}", *evidence),
            Fix("let the callers see it", 'spec:\n  exportTo: ["*"]'),
            effect=True,
        )
    elif followed is not None:
        yield _older(case, carrier, followed, strength, evidence)


def _other_host(case: Case, carrier: Object, strength: float, evidence: list[str]) -> Finding:
    meant, called = some(map(short, hosts(carrier))), short(case.host)
    names = some(map(str, carrier.spec.get("hosts") or ()))
    if carrier.namespace != case.namespace and case.host.partition(".")[0] in carrier.spec.get("hosts", ()):
        return Finding(
            5,
            f"{carrier.title} is in namespace {carrier.namespace}, where its host {names} stands for "
            f"{meant}: productpage calls {called}",
            strength + LINE,
            (f"{carrier.title} metadata.namespace: {carrier.namespace}, spec.hosts: {names}", *evidence),
            Fix(
                f"write the service's whole name, or apply it in namespace {case.namespace}",
                f"spec:\n  hosts: [{case.host}]",
            ),
            effect=True,
        )
    return Finding(
        4,
        f"{carrier.title} routes calls of {meant}, and productpage calls {called}",
        strength + LINE,
        (f"{carrier.title} spec.hosts: {names}", *evidence),
        Fix("name the host that is called", f"spec:\n  hosts: [{case.host.partition('.')[0]}]"),
        effect=True,
    )


def _older(case: Case, carrier: Object, followed: Object, strength: float, evidence: list[str]) -> Finding:
    which = "older" if is_for(carrier, case.host) else "closer"
    return Finding(
        13,
        f"two VirtualServices are for {short(case.host)}: sidecars follow {followed.name}, the {which} one, "
        f"and ignore {carrier.name}, which has the weights",
        strength + LINE,
        (
            f"{followed.title} in {followed.namespace}: spec.hosts {some(hosts(followed))}",
            f"{carrier.title} in {carrier.namespace}: spec.hosts {some(hosts(carrier))}",
            *evidence,
        ),
        Fix(
            f"write both into one VirtualService, or delete {followed.name}",
            f"kubectl -n {followed.namespace} delete virtualservice {followed.name}",
        ),
        effect=True,
    )


def _effect(case: Case, followed: Object | None) -> tuple[float, list[str]]:
    """What the calls show of it: routes called ``default``, and the split that comes about instead."""
    number = sum(case.to_service(default=True).values())
    evidence = [_unruled(case)] if number else []
    index = first(followed, case.asked) if followed else None
    if followed and index is not None:
        shares, what = shares_of(case, rules(followed)[index]), f"{followed.title} splits"
    else:
        shares, what = case.pod_shares(), "pods share the calls, each alike"
    weight, words = weigh(case, shares, what) if shares else (0.0, [])
    return impossible(number) + max(weight, 0.0), [*evidence, *words]


def _unruled(case: Case) -> str:
    lines, total = case.to_service(default=True), sum(case.to_service().values())
    return (
        f"{of(sum(lines.values()), total)} took the route `default`, which Istio's proxies use where no "
        f"VirtualService applies; logged by {loggers(lines)}"
    )


def _unrouted(case: Case, followed: Object | None) -> Finding:
    strength, evidence = _effect(case, None)
    told = f"no VirtualService splits the calls to {short(case.host)}: its pods share them, whatever version"
    if followed:
        told = (
            f"{followed.title} is for {short(case.host)}, and some proxies did not take it: their calls are "
            "shared by the pods, whatever version"
        )
    cause = 16 if followed else 29
    fix = Fix("see what the proxies have, and why", "istioctl proxy-status && istioctl analyze")
    if not followed:
        fix = Fix("apply the weights", f"weighbridge route {case.weights}")
    return Finding(cause, told, strength, tuple(evidence), fix, effect=True, predicted=case.pod_shares())


def _hidden(case: Case) -> Iterator[Finding]:
    """Cause 30, the other half: a Sidecar resource whose egress leaves the service's namespace out."""
    for one in case.of("Sidecar"):
        if one.namespace not in (case.namespace, "istio-system"):
            continue
        egress = [str(host) for part in one.spec.get("egress") or () for host in part.get("hosts") or ()]
        if egress and not any(_lets(host, one, case) for host in egress):
            strength, evidence = _effect(case, None)
            yield Finding(
                30,
                f"Sidecar {one.name} leaves {short(case.host)} out of what the callers' proxies know",
                strength + LINE,
                (f"Sidecar {one.name} in {one.namespace}: egress hosts {some(egress)}", *evidence),
                Fix("let it in", f'spec:\n  egress:\n  - hosts: ["{case.namespace}/*", "istio-system/*"]'),
                effect=bool(case.to_service(default=True)),
            )


def _lets(host: str, sidecar: Object, case: Case) -> bool:
    namespace, _, name = host.rpartition("/")
    namespace = sidecar.namespace if namespace in ("", ".") else namespace
    wildcard = name == "*" or (name.startswith("*.") and case.host.endswith(name[1:]))
    return namespace in ("*", case.namespace) and (wildcard or name == case.host)
