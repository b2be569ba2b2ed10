"""The Envoy routes of a VirtualService as one proxy gets them, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...documents import Document
from ...gateways import full_name
from ...mesh import Pod
from .actions import answered, forwarded, redirected, to_service
from .filters import per_route
from .header_changes import header_changes
from .matches import ANYTHING, is_catch_all, route_match
from .messages import Json
from .policies import Policies


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """The proxy that will serve the routes: what ``match`` asks about it.

    ``port`` is the one that documents speak of, ``listener_port`` the one that callers see.
    """

    pod: Pod
    gateway: str
    port: int
    listener_port: int


def routes(virtual_service: Document, viewpoint: Viewpoint, policies: Policies) -> list[Json]:
    """Everything behind a catch-all is left out: nothing could reach it."""
    found: list[Json] = []
    for rule, match in _cases(virtual_service):
        if match is not None and not _applies(match, virtual_service.namespace, viewpoint):
            continue
        found.append(_route(rule, match, virtual_service, viewpoint, policies))
        if is_catch_all(found[-1]["match"]):
            break
    return found


def default_route(host: str, policies: Policies) -> Json:
    """The route to a service that no VirtualService speaks of; its name in the log is ``default``."""
    return {"name": "default", "match": dict(ANYTHING), **to_service(host, policies)}


def _cases(virtual_service: Document) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any] | None]]:
    """Each rule with each of its matches; a rule without a match comes with None."""
    for rule in virtual_service.spec.get("http", ()):
        for match in rule.get("match") or (None,):
            yield rule, match


def _applies(match: Mapping[str, Any], namespace: str, viewpoint: Viewpoint) -> bool:
    """Whether it speaks of this proxy at all. Where gateways are named, labels do not count (as in Istio)."""
    if match.get("port", viewpoint.port) != viewpoint.port:
        return False
    if match.get("gateways"):
        return viewpoint.gateway in (full_name(name, namespace) for name in match["gateways"])
    labels: Mapping[str, str] = match.get("sourceLabels", {})
    return (
        labels.items() <= viewpoint.pod.labels.items()
        and match.get("sourceNamespace", viewpoint.pod.namespace) == viewpoint.pod.namespace
    )


def _route(
    rule: Mapping[str, Any],
    match: Mapping[str, Any] | None,
    virtual_service: Document,
    viewpoint: Viewpoint,
    policies: Policies,
) -> Json:
    return {
        **_names(rule, match or {}),
        "match": route_match(match),
        **_action(rule, virtual_service, viewpoint, policies),
        **per_route(rule),
    }


def _action(
    rule: Mapping[str, Any], virtual_service: Document, viewpoint: Viewpoint, policies: Policies
) -> Json:
    if "route" in rule:
        return forwarded(rule, virtual_service.namespace, policies)
    headers = header_changes(rule.get("headers", {}))
    if "redirect" in rule:
        return {**redirected(rule["redirect"], viewpoint.listener_port), **headers}
    return {**answered(rule["directResponse"]), **headers}


def _names(rule: Mapping[str, Any], match: Mapping[str, Any]) -> Json:
    """The route's name stands last in every access-log line; none shows as ``-``."""
    name = rule.get("name", "") + (f".{match['name']}" if match.get("name") else "")
    return {
        **({"name": name} if name else {}),
        **({"stat_prefix": match["statPrefix"]} if match.get("statPrefix") else {}),
    }
