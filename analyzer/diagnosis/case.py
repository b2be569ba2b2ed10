"""All that the tests of causes look at, as one record, and what several of them derive from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..access_log.cluster import Direction, cluster
from ..hosts import qualified
from ..records import UNKNOWN, Outcome, Version, Weights
from ..run.calls import CALLER, SERVICE
from ..run.folder import RunPod
from .findings import Shares
from .lines import Said
from .matches import Asked
from .objects import Json, Object

_NO_RULE = "default"


@dataclass(frozen=True, slots=True)
class Pages:
    """The readers' side: pages asked for, what they show, and what the calls behind them came to.

    ``asked_again`` counts pages that took a second call, ``disagree`` those that show another version than
    the proxy called, ``lost`` those that were served although no log holds a call.
    """

    total: int = 0
    by_version: Mapping[Version, int] = field(default_factory=dict)
    troubles: Mapping[str, int] = field(default_factory=dict)
    asked_again: int = 0
    disagree: int = 0
    lost: int = 0


@dataclass(frozen=True)  # without slots, which leave no place for what is counted once
class Case:
    """``decided`` are the versions in decided order; ``columns`` hold, as long, who drew them and whence.

    ``objects`` are what only an API server knows; documents
    are those in force when the load began, ``before`` those that it found, ``after`` those at its end.
    ``witnessed`` is False where no proxy's log was at hand.
    """

    weights: Weights
    within: float
    """In points."""
    outcome: Outcome
    decided: Sequence[Version]
    columns: Mapping[str, Sequence[Hashable | None]] = field(default_factory=dict)
    pages: Pages = field(default_factory=Pages)
    calls: Mapping[Said, int] = field(default_factory=dict)
    arrivals: Mapping[Said, int] = field(default_factory=dict)
    documents: tuple[Object, ...] = ()
    before: tuple[Object, ...] = ()
    after: tuple[Object, ...] | None = None
    objects: tuple[Object, ...] = ()
    pods: tuple[RunPod, ...] = ()
    mesh: Json = field(default_factory=dict)
    load: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    earlier: tuple[Weights, ...] = ()
    witnessed: bool = True
    budget: int = 0

    @property
    def namespace(self) -> str:
        """Where Bookinfo lives."""
        found = self.mesh.get("namespace") or next((p.namespace for p in self.pods_of(CALLER)), "default")
        return str(found)

    @property
    def host(self) -> str:
        """The service whose calls are judged, by its whole name."""
        return qualified(SERVICE, self.namespace)

    @property
    def promised(self) -> Shares:
        return {version: self.weights.share(version) for version in self.weights.versions}

    @cached_property
    def counts(self) -> Mapping[Version, int]:
        """Decisions by version; those without one left out."""
        found = Counter(self.decided)
        found.pop(UNKNOWN, None)
        return found

    @property
    def refuted(self) -> bool:
        return self.outcome is Outcome.FAIL

    def grouped(self, column: str) -> dict[str, Counter[Version]]:
        """Decisions by version, for each value of a column; those without either left out."""
        found: dict[str, Counter[Version]] = {}
        pairs = Counter(zip(self.decided, self.columns.get(column, ()), strict=False))
        for (version, group), number in pairs.items():
            if group is not None and version != UNKNOWN:
                found.setdefault(str(group), Counter())[version] += number
        return found

    def pods_of(self, app: str) -> list[RunPod]:
        return [pod for pod in self.pods if pod.labels.get("app") == app]

    def of(self, kind: str, *, own: bool = False) -> list[Object]:
        """Objects of a kind; ``own`` are those of Bookinfo's namespace alone."""
        return [
            one for one in self.objects if one.kind == kind and (not own or one.namespace == self.namespace)
        ]

    def routing(self, kind: str) -> list[Object]:
        """Istio documents of a kind, oldest first; those of other namespaces as the API server has them."""
        known = {one.key: one for one in self.objects}
        found = [one for one in self.documents if one.kind == kind]
        here = {one.key for one in found}
        found += [one for one in self.of(kind) if one.key not in here and one.namespace != self.namespace]
        return sorted(found, key=lambda one: _age(known.get(one.key) or one))

    @property
    def asked(self) -> Asked:
        """The reviews call that productpage makes for a page of this load."""
        headers = {"user-agent": "weighbridge/run/0.0", ":authority": f"{SERVICE}:9080"}
        if login := self.load.get("login"):
            headers["end-user"] = str(login)
        caller = next(iter(self.pods_of(CALLER)), None)
        return Asked("/reviews/0", headers, caller.labels if caller else {}, self.namespace)

    def to_service(self, *, default: bool = False) -> dict[Said, int]:
        """HTTP lines of calls to the service; with ``default`` those to which no VirtualService applied."""
        return {
            said: count
            for said, count in self.calls.items()
            if not said.tcp
            and self._is_service(said)
            and (not default or (said.route == _NO_RULE and not cluster(said.cluster).subset))
        }

    def _is_service(self, said: Said) -> bool:
        where = cluster(said.cluster)
        if where.direction is Direction.NONE:
            return said.authority.partition(":")[0].partition(".")[0] == SERVICE
        return where.direction is Direction.OUTBOUND and where.host == self.host

    def flagged(self, flag: str) -> dict[Said, int]:
        return {said: count for said, count in self.to_service().items() if flag in said.flags}

    def pod_shares(self, labels: Mapping[str, str] | None = None) -> Shares:
        """How the service's pods share calls that no version was chosen for: each pod alike."""
        found = Counter(
            pod.labels["version"]
            for pod in self.pods_of(SERVICE)
            if "version" in pod.labels and (labels or {}).items() <= pod.labels.items()
        )
        return {version: count / found.total() for version, count in sorted(found.items())}


def _age(one: Object) -> tuple[str, str, str]:
    """Istio's order: the older first, of one second by name. Documents without a time stay in theirs."""
    made = str(one.metadata.get("creationTimestamp") or "")
    return (made, one.name, one.namespace) if made else ("", "", "")
