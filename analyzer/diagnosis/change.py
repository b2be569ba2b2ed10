"""Weights that changed, or did not: proxies that disagree, a run over a change, somebody else's hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from ..records import UNKNOWN, Version
from .candidates import splits_of
from .case import Case
from .findings import LINE, Finding, Fix, Shares
from .likelihood import differ, moved, support
from .matches import rules
from .objects import Object
from .routing import carriers, destination_rules, keeps, shares_of, speaking
from .words import counted, odds, some, split

_PLACES = {"productpage pod": "caller", "gateway pod": "gateway"}
_ROBOTS = ("argo", "flagger", "flux", "helm", "kustomize-controller", "gitops", "spinnaker")
"""In the names under which controllers own fields of an object (managedFields)."""


def change(case: Case, enough: float) -> Iterator[Finding]:
    """Causes 16, 17 and 25; ``enough`` nats are asked of what only counts say."""
    yield from _disagree(case, enough)
    yield from _replaced(case)
    yield from _owned(case)
    if case.after is None:
        yield from _moved(case, enough)


def _disagree(case: Case, enough: float) -> Iterator[Finding]:
    """Proxies of the same documents that split differently: some of them serve other routes."""
    for column, what in _PLACES.items():
        groups = case.grouped(column)
        strength = differ(groups)
        if strength < enough:
            continue
        told = [f"{name}: {counted(counts)}" for name, counts in sorted(groups.items())]
        odd = _odd(case, groups)
        yield Finding(
            16,
            f"the {what} pods do not split alike: {some(odd)} did not take the routes that the others have",
            strength,
            (
                *told,
                f"such counts are {odds(strength)} likelier if each splits in its own way than if all alike",
                *_stale(case, groups, odd),
            ),
            Fix(
                "see what that proxy has, and make it ask again",
                "\n".join(f"istioctl proxy-config routes {name}" for name in odd),
            ),
            proven=False,
            effect=True,
        )


def _odd(case: Case, groups: Mapping[str, Counter[Version]]) -> list[str]:
    """The pod that fits the promise worst."""

    def misfit(name: str) -> float:
        counts = groups[name]
        own = {version: count / counts.total() for version, count in counts.items()}
        return support(counts, own, case.promised, case.within / 100)

    return [max(sorted(groups), key=misfit)]


def _stale(case: Case, groups: Mapping[str, Counter[Version]], odd: list[str]) -> Iterator[str]:
    for name in odd:
        for shares in splits_of(case.before):
            weight = support(groups[name], shares, case.promised, case.within / 100)
            if weight > LINE:
                yield f"{name} fits the weights of before ({split(shares)}) {odds(weight)} better"


def _moved(case: Case, enough: float) -> Iterator[Finding]:
    """One change of the split during the run, while the documents stayed as they were."""
    known = [version for version in case.decided if version != UNKNOWN]
    order = {version: index for index, version in enumerate(dict.fromkeys(known))}
    strength, at = moved([order[version] for version in known])
    if strength < enough:
        return
    first, second = Counter(known[:at]), Counter(known[at:])
    early = _fits(case, first, splits_of(case.before))
    late = support(second, case.promised, case.promised, case.within / 100) > -LINE
    cause = 17 if late or early else 25
    told = (
        f"old routes were still served for the first {at:,} calls: they are counted, and should not be"
        if cause == 17
        else f"the split changed after {at:,} calls: somebody changed the weights while the load ran"
    )
    yield Finding(
        cause,
        told,
        strength,
        (
            f"before: {counted(first)}; afterwards: {counted(second)}",
            f"that is {odds(strength)} likelier under one change than under no change",
            *([early] if early else []),
        ),
        Fix("begin counting when every proxy has the routes: `run` with weights waits for that",
            f"weighbridge run {case.weights}")
        if cause == 17
        else Fix("find out who changes it, and keep it still while you measure",
                 f"kubectl -n {case.namespace} get virtualservice -o yaml --show-managed-fields"),
        proven=False,
        effect=True,
    )  # fmt: skip


def _fits(case: Case, counts: Counter[Version], earlier: Iterator[Shares]) -> str:
    for shares in earlier:
        if support(counts, shares, case.promised, case.within / 100) > LINE:
            return f"the first calls fit the weights of before ({split(shares)})"
    return ""


def _replaced(case: Case) -> Iterator[Finding]:
    """The documents at the end are others than at the start, and not by our own hand."""
    if case.after is None:
        return
    now = {one.key: one for one in case.after}
    for one in (*carriers(case), *filter(None, [speaking(case)]), *destination_rules(case)):
        new = now.get(one.key)
        if new is not None and new.spec == one.spec:
            continue
        known = [version for version in case.decided if version != UNKNOWN]
        order = {version: index for index, version in enumerate(dict.fromkeys(known))}
        strength, at = moved([order[version] for version in known])
        seen = (
            [f"the split changed after {at:,} calls, {odds(strength)} likelier than not"]
            if strength > LINE
            else []
        )
        yield Finding(
            25,
            f"{one.title} was {'changed' if new else 'deleted'} while the load ran, by somebody else",
            LINE * 2 + max(0.0, strength),
            (f"at the start {_asks(case, one)}, at the end {_asks(case, new)}", *seen),
            Fix(
                "find out who changes it, and keep it still while you measure",
                f"kubectl -n {one.namespace} get {one.kind.lower()} {one.name} -o yaml --show-managed-fields",
            ),
            effect=True,
        )


def _asks(case: Case, one: Object | None) -> str:
    if one is None:
        return "it was not there"
    found = [split(shares_of(case, rule)) for rule in rules(one)]
    return "; ".join(filter(None, found)) or "other subsets"


def _owned(case: Case) -> Iterator[Finding]:
    """A controller owns the weights: it sets them again whenever they are changed."""
    followed = speaking(case)
    known = {one.key: one for one in case.objects}
    found = known.get(followed.key) if followed else None
    if found is None or not case.refuted or keeps(case):
        return
    managers = [str(one.get("manager")) for one in found.metadata.get("managedFields") or ()]
    robots = [name for name in dict.fromkeys(managers) if any(robot in name.lower() for robot in _ROBOTS)]
    if robots:
        yield Finding(
            25,
            f"{some(robots)} sets the weights of {found.title}: what others write there does not last",
            LINE * 2,
            (f"{found.title}: fields managed by {some(managers)}",),
            Fix(f"change the weights in {some(robots)}, or judge by those: `run --expect … --no-route`"),
        )
