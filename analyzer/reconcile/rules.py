"""What the documents in force say of mirrors and retries on the way to a service: why lines exceed calls."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import objects
from ..records import Version
from ..run.folder import Run

_DEFAULT_ATTEMPTS = 2
_FIRST_WITHOUT = (1, 24)
"""Since this release of Istio the default policy does not send a request again that was answered with 503."""


@dataclass(frozen=True, slots=True)
class Rules:
    """``mirrors`` maps a subset to the copies that one call makes there at most, "" stands for any subset.

    It is None where no documents are known: then anything may be mirrored. ``always`` are the subsets of
    which every call makes a copy. ``attempts`` are the tries that may follow one that a pod answered badly.
    """

    mirrors: Mapping[Version, int] | None = None
    always: frozenset[Version] = frozenset()
    attempts: int = _DEFAULT_ATTEMPTS

    def copies(self, version: Version) -> int:
        if self.mirrors is None:
            return 1
        return self.mirrors.get(version, 0) + self.mirrors.get("", 0)


def rules(run: Run, service: str) -> Rules:
    """For calls to the service, by the run's documents; what cannot be read is not known."""
    try:
        documents = [one for one in objects.loaded(run.documents) if isinstance(one, dict)]
        routes = list(_routes(documents, service))
        if not documents:
            return Rules()
        mirrors: dict[Version, int] = {}
        always = set()
        for route in routes:
            for subset, percent in _mirrors(route, service):
                mirrors[subset] = mirrors.get(subset, 0) + (percent > 0)
                always |= {subset} if percent >= 100 else set()
        attempts = [_attempts(route, _default(run)) for route in routes] or [_default(run)]
        return Rules(mirrors, frozenset(always), max(attempts))
    except (TypeError, AttributeError, KeyError, ValueError):
        return Rules()


def _routes(documents: list[dict[str, Any]], service: str) -> Iterator[dict[str, Any]]:
    """The HTTP routes that lead to the service."""
    for document in documents:
        for one in document.get("items") or [document]:
            if one.get("kind") == "VirtualService":
                for route in (one.get("spec") or {}).get("http") or []:
                    hosts = [part["destination"]["host"] for part in route.get("route") or []]
                    if any(_is(host, service) for host in hosts):
                        yield route


def _mirrors(route: dict[str, Any], service: str) -> Iterator[tuple[Version, float]]:
    """Subset and percentage; a mirror without a subset may reach every version, under the name ``""``."""
    several = [(one["destination"], one.get("percentage")) for one in route.get("mirrors") or []]
    single = [(route["mirror"], route.get("mirrorPercentage"))] if route.get("mirror") else []
    for destination, percentage in (*single, *several):
        if _is(destination["host"], service):
            percent = 100.0 if percentage is None else float(percentage.get("value", 0))
            yield str(destination.get("subset") or ""), percent


def _attempts(route: dict[str, Any], default: int) -> int:
    retries = route.get("retries")
    return default if retries is None else int(retries.get("attempts") or 0)


def _default(run: Run) -> int:
    """Old releases of Istio try again after any 503, new ones only after one that no pod answered."""
    told = re.match(r"(\d+)\.(\d+)", str((run.mesh or {}).get("istio") or ""))
    old = told is not None and (int(told[1]), int(told[2])) < _FIRST_WITHOUT
    return _DEFAULT_ATTEMPTS if old else 0


def _is(host: str, service: str) -> bool:
    return str(host).partition(".")[0] == service
