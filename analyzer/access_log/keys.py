"""What of an access line decides which group it is counted in; all else is summed or left aside."""

from __future__ import annotations

from typing import NamedTuple

from ..records import LogEntry
from .readings import Connection

INBOUND = ("inbound", "InboundPassthrough")
"""How the names of clusters begin that lead into the pod that writes the line."""


class Key(NamedTuple):
    """Lines that agree in all of this are told apart by time, size and duration only. ``""`` is unset.

    ``source`` is the pod or file that wrote the line. ``own`` is an address of the writing pod and ``remote``
    one of its caller: in inbound lines only, because a gateway's callers are the whole world, and not where
    Envoy took it from X-Forwarded-For (it then has port 0).
    """

    source: str
    tcp: bool
    code: int
    flags: str
    cluster: str
    server_name: str
    host: str
    own: str
    remote: str
    route: str
    caller_pod: str = ""
    callee_pod: str = ""


def key(entry: LogEntry, source: str) -> Key:
    inbound = (entry.upstream_cluster or "").startswith(INBOUND)
    own = entry.downstream_local_address if inbound else entry.upstream_local_address
    return Key(
        source=source,
        tcp=is_tcp(entry),
        code=entry.response_code,
        flags=entry.response_flags or "",
        cluster=entry.upstream_cluster or "",
        server_name=entry.requested_server_name or "",
        host=entry.upstream_host or "",
        own=ip(own),
        remote=_peer(entry.downstream_remote_address) if inbound else "",
        route=entry.route_name or "",
    )


def key_of_connection(connection: Connection, source: str) -> Key:
    """The service stands where a sidecar's line has its cluster; ztunnel names the pods itself."""
    port = (connection.service_address or "").rpartition(":")[2]
    inbound = connection.direction == "inbound"
    return Key(
        source=source,
        tcp=True,
        code=0,
        flags="error" if connection.error else "",
        cluster=f"{'inbound' if inbound else 'outbound'}|{port}||{connection.destination_service or ''}",
        server_name="",
        host=connection.destination_address or "",
        own="",
        remote=ip(connection.source_address),
        route="",
        caller_pod=connection.source_workload or "",
        callee_pod=connection.destination_workload or "",
    )


def is_tcp(entry: LogEntry) -> bool:
    """Whether the line is about a connection, not about a request."""
    return entry.method is None and entry.path is None and entry.protocol is None


def ip(address: str | None) -> str:
    """The address without its port; an internal listener (``envoy://…``) has none."""
    if address is None or address.startswith("envoy://internal"):
        return ""
    return address.rpartition("/")[2].rpartition(":")[0].strip("[]")


def _peer(address: str | None) -> str:
    return "" if address is None or address.endswith(":0") else ip(address)
