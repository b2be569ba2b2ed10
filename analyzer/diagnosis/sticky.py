"""Calls that are no independent draws: consistent hashing, and connections that keep to one version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from ..records import Version
from .case import Case
from .findings import LINE, Finding, Fix
from .likelihood import stick
from .objects import Object
from .routing import destination_rules, rule_in_force, short
from .words import impossible, odds, weigh


def sticky(case: Case, enough: float) -> Iterator[Finding]:
    """Causes 18 and 28; ``enough`` nats are asked of what only counts say."""
    groups = case.grouped("connection")
    strength = stick(groups)
    yield from _hashed(case, strength, enough)
    if strength >= enough:
        yield _by_connection(case, groups, strength)


def _hashed(case: Case, strength: float, enough: float) -> Iterator[Finding]:
    for rule in destination_rules(case):
        for where, policy in _policies(rule):
            how = (policy.get("loadBalancer") or {}).get("consistentHash")
            if not how or not (case.refuted or strength >= enough):
                continue
            owner, effect = 0.0, False
            words: list[str] = []
            if not rule_in_force(case) and case.counts:
                most = max(case.counts, key=lambda version: case.counts[version])
                owner, words = weigh(case, {most: 1.0}, "one pod gets every caller that hashes alike")
                effect = owner > LINE
            yield Finding(
                18,
                f"{rule.title} hashes calls to pods by {next(iter(how))}: a hash acts among the pods of one "
                "subset, and knows no weights",
                LINE + max(0.0, owner, strength if strength >= enough else 0.0),
                (f"{rule.title} {where}.loadBalancer.consistentHash: {how}", *words),
                Fix(
                    "route by weights over subsets, and hash inside them only where that is wanted",
                    rule.command,
                ),
                effect=effect or strength >= enough,
            )


def _policies(rule: Object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if policy := rule.spec.get("trafficPolicy"):
        yield "trafficPolicy", policy
    for subset in rule.spec.get("subsets") or ():
        if policy := subset.get("trafficPolicy"):
            yield f"subset {subset.get('name')} trafficPolicy", policy


def _by_connection(case: Case, groups: Mapping[str, Counter[Version]], strength: float) -> Finding:
    tcp = sum(count for said, count in case.calls.items() if said.tcp)
    alone = sum(len(counts) == 1 for counts in groups.values())
    return Finding(
        28,
        "each connection keeps to one version: something draws once a connection, as TCP routes do. Envoy's "
        "HTTP weights draw for every request, keep-alive or not",
        strength + impossible(tcp),
        (
            f"{alone:,} of {len(groups):,} connections saw one version only",
            f"that is {odds(strength)} likelier if connections keep to a version than if each call is drawn",
        ),
        Fix(f"see whether the port of {short(case.host)} is taken for TCP, or a session is hashed"),
        proven=False,
        effect=True,
    )
