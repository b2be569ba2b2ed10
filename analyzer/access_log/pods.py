"""Who stands behind an address or a pod's name: service and version labels, from a table of pods.

The table is a run's ``run.json`` or what ``kubectl get pods -A -o json`` prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..records import Version
from .errors import LogError

_APP_LABELS = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
_VERSION_LABELS = ("service.istio.io/canonical-revision", "app.kubernetes.io/version", "version")
"""In the order in which Istio itself looks for a workload's canonical name and revision."""
_HINT = "give run.json of a run, or what `kubectl get pods -A -o json` printed"


@dataclass(frozen=True, slots=True)
class Pod:
    name: str
    namespace: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    ips: tuple[str, ...] = ()

    @property
    def app(self) -> str:
        """The name that Istio's own metrics give the workload."""
        return _first(self.labels, _APP_LABELS) or workload(self.name)

    @property
    def version(self) -> Version | None:
        return _first(self.labels, _VERSION_LABELS)


class Pods:
    """Pods found by address and by name; an address that two pods share names neither."""

    def __init__(self, pods: Iterable[Pod] = ()) -> None:
        self._by_ip: dict[str, Pod | None] = {}
        self._by_name: dict[str, Pod] = {}
        for pod in pods:
            self._by_name[pod.name] = pod
            for ip in pod.ips:
                self._by_ip[ip] = None if ip in self._by_ip else pod

    def at(self, ip: str) -> Pod | None:
        return self._by_ip.get(ip)

    def named(self, name: str) -> Pod | None:
        return self._by_name.get(name)

    def __len__(self) -> int:
        return len(self._by_name)


def read(path: Path) -> Pods:
    """Read a table of pods; raises LogError where the file is none."""
    try:
        data = json.loads(path.read_bytes())
        if "items" in data:
            return Pods(_of_kubectl(item) for item in data["items"])
        return Pods(_of_run(pod) for pod in data["pods"])
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror}", _HINT) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LogError(f"{path} is no table of pods", _HINT) from error


def workload(pod: str) -> str:
    """``reviews-v3`` of ``reviews-v3-84779c7bbc-9drws``; a name of another shape stands as it is."""
    words = pod.split("-")
    if len(words) > 2 and len(words[-1]) == 5 and 8 <= len(words[-2]) <= 10 and words[-2].isalnum():
        return "-".join(words[:-2])
    if len(words) > 1 and words[-1].isdigit():
        return "-".join(words[:-1])
    return pod


def _of_kubectl(item: dict[str, Any]) -> Pod:
    meta, status = item["metadata"], item.get("status", {})
    ips = [entry["ip"] for entry in status.get("podIPs", [])] or [status.get("podIP")]
    if item.get("spec", {}).get("hostNetwork") or status.get("phase") in ("Succeeded", "Failed"):
        ips = []  # the address is the node's, or already another pod's
    return Pod(
        meta["name"], meta.get("namespace", "default"), meta.get("labels") or {}, tuple(filter(None, ips))
    )


def _of_run(pod: dict[str, Any]) -> Pod:
    return Pod(pod["name"], pod["namespace"], pod["labels"], (pod["ip"],))


def _first(labels: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((labels[name] for name in names if labels.get(name)), None)
