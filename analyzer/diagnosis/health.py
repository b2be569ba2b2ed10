"""Versions that fail, and what hides or imitates that: retries, fault injection, outlier detection."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..access_log.cluster import cluster
from ..records import UNKNOWN, Version
from ..run.calls import SERVICE
from ..wilson import wilson
from .case import Case
from .findings import LINE, Finding, Fix
from .matches import rules
from .routing import destination_rules, rule_in_force, short
from .words import impossible, of, some, split

_BAD = 0.01
"""A version that fails less than this is not called unhealthy: single resets happen in sound meshes."""
_INJECTED = ("FI", "DI")
_NOT_ITS_FAULT = frozenset(("FI", "NC", "NR"))


def health(case: Case) -> Iterator[Finding]:
    """Causes 19, 20 and 21."""
    yield from _injected(case)
    unwell = _unwell(case)
    yield from _unhealthy(case, unwell)
    yield from _hidden(case, unwell)


def _injected(case: Case) -> Iterator[Finding]:
    lines = {said: n for said, n in case.to_service().items() if said.flags & set(_INJECTED)}
    number, total = sum(lines.values()), sum(case.to_service().values())
    in_force = rule_in_force(case)
    fault = rules(in_force[0])[in_force[1]].get("fault") if in_force else None
    if not number and not (fault and case.refuted):
        return
    title = in_force[0].title if in_force else "a VirtualService"
    flags = Counter({flag: sum(n for said, n in lines.items() if flag in said.flags) for flag in _INJECTED})
    told = {"FI": "aborted", "DI": "delayed"}
    seen = " and ".join(f"{flags[flag]:,} {told[flag]} ({flag})" for flag in _INJECTED if flags[flag])
    yield Finding(
        21,
        f"{title} injects faults into calls to {short(case.host)}",
        impossible(number) + (LINE if fault else 0.0),
        (
            *([f"of {total:,} calls {seen}"] if number else []),
            *([f"{title} http[{in_force[1]}].fault: {fault}"] if fault and in_force else []),
        ),
        Fix(
            "take the fault out of the rule",
            in_force[0].command if in_force else "kubectl edit virtualservice",
        ),
        effect=bool(number),
    )


def _unwell(case: Case) -> dict[Version, tuple[int, int]]:
    """Versions whose calls fail: surely more often than one in a hundred, and not for an injected fault."""
    failed: Counter[Version] = Counter()
    total: Counter[Version] = Counter()
    addresses = {pod.ip: pod.labels.get("version", UNKNOWN) for pod in case.pods_of(SERVICE)}
    for said, number in case.to_service().items():
        version = cluster(said.cluster).subset or addresses.get(said.to, UNKNOWN)
        total[version] += number
        if (said.code >= 500 or not said.code) and not said.flags & _NOT_ITS_FAULT:
            failed[version] += number
    return {
        version: (bad, total[version])
        for version, bad in sorted(failed.items())
        if version != UNKNOWN and wilson(bad, total[version], 0.01).low > _BAD
    }


def _unhealthy(case: Case, unwell: dict[Version, tuple[int, int]]) -> Iterator[Finding]:
    known = {pod.labels.get("version") for pod in case.pods_of(SERVICE)}
    for version, (bad, total) in unwell.items():
        flags = Counter[str]()
        for said, number in case.to_service().items():
            if cluster(said.cluster).subset == version and said.code >= 500:
                for flag in said.flags or {"no flag: the application itself"}:
                    flags[flag] += number
        seen = some(f"{flag} {number:,}" for flag, number in flags.most_common())
        if version not in known and flags["UH"]:
            continue  # no pod at all is a cause of its own
        yield Finding(
            20,
            f"{version} is unhealthy: its share fails, and no other version takes it over",
            impossible(bad),
            (
                f"{of(bad, total)} to {version} failed ({seen})",
                *_ejected(case, flags),
                *_pages(case),
            ),
            Fix(
                f"look after the pods of {version}, or take its weight away until they are well",
                f"kubectl -n {case.namespace} get pods -l app={SERVICE},version={version}",
            ),
            effect=True,
        )


def _ejected(case: Case, flags: Counter[str]) -> list[str]:
    rule = next((one for one in destination_rules(case) if "outlierDetection" in str(one.spec)), None)
    if rule is None or not flags["UH"]:
        return []
    return [f"{rule.title} has outlierDetection: it ejected the pods, {flags['UH']:,} calls found none (UH)"]


def _pages(case: Case) -> list[str]:
    shown = case.pages.troubles.get("reviews", 0)
    return [f"{of(shown, case.pages.total, 'pages')} say that reviews could not be fetched"] if shown else []


def _hidden(case: Case, unwell: dict[Version, tuple[int, int]]) -> Iterator[Finding]:
    """Bookinfo's second try, and Envoy's retries: pages favour the versions that do not fail."""
    spent = sum(case.flagged("URX").values())
    again, troubled = case.pages.asked_again, case.pages.troubles.get("reviews", 0)
    if (case.witnessed and not unwell) or not (again or spent or (troubled and case.refuted)):
        return
    pages = Counter(case.pages.by_version)
    pages.pop(UNKNOWN, None)
    shown = {version: count / pages.total() for version, count in sorted(pages.items())}
    evidence = []
    if again:
        evidence.append(f"{of(again, case.pages.total, 'pages')} took two reviews calls, each drawn anew")
    if spent:
        evidence.append(f"{spent:,} calls used up Envoy's retries (flag URX)")
    if troubled and not case.witnessed:
        evidence.append(f"{of(troubled, case.pages.total, 'pages')} say that reviews could not be fetched")
    calls = case.counts
    if case.witnessed and shown and calls:
        total = sum(calls.values())
        drawn = {version: count / total for version, count in sorted(calls.items())}
        evidence.append(f"pages show {split(shown)}; the proxies drew {split(drawn)}")
    yield Finding(
        19,
        "productpage asks reviews again after an error: pages show fewer answers of the failing version than "
        "the mesh sent to it",
        impossible((again or troubled) + spent) * 0.9,
        tuple(evidence),
        Fix("count calls in productpage's outbound log, not pages, and look after the version that fails"),
        effect=True,
    )
