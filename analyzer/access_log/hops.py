"""From whom to whom a group of lines tells of, and which version answered, best witness first.

Names are learned from the lines themselves where no pod table gives them: who was called at an address is
also who calls from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ..records import UNKNOWN, Version
from .cluster import Cluster, Direction, cluster
from .keys import Key, ip
from .pods import Pod, Pods, name_and_version, workload
from .subsets import Subsets


class Reporter(StrEnum):
    """Which side of a call wrote the line, in the words of Istio's metrics."""

    SOURCE = "source"  # the caller's sidecar, or a gateway
    DESTINATION = "destination"  # the called pod's sidecar
    WAYPOINT = "waypoint"
    ZTUNNEL = "ztunnel"  # the caller's node
    ZTUNNEL_INBOUND = "ztunnel-inbound"  # the called pod's node


class Witness(StrEnum):
    """How the version is known, best first."""

    SUBSET = "subset"
    HOST = "host of one version"
    SERVER_NAME = "subset in the SNI"
    POD = "pod called"
    WRITER = "pod that wrote the line"
    PEER = "other lines about the same address"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, order=True)
class Hop:
    """``destination`` is the service's host as the mesh calls it; with ``tcp``, connections are counted."""

    reporter: Reporter
    caller: str
    destination: str
    version: Version
    witness: Witness
    response_class: str
    flags: str
    tcp: bool


@dataclass(frozen=True, slots=True)
class Sources:
    """What is known besides the lines."""

    pods: Pods
    subsets: Subsets


NO_SOURCES = Sources(Pods(), {})

_ARRIVING = (Direction.INBOUND, Direction.INBOUND_PASSTHROUGH)


def hops(keys: Iterable[Key], sources: Sources = NO_SOURCES) -> list[Hop]:
    """One hop for each key, in their order."""
    keys = list(keys)
    learned = _Learned(keys, sources)
    return [_hop(key, sources, learned) for key in keys]


class _Learned:
    """Which service, and which version, stands behind an address; only what all lines agree on."""

    def __init__(self, keys: Iterable[Key], sources: Sources) -> None:
        self._hosts: dict[str, set[str]] = {}
        self._versions: dict[str, set[Version]] = {}
        self._addresses: dict[str, set[str]] = {}
        for key in keys:
            where = cluster(key.cluster)
            if where.direction is Direction.OUTBOUND and key.source and key.own:
                self._addresses.setdefault(key.source, set()).add(key.own)
            host, version = _named(where, sources)
            address = ip(key.host)
            if where.direction in _ARRIVING:
                host, version = _named(cluster(key.server_name), sources)
                version = version or _version_of(key.source, sources)
                address = key.own
            if host and address:
                self._hosts.setdefault(address, set()).add(host)
            if version and address:
                self._versions.setdefault(address, set()).add(version)

    def host(self, address: str) -> str | None:
        return _only(self._hosts.get(address))

    def version(self, address: str) -> Version | None:
        return _only(self._versions.get(address))

    def address(self, source: str) -> str | None:
        return _only(self._addresses.get(source))


def _hop(key: Key, sources: Sources, learned: _Learned) -> Hop:
    where = cluster(key.cluster)
    reporter, caller = _caller(key, where, sources, learned)
    destination, version, witness = _callee(key, where, sources, learned)
    return Hop(
        reporter=reporter,
        caller=caller or UNKNOWN,
        destination=destination or UNKNOWN,
        version=version or UNKNOWN,
        witness=witness if version else Witness.NOTHING,
        response_class=response_class(key),
        flags=key.flags,
        tcp=key.tcp,
    )


def response_class(key: Key) -> str:
    """``2xx``; ``none`` where no response was begun (the client left, or a connection is told of)."""
    return f"{key.code // 100}xx" if key.code >= 100 else "none"


