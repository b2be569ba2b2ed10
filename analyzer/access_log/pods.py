"""Who stands behind an address or a pod's name: service and version, from a table of pods.

The table is a run's ``run.json``, or what ``kubectl get pods -A`` prints with ``-o json`` or ``-o wide``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import bounded
from ..records import Version
from .errors import LogError

_APP_LABELS = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")
VERSION_LABELS = ("service.istio.io/canonical-revision", "app.kubernetes.io/version", "version")
"""In the order in which Istio itself looks for a workload's canonical name and revision."""
_ENDED = ("Succeeded", "Failed", "Completed", "Error", "Evicted")
_MOST = 512 << 20
"""Bytes: kubectl prints some 20 KB of JSON for a pod."""
_HINT = "give a run's folder, or what `kubectl get pods -A -o json` (or -o wide --show-labels) printed"
_HEADING = re.compile(r"\S+(?: \S+)*")
_VERSIONED = re.compile(r"([a-z0-9-]+?)-(v[0-9][a-z0-9]*)")


@dataclass(frozen=True, slots=True)
class Pod:
    name: str
    namespace: str = "default"
    labels: Mapping[str, str] = field(default_factory=dict)
    ips: tuple[str, ...] = ()

    @property
    def app(self) -> str:
        """The name that Istio's own metrics give it; without labels, ``reviews`` of ``reviews-v3-…``."""
        return first(self.labels, _APP_LABELS) or name_and_version(workload(self.name))[0]

    @property
    def version(self) -> Version | None:
        return first(self.labels, VERSION_LABELS) or name_and_version(workload(self.name))[1]


class Pods:
    """Pods found by address and by name; an address or a name that two pods share tells of neither."""

    def __init__(self, pods: Iterable[Pod] = ()) -> None:
        self._all = tuple(pods)
        self._by_ip: dict[str, Pod | None] = {}
        self._by_name: dict[str, Pod | None] = {}
        for pod in self._all:
            self._by_name[pod.name] = None if pod.name in self._by_name else pod
            for ip in pod.ips:
                self._by_ip[ip] = None if ip in self._by_ip else pod

    def at(self, ip: str) -> Pod | None:
        return self._by_ip.get(ip)

    def named(self, name: str) -> Pod | None:
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[Pod]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)


def read(path: Path) -> Pods:
    """Read a table of pods; raises LogError where the file, or the run in the folder, has none."""
    path = path / "run.json" if path.is_dir() else path
    try:
        content = bounded.read(path, _MOST)
    except OSError as error:
        raise LogError(f"cannot read {path}: {error.strerror}", _HINT) from error
    return of_content(content, str(path))


def of_content(content: bytes, source: str) -> Pods:
    """The table in the content of a file; ``source`` names it in errors."""
    try:
        text = content.decode()
        return Pods(_of_json(json.loads(text)) if text.lstrip().startswith("{") else _of_table(text))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LogError(f"{source} is no table of pods", _HINT) from error


def workload(pod: str) -> str:
    """``reviews-v3`` of ``reviews-v3-84779c7bbc-9drws``; a name of another shape stands as it is."""
    words = pod.split("-")
    if len(words) > 2 and len(words[-1]) == 5 and 8 <= len(words[-2]) <= 10 and words[-2].isalnum():
        return "-".join(words[:-2])
    if len(words) > 1 and words[-1].isdigit():
        return "-".join(words[:-1])
    return pod


def name_and_version(name: str) -> tuple[str, Version | None]:
    """``reviews`` and ``v3`` of ``reviews-v3``, as a workload or a version's own service may be called."""
    match = _VERSIONED.fullmatch(name)
    return (match[1], match[2]) if match else (name, None)


def first(labels: Mapping[str, str], names: Iterable[str]) -> str | None:
    """The first of several labels that is set."""
    return next((str(labels[name]) for name in names if labels.get(name)), None)


def _of_json(data: dict[str, Any]) -> Iterator[Pod]:
    if "pods" in data:
        return (Pod(pod["name"], pod["namespace"], pod["labels"], (pod["ip"],)) for pod in data["pods"])
    items = data.get("items", [data])
    return (_of_kubectl(item) for item in items)


def _of_kubectl(item: dict[str, Any]) -> Pod:
    meta, status = item["metadata"], item.get("status", {})
    ips = [entry["ip"] for entry in status.get("podIPs", [])] or [status.get("podIP")]
    if item.get("spec", {}).get("hostNetwork") or status.get("phase") in _ENDED:
        ips = []  # the address is the node's, or already another pod's
    return Pod(
        meta["name"], meta.get("namespace", "default"), meta.get("labels") or {}, tuple(filter(None, ips))
    )


def _of_table(text: str) -> Iterator[Pod]:
    """Cells by their headings: kubectl pads every cell to the width of its column."""
    lines = [line for line in text.splitlines() if line.strip()]
    headings = list(_HEADING.finditer(lines[0])) if lines else []
    columns = {
        one[0]: slice(one.start(), later.start() if later else None)
        for one, later in zip(headings, [*headings[1:], None], strict=True)
    }
    if not {"NAME", "IP"} <= columns.keys():
        raise ValueError("no columns NAME and IP")
    for line in lines[1:]:
        cells = {name: line[where].strip() for name, where in columns.items()}
        lives = cells.get("STATUS") not in _ENDED and cells["IP"] != "<none>"
        yield Pod(
            cells["NAME"],
            cells.get("NAMESPACE", "default"),
            dict(_labels(cells.get("LABELS", ""))),
            (cells["IP"],) if lives else (),
        )


def _labels(cell: str) -> Iterator[tuple[str, str]]:
    for pair in cell.split(","):
        name, equals, value = pair.partition("=")
        if equals:
            yield name, value
