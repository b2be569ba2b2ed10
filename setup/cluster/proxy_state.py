"""What istioctl says of the proxies: whether each has the newest configuration, and the weights it serves.

Pure readings of its output; ``proxy-status`` answers in JSON since Istio 1.28 and as a table before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analyzer.records import Weights

from .istioctl import Istioctl, IstioctlError

_JSON_SINCE = 28
_TYPES = {"Cluster": "CDS", "Listener": "LDS", "ClusterLoadAssignment": "EDS", "RouteConfiguration": "RDS"}
_CURRENT = frozenset({"SYNCED", "NOT SENT", "IGNORED", "UNKNOWN"})
"""NOT SENT: there was nothing to send. IGNORED, UNKNOWN: the proxy never asked for the type."""
_COLUMNS = re.compile(r"\s{2,}|\t")
_OUTBOUND = re.compile(r"^outbound\|\d+\|(?P<subset>[^|]*)\|(?P<host>[^|]+)$")


@dataclass(frozen=True, slots=True)
class ProxyState:
    """As istiod sees it; ``states`` maps CDS, LDS, EDS, RDS to SYNCED, STALE, NOT SENT or the like."""

    proxy: str
    states: Mapping[str, str]

    @property
    def stale(self) -> Sequence[str]:
        """The kinds of configuration in which the proxy is behind."""
        return [kind for kind, state in self.states.items() if state.split(" (")[0] not in _CURRENT]


def proxy_states(istioctl: Istioctl) -> Sequence[ProxyState]:
    """Ask istiod about every proxy; raises IstioctlError where there is no Istio."""
    form = ("-o", "json") if istioctl.version.since(_JSON_SINCE) else ()
    return states(istioctl.do("proxy-status", *form).out)


def weights_served(istioctl: Istioctl, pod: str, namespace: str, service: str) -> Sequence[Weights]:
    """Ask one proxy which weights it serves for a service; see ``weights_for``."""
    answer = istioctl.do("proxy-config", "routes", f"{pod}.{namespace}", "-o", "json")
    return weights_for(answer.out, service)


def states(out: str) -> Sequence[ProxyState]:
    """Read what ``proxy-status`` printed, in either form; sorted by proxy."""
    text = out.strip()
    found = _of_json(text) if text.startswith("{") else _of_table(text)
    return sorted(found, key=lambda one: one.proxy)


def weights_for(out: str, service: str) -> Sequence[Weights]:
    """The weights of every HTTP rule that leads to a service, in the order in which a proxy tries them.

    ``service`` is a full name such as ``reviews.default.svc.cluster.local``. A rule with one destination is
    that version with weight 100; a destination without a subset is no version and is left out.
    """
    try:
        tables = json.loads(out or "[]")
    except ValueError as error:
        raise IstioctlError(f"istioctl proxy-config routes printed no JSON: {error}") from error
    found: list[Weights] = []
    for action in _actions(tables):
        shares = {
            match["subset"]: weight
            for cluster, weight in _clusters(action)
            if (match := _OUTBOUND.match(cluster)) and match["host"] == service and match["subset"]
        }
        if shares and (weights := Weights.of(shares)) not in found:
            found.append(weights)
    return found


def _of_json(text: str) -> Iterator[ProxyState]:
    """A DiscoveryResponse of each istiod, one after another."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        try:
            response, position = decoder.raw_decode(text, position)
        except ValueError as error:
            raise IstioctlError(f"istioctl proxy-status printed no JSON: {error}") from error
        while position < len(text) and text[position].isspace():
            position += 1
        for resource in response.get("resources", ()):
            kinds = {
                _TYPES.get(str(config.get("typeUrl", "")).rpartition(".")[2], ""): config
                for config in resource.get("genericXdsConfigs", ())
            }
            told = {
                kind: str(config.get("configStatus", "UNKNOWN")).replace("_", " ")
                for kind, config in kinds.items()
                if kind
            }
            yield ProxyState(str(resource.get("node", {}).get("id", "")), told)


def _of_table(text: str) -> Iterator[ProxyState]:
    header, *rows = text.splitlines() or [""]
    columns = _COLUMNS.split(header.strip())
    kinds = [kind for kind in _TYPES.values() if kind in columns]
    if rows and not kinds:
        raise IstioctlError("istioctl proxy-status prints a table without CDS, LDS, EDS and RDS")
    for row in rows:
        cells = dict(zip(columns, _COLUMNS.split(row.strip()), strict=False))
        yield ProxyState(cells.get("NAME", ""), {kind: cells.get(kind, "") for kind in kinds})


def _actions(tables: Any) -> Iterator[Mapping[str, Any]]:
    for table in tables:
        for host in table.get("virtualHosts", ()):
            for route in host.get("routes", ()):
                yield route.get("route", {})


def _clusters(action: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    if "cluster" in action:
        yield str(action["cluster"]), 100
    for one in action.get("weightedClusters", {}).get("clusters", ()):
        yield str(one.get("name", "")), int(one.get("weight", 0))
