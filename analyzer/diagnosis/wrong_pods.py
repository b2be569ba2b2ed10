"""Subsets and the pods behind them: missing, empty, overlapping, mislabelled, or cut off by the Service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations

from ..access_log.cluster import cluster
from ..records import Version
from ..run.calls import SERVICE
from .case import Case
from .findings import LINE, Finding, Fix, Shares
from .matches import rules
from .objects import Object
from .routing import destination_rules, destinations, rule_in_force, shares_of, short, subsets
from .words import impossible, of, some, weigh


def wrong_pods(case: Case) -> Iterator[Finding]:
    """Causes 7, 8, 9 and 10."""
    yield from _undefined(case)
    yield from _empty(case)
    yield from _overlapping(case)
    yield from _mislabelled(case)
    yield from _narrow(case)


def _named(case: Case) -> dict[str, float]:
    """The subsets that the rule in force sends calls to, with their shares."""
    found = rule_in_force(case)
    if found is None:
        return {}
    rule = rules(found[0])[found[1]]
    wanted = {str(one["subset"]) for one in destinations(rule) if one.get("subset")}
    return {version: share for version, share in shares_of(case, rule).items() if version in wanted}


def _undefined(case: Case) -> Iterator[Finding]:
    """A subset that no DestinationRule defines: Envoy knows no such cluster."""
    known = subsets(case)
    unknown = [name for name in _named(case) if name not in known]
    lines = case.flagged("NC")
    if not unknown or not (lines or case.refuted):
        return
    number, total = sum(lines.values()), sum(case.to_service().values())
    rest = {name: share for name, share in _named(case).items() if name in known}
    rule = next(iter(destination_rules(case)), None)
    strength, words = weigh(case, _whole(rest), f"{some(unknown)} gets none") if rest else (0.0, [])
    seen = f"{of(number, total)} found no cluster (flag NC)"
    have = f"it has {some(known)}" if known else "none is there"
    yield Finding(
        7,
        f"the weights name subset {some(unknown)}, which no DestinationRule for {short(case.host)} defines",
        impossible(number) + max(0.0, strength) + LINE,
        (f"{rule.title if rule else 'DestinationRule'}: {have}", *([seen] if number else []), *words),
        Fix(
            "define the subset",
            "".join(f"  - name: {one}\n    labels: {{version: {one}}}\n" for one in unknown).rstrip(),
        ),
        effect=bool(number),
        predicted=_whole(rest),
    )


def _whole(shares: Mapping[Version, float]) -> Shares:
    total = sum(shares.values()) or 1.0
    return {version: share / total for version, share in shares.items()}


def _empty(case: Case) -> Iterator[Finding]:
    """A subset whose labels no pod of the service has."""
    known, lines = subsets(case), case.flagged("UH")
    for name in _named(case):
        labels = known.get(name)
        if labels is None or not case.pods_of(SERVICE) or _pods_with(case, labels):
            continue
        number = sum(count for said, count in lines.items() if cluster(said.cluster).subset == name)
        there = Counter(
            _shown({key: pod.labels.get(key, "") for key in labels}) for pod in case.pods_of(SERVICE)
        )
        seen = f"{number:,} calls to subset {name} found no healthy pod (flag UH): its share fails"
        yield Finding(
            8,
            f"subset {name} selects {_shown(labels)}, and no pod of {short(case.host)} has that",
            impossible(number) + LINE,
            (f"its pods have {', '.join(there)}", *([seen] if number else [])),
            Fix(
                f"start pods with {_shown(labels)}, or correct the subset's labels",
                f"kubectl -n {case.namespace} get pods -l app={SERVICE} --show-labels",
            ),
            effect=bool(number),
        )


def _pods_with(case: Case, labels: Mapping[str, str]) -> frozenset[str]:
    return frozenset(pod.name for pod in case.pods_of(SERVICE) if labels.items() <= pod.labels.items())


def _shown(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items()) or "every pod"


def _overlapping(case: Case) -> Iterator[Finding]:
    """Two subsets with pods in common, or a subset with pods of another version than its name promises."""
    known = subsets(case)
    named = [name for name in _named(case) if name in known]
    wrong = [
        f"subsets {one} and {other} both select {some(sorted(both))}"
        for one, other in combinations(named, 2)
        if (both := _pods_with(case, known[one]) & _pods_with(case, known[other]))
    ]
    versions = {pod.labels.get("version") for pod in case.pods_of(SERVICE)}
    wrong += [
        f"subset {name} selects version={known[name]['version']}"
        for name in named
        if name in versions and known[name].get("version", name) != name
    ]
    if not wrong or not (case.pages.disagree or case.refuted):
        return
    rule = destination_rules(case)[0]
    yield Finding(
        9,
        f"{rule.title} mixes up versions: {'; '.join(wrong)}",
        impossible(case.pages.disagree) + LINE,
        (f"{rule.title}: {some(f'{name}: {_shown(known[name])}' for name in named)}", *_pages(case)),
        Fix("let each subset select the pods of its own version", rule.command),
        effect=bool(case.pages.disagree),
    )


def _pages(case: Case) -> list[str]:
    if not case.pages.disagree:
        return []
    return [
        f"{of(case.pages.disagree, case.pages.total, 'pages')} show another version than the proxy called"
    ]


def _mislabelled(case: Case) -> Iterator[Finding]:
    """Pods whose label names another version than their image does."""
    for pod in case.of("Pod", own=True):
        label = pod.labels.get("version", "")
        images = [str(one.get("image", "")) for one in pod.spec.get("containers") or ()]
        name = f"-{SERVICE}-"
        found = [image.rpartition("/")[2].partition(":")[0].partition(name)[2] for image in images]
        other = next((version for version in found if version and version != label), None)
        if pod.labels.get("app") == SERVICE and other and (case.refuted or case.pages.disagree):
            yield Finding(
                9,
                f"pod {pod.name} is labelled version={label} and runs the image of {other}",
                impossible(case.pages.disagree) + LINE,
                (f"Pod {pod.name}: image {some(images)}", *_pages(case)),
                Fix("give label and image one version", f"kubectl -n {pod.namespace} edit deployment"),
                effect=bool(case.pages.disagree),
            )


def _narrow(case: Case) -> Iterator[Finding]:
    """A Service that selects one version: the others have no endpoint, whatever a subset says."""
    service = next((one for one in case.of("Service", own=True) if one.name == SERVICE), None)
    selector = (service.spec.get("selector") or {}) if service else {}
    version = selector.get("version")
    if service is None or not version or not (case.refuted or case.flagged("UH")):
        return
    number = sum(case.flagged("UH").values())
    strength, words = weigh(case, {str(version): 1.0}, f"{version} alone answers")
    seen = [f"{number:,} calls to other versions found no healthy pod (flag UH)"] if number else []
    yield Finding(
        10,
        f"Service {service.name} selects version={version}: pods of other versions are no endpoints of it",
        impossible(number) + LINE + max(0.0, strength),
        (f"{_title(service)} spec.selector: {_shown(selector)}", *seen, *words),
        Fix(
            "select by app alone",
            f"kubectl -n {service.namespace} patch service {service.name} --type json "
            """-p '[{"op": "remove", "path": "/spec/selector/version"}]'""",
        ),
        effect=bool(number),
    )


def _title(service: Object) -> str:
    return f"Service {service.name} in {service.namespace}"
