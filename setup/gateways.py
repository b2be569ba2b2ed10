"""Which gateways a VirtualService is bound to, and which of its hosts they let in."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.hosts import narrower, qualified

from .documents import Document

MESH = "mesh"
"""Stands among a VirtualService's gateways for every sidecar, and alone where none is named."""


def bound_to(virtual_service: Document) -> tuple[str, ...]:
    """Its gateways, each as ``namespace/name``, and ``mesh``."""
    named = virtual_service.spec.get("gateways") or (MESH,)
    return tuple(full_name(name, virtual_service.namespace) for name in named)


def full_name(name: str, namespace: str) -> str:
    """A gateway's name with its namespace, which is the document's own where none is written."""
    return name if name == MESH or "/" in name else f"{namespace}/{name}"


def admitted(gateway: Document, server_hosts: Sequence[str], virtual_service: Document) -> list[str]:
    """What a server's hosts and a VirtualService's have in common. ``ns/host`` admits one namespace only."""
    found: list[str] = []
    for entry in server_hosts:
        namespace, slash, pattern = entry.rpartition("/")
        namespace = gateway.namespace if namespace == "." else namespace
        if slash and namespace not in ("*", virtual_service.namespace):
            continue
        for name in virtual_service.spec.get("hosts", ()):
            host = narrower(pattern, qualified(name, virtual_service.namespace))
            if host is not None and host not in found:
                found.append(host)
    return found
