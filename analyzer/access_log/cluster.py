"""What an Envoy cluster name says: direction, port, subset and host of the service called.

Names by Istio: ``outbound|9080|v2|reviews.default.svc.cluster.local``, ``inbound|9080||``, a waypoint's
``inbound-vip|9080|http/v2|…``, and the SNI of mesh mTLS ``outbound_.9080_.v2_.reviews…``. Since 1.23
``%UPSTREAM_CLUSTER%`` ends in a semicolon that is not part of the name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache


class Direction(StrEnum):
    OUTBOUND = "outbound"
    INBOUND = "inbound"
    INBOUND_VIP = "inbound-vip"  # a waypoint, on its way to the workload
    PASSTHROUGH = "passthrough"  # to an address that the mesh does not know
    INBOUND_PASSTHROUGH = "inbound-passthrough"  # to a port of the pod that no Service names
    BLACK_HOLE = "black-hole"  # the same where the mesh forbids it
    NONE = "none"  # no cluster was chosen: no route, or the cluster is missing
    OTHER = "other"  # a name that Istio did not make


@dataclass(frozen=True, slots=True)
class Cluster:
    """``subset`` and ``host`` are None where the name has none."""

    direction: Direction
    port: int | None = None
    subset: str | None = None
    host: str | None = None


_UNKNOWN_ADDRESS = {
    "PassthroughCluster": Direction.PASSTHROUGH,
    "BlackHoleCluster": Direction.BLACK_HOLE,
    "InboundPassthroughCluster": Direction.INBOUND_PASSTHROUGH,
    "InboundPassthroughClusterIpv4": Direction.INBOUND_PASSTHROUGH,  # up to 1.22
    "InboundPassthroughClusterIpv6": Direction.INBOUND_PASSTHROUGH,
}
_PIPED = {d.value: d for d in (Direction.OUTBOUND, Direction.INBOUND, Direction.INBOUND_VIP)}


@lru_cache(maxsize=8192)
def cluster(name: str | None) -> Cluster:
    """Take a cluster's name or an SNI apart; any name that is not Istio's is ``OTHER``."""
    if name is None or name in ("", "-"):
        return Cluster(Direction.NONE)
    name = name.removesuffix(";")
    if name in _UNKNOWN_ADDRESS:
        return Cluster(_UNKNOWN_ADDRESS[name])
    parts = name.split("|") if "|" in name else name.split("_.", 3)
    direction = _PIPED.get(parts[0])
    if len(parts) != 4 or direction is None or not _is_port(parts[1]):
        return Cluster(Direction.OTHER)
    return Cluster(direction, int(parts[1]), _subset(direction, parts[2]), parts[3] or None)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5


def _subset(direction: Direction, text: str) -> str | None:
    """A waypoint writes ``http/v2``; an inbound name up to 1.7 has the port's name there."""
    if direction is Direction.INBOUND:
        return None
    if direction is Direction.INBOUND_VIP:
        return text.partition("/")[2] or None
    return text or None