def _caller(key: Key, where: Cluster, sources: Sources, learned: _Learned) -> tuple[Reporter, str | None]:
    if key.caller_pod or key.callee_pod:
        reporter = Reporter.ZTUNNEL_INBOUND if where.direction is Direction.INBOUND else Reporter.ZTUNNEL
        return reporter, _at(key.remote, sources, learned) or workload(key.caller_pod) or None
    if where.direction in _ARRIVING:
        return Reporter.DESTINATION, _at(key.remote, sources, learned)
    if where.direction is Direction.INBOUND_VIP:
        return Reporter.WAYPOINT, _at(key.remote, sources, learned)
    address = key.own or learned.address(key.source) or ""
    return Reporter.SOURCE, _writer(key, sources) or _at(address, sources, learned) or _workload(key)


def _callee(
    key: Key, where: Cluster, sources: Sources, learned: _Learned
) -> tuple[str | None, Version | None, Witness]:
    if where.direction in _ARRIVING:
        named = cluster(key.server_name)
        host, version = _named(named, sources)
        host = host or where.host or _writer(key, sources) or learned.host(key.own) or _workload(key)
        if version:
            return host, version, Witness.SERVER_NAME
        addresses: tuple[str, ...] = (key.own, ip(key.host))
    else:
        host, version = _named(where, sources)
        if version:
            return host, version, Witness.SUBSET if where.subset else Witness.HOST
        host = host or _other(where, key)
        addresses = (ip(key.host),)
    return host, *_by_pod(key, where, addresses, sources, learned)


def _by_pod(
    key: Key, where: Cluster, addresses: tuple[str, ...], sources: Sources, learned: _Learned
) -> tuple[Version | None, Witness]:
    for address in addresses:
        pod = sources.pods.at(address)
        if pod and pod.version:
            return pod.version, Witness.POD
    if key.callee_pod:
        return _version_of(key.callee_pod, sources), Witness.POD
    if where.direction in _ARRIVING:
        version = _version_of(key.source, sources)
        if version:
            return version, Witness.WRITER
    return next(filter(None, map(learned.version, addresses)), None), Witness.PEER


def _named(where: Cluster, sources: Sources) -> tuple[str | None, Version | None]:
    """Host and version as a cluster's name or an SNI tells them; ``reviews-v2.…`` is reviews, version v2."""
    if not where.host:
        return None, None
    if where.subset:
        return where.host, sources.subsets.get((where.host, where.subset), where.subset)
    name, dot, domain = where.host.partition(".")
    service, version = name_and_version(name)
    return service + dot + domain, version


def _other(where: Cluster, key: Key) -> str | None:
    """What to call a destination that is no service of the mesh."""
    if where.direction in (Direction.PASSTHROUGH, Direction.BLACK_HOLE):
        return "passthrough" if where.direction is Direction.PASSTHROUGH else "black hole"
    return key.cluster.removesuffix(";") or None


def _at(address: str, sources: Sources, learned: _Learned) -> str | None:
    pod = sources.pods.at(address) if address else None
    return _service(pod, learned) if pod else learned.host(address) if address else None


def _writer(key: Key, sources: Sources) -> str | None:
    pod = sources.pods.named(key.source)
    return f"{pod.app}.{pod.namespace}.svc.cluster.local" if pod else None


def _service(pod: Pod, learned: _Learned) -> str:
    heard = next(filter(None, map(learned.host, pod.ips)), None)
    return heard or f"{pod.app}.{pod.namespace}.svc.cluster.local"


def _workload(key: Key) -> str | None:
    """The writing pod's workload, where the source is a pod's name."""
    return workload(key.source) if key.source and workload(key.source) != key.source else None


def _version_of(pod: str, sources: Sources) -> Version | None:
    """By the pod's labels where they are known, else by its name."""
    return (sources.pods.named(pod) or Pod(pod)).version


def _only(found: set[str] | None) -> str | None:
    return next(iter(found)) if found and len(found) == 1 else None
