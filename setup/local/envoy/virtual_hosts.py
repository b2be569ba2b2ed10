"""Which routes answer to which host: the route configurations of a sidecar and of the gateway."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.hosts import qualified, specificity, within

from ...documents import Document
from ...gateways import MESH, admitted, bound_to
from ..topology import SERVICE_PORT, VERSIONS, Gateway, Sidecar, fqdn
from .matches import is_catch_all
from .messages import Json
from .policies import Policies
from .routes import Viewpoint, default_route, routes

OUTBOUND_ROUTES = str(SERVICE_PORT)
"""What Istio calls the routes of a sidecar: the port that the services share."""
INGRESS_ROUTES = "http.8080"
"""What Istio calls the routes of a gateway: its pods listen on 8080 for a Gateway's port 80."""
_INGRESS_PORT = 80
GATEWAY_PORTS = (_INGRESS_PORT, 8080)
"""The ports of a Gateway document that stand for the one listener of the local gateway."""

_BLOCK_ALL: Json = {
    "name": "block_all",
    "domains": ["*"],
    "routes": [{"name": "block_all", "match": {"prefix": "/"}, "direct_response": {"status": 502}}],
    "include_request_attempt_count": True,
}
"""A host that is no service: what Istio answers under REGISTRY_ONLY. Its default, ALLOW_ANY, needs the
original destination of a redirected connection, and nothing redirects connections here."""


def outbound_routes(documents: Sequence[Document], policies: Policies, sidecar: Sidecar) -> Json:
    """The routes for the calls of one pod's application."""
    viewpoint = Viewpoint(sidecar.pod, MESH, SERVICE_PORT, SERVICE_PORT)
    virtual_services = [d for d in _virtual_services(documents) if MESH in bound_to(d)]
    hosts = [_service(app, virtual_services, viewpoint, policies) for app in VERSIONS]
    return _configuration(OUTBOUND_ROUTES, [*sorted(hosts, key=_name), _BLOCK_ALL])


def ingress_routes(documents: Sequence[Document], policies: Policies, gateway: Gateway) -> Json:
    """The routes for everyone outside; without a Gateway and a VirtualService bound to it, 404 for all."""
    hosts: dict[str, Json] = {}
    for document in documents:
        if document.kind == "Gateway":
            for host, found in _behind(document, documents, policies, gateway):
                known = hosts.setdefault(host, _virtual_host(f"{host}:{_INGRESS_PORT}", [host], []))["routes"]
                known += [route for route in found if route not in known]
    for virtual_host in hosts.values():
        virtual_host["routes"].sort(key=lambda route: is_catch_all(route["match"]))
    nothing = [_virtual_host(f"blackhole:{_INGRESS_PORT}", ["*"], [])]
    return _configuration(INGRESS_ROUTES, sorted(hosts.values(), key=_name) or nothing)


def speaking_for(host: str, virtual_services: Sequence[Document]) -> Document | None:
    """The one VirtualService of a service: the closest description of its host, and of two the older."""
    best: tuple[tuple[bool, int], Document] | None = None
    for document in virtual_services:
        for pattern in (qualified(name, document.namespace) for name in document.spec.get("hosts", ())):
            if within(host, pattern) and (best is None or specificity(pattern) > best[0]):
                best = specificity(pattern), document
    return best[1] if best else None


def _service(
    app: str, virtual_services: Sequence[Document], viewpoint: Viewpoint, policies: Policies
) -> Json:
    """One with a VirtualService of which no rule is for this proxy is as good as without."""
    host = fqdn(app)
    document = speaking_for(host, virtual_services)
    found = routes(document, viewpoint, policies) if document else []
    return _virtual_host(f"{host}:{SERVICE_PORT}", _names(app), found or [default_route(host, policies)])


def _names(app: str) -> list[str]:
    """Every name by which an application may call the service; the port is not looked at."""
    parts = fqdn(app).split(".")
    return [".".join(parts), *(".".join(parts[:length]) for length in (1, 3, 2))]


def _behind(
    document: Document, documents: Sequence[Document], policies: Policies, gateway: Gateway
) -> Iterator[tuple[str, list[Json]]]:
    """The hosts that one Gateway lets in, each with the routes of one VirtualService."""
    key = f"{document.namespace}/{document.name}"
    for server in document.spec["servers"]:
        viewpoint = Viewpoint(gateway.pod, key, server["port"]["number"], gateway.port)
        for virtual_service in _virtual_services(documents):
            if key in bound_to(virtual_service):
                found = routes(virtual_service, viewpoint, policies)
                for host in admitted(document, server["hosts"], virtual_service) if found else ():
                    yield host.lower(), found


def _virtual_services(documents: Sequence[Document]) -> list[Document]:
    return [document for document in documents if document.kind == "VirtualService"]


def _virtual_host(name: str, domains: list[str], found: list[Json]) -> Json:
    return {"name": name, "domains": domains, "routes": found, "include_request_attempt_count": True}


def _name(virtual_host: Json) -> str:
    return str(virtual_host["name"])


def _configuration(name: str, virtual_hosts: list[Json]) -> Json:
    return {
        "name": name,
        "virtual_hosts": virtual_hosts,
        "validate_clusters": False,
        "ignore_port_in_host_matching": True,
        "max_direct_response_body_size_bytes": 1024 * 1024,
    }
