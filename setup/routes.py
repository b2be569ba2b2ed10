"""The documents that let /productpage in, and those that split a service's calls by weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analyzer.hosts import qualified
from analyzer.records import Version, Weights, is_version

from .documents import Document, checked, of_kind, read
from .gateways import MESH, bound_to

SOURCE = "weighbridge"
"""Stands as the source of the documents that no user wrote."""
REVIEWS_VERSIONS: tuple[Version, ...] = ("v1", "v2", "v3")
MANIFESTS = Path(__file__).parent / "manifests"


def ingress(namespace: str = "default") -> tuple[Document, ...]:
    """The Gateway and the VirtualService of Bookinfo's tutorial, on port 80."""
    return read((MANIFESTS / "bookinfo-gateway.yaml").read_text(encoding="utf-8"), SOURCE, namespace)


def split(
    weights: Weights,
    service: str = "reviews",
    versions: Sequence[Version] = REVIEWS_VERSIONS,
    namespace: str = "default",
) -> tuple[Document, ...]:
    """A DestinationRule with a subset for each version, and a VirtualService with the weights.

    A version outside ``versions`` gets its subset too: whether it has pods is the mesh's to say.
    """
    subsets = [
        {"name": version, "labels": {"version": version}}
        for version in dict.fromkeys((*versions, *weights.versions))
    ]
    route = [
        {"destination": {"host": service, "subset": version}, "weight": weight} for version, weight in weights
    ]
    rule = {"host": service, "subsets": subsets}
    virtual_service = {"hosts": [service], "http": [{"route": route}]}
    return (
        checked(Document("DestinationRule", namespace, service, rule, SOURCE)),
        checked(Document("VirtualService", namespace, service, virtual_service, SOURCE)),
    )


def promised(documents: Sequence[Document], service: str = "reviews") -> Weights | None:
    """The weights that documents give the calls between services; None where they are not so plain.

    Plain is one VirtualService with one rule for all requests, each of its destinations a subset.
    """
    rules = [
        rule
        for document in of_kind(documents, "VirtualService")
        if MESH in bound_to(document) and _is_of(document, service)
        for rule in document.spec.get("http", ())
    ]
    if len(rules) != 1 or "match" in rules[0]:
        return None
    shares: dict[Version, int] = {}
    route = rules[0].get("route", ())
    for one in route:
        subset = one["destination"].get("subset", "")
        if not is_version(subset) or subset in shares:
            return None
        shares[subset] = 100 if len(route) == 1 else one.get("weight", 0)
    return Weights.of(shares) if any(shares.values()) else None


def _is_of(document: Document, service: str) -> bool:
    wanted = qualified(service, document.namespace)
    return any(qualified(host, document.namespace) == wanted for host in document.spec.get("hosts", ()))
