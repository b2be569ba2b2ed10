"""Which hosts a name in a document stands for: Istio's completion of short names, and its wildcards."""

from __future__ import annotations

CLUSTER_DOMAIN = "svc.cluster.local"


def qualified(host: str, namespace: str) -> str:
    """A name without a dot is a service of the document's own namespace; any other stands as it is."""
    return host if "." in host or host == "*" else f"{host}.{namespace}.{CLUSTER_DOMAIN}"


def within(host: str, pattern: str) -> bool:
    """Whether everything that ``host`` stands for, ``pattern`` stands for too."""
    if pattern.startswith("*"):
        return host.endswith(pattern[1:])
    return host == pattern


def narrower(one: str, other: str) -> str | None:
    """What both stand for; None where they have nothing in common."""
    if within(one, other):
        return one
    return other if within(other, one) else None


def specificity(pattern: str) -> tuple[bool, int]:
    """Sorts the closer description of a host behind the wider one."""
    return not pattern.startswith("*"), len(pattern)
