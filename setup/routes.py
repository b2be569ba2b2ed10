"""The documents that let /productpage in, and those that split a service's calls by weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analyzer.records import Version, Weights

from .documents import Document, checked, read

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
