"""Cases for tests of causes: a sound mesh of two callers and two gateways, and what is wrong in it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from analyzer.diagnosis.case import Case, Pages
from analyzer.diagnosis.lines import Said
from analyzer.diagnosis.objects import Object
from analyzer.records import UNKNOWN, Outcome, Weights
from analyzer.run.folder import RunPod
from setup import routes
from setup.documents import Document, manifest

HOST = "reviews.default.svc.cluster.local"
CANARY = Weights.parse("v2=90,v3=10")
CALLERS, GATEWAYS, CONNECTIONS = ("productpage-1", "productpage-2"), ("gateway-1", "gateway-2"), 8


def obj(document: Document) -> Object:
    """As ``objects.read`` gives it back from a run."""
    plain = manifest(document)
    return Object(document.kind, document.namespace, document.name, document.spec, plain["metadata"])


def documents(weights: Weights = CANARY) -> tuple[Object, ...]:
    return tuple(map(obj, routes.split(weights)))


PODS = tuple(
    RunPod(f"{app}-{version}", "default", {"app": app, "version": version}, f"10.0.{number}.{index}")
    for number, (app, versions) in enumerate(
        {"productpage": ("1", "2"), "reviews": ("v1", "v2", "v3"), "details": ("v1",)}.items()
    )
    for index, version in enumerate(versions)
)
_IPS = {pod.labels["version"]: pod.ip for pod in PODS if pod.labels["app"] == "reviews"}


def line(version: str, *, caller: str = CALLERS[0], rule: bool = True, **changed: Any) -> Said:
    """A call's line by its caller's proxy; without ``rule`` no VirtualService applied to it."""
    subset = version if rule else ""
    cluster, route = f"outbound|9080|{subset}|{HOST}", "-" if rule else "default"
    said = Said(caller, cluster, route, "reviews:9080", _IPS.get(version, ""), 200, frozenset())
    return said._replace(**changed)


def case(decided: list[str], outcome: Outcome = Outcome.FAIL, *, rule: bool = True, **changed: Any) -> Case:
    """The calls in decided order, spread evenly over callers, gateways and connections."""
    callers = [CALLERS[i % 2] for i in range(len(decided))]
    lines = Counter(zip(decided, callers, strict=True))
    found: dict[str, Any] = {
        "weights": CANARY,
        "within": 5.0,
        "outcome": outcome,
        "decided": decided,
        "columns": {
            "productpage pod": callers,
            "gateway pod": [GATEWAYS[i // 2 % 2] for i in range(len(decided))],
            "connection": [i % CONNECTIONS for i in range(len(decided))],
        },
        "pages": Pages(len(decided), Counter(decided)),
        "calls": {
            line(version, caller=caller, rule=rule): count
            for (version, caller), count in lines.items()
            if version != UNKNOWN
        },
        "documents": documents(),
        "before": documents(Weights.parse("v2=50,v3=50")),
        "pods": PODS,
        "mesh": {"kind": "cluster", "namespace": "default"},
        "budget": 6748,
    }
    return Case(**(found | changed))


def draw(shares: dict[str, float], calls: int, seed: int) -> list[str]:
    """Independent draws, as Envoy makes them."""
    generator = np.random.default_rng(seed)
    drawn: list[str] = generator.choice(list(shares), size=calls, p=list(shares.values())).tolist()
    return drawn
