"""Who stands where in the local mesh: the pods, their loopback addresses and their Kubernetes-like names."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ..mesh import Pod

NAMESPACE = "default"
DOMAIN = "svc.cluster.local"
SERVICE_PORT = 9080
"""Every Bookinfo service listens here, and so does the inbound side of every sidecar."""
OUTBOUND_PORT = 15001
"""Where a sidecar takes its own application's calls, as Istio's does."""
VERSIONS: Mapping[str, tuple[str, ...]] = {
    "details": ("v1",),
    "ratings": ("v1",),
    "reviews": ("v1", "v2", "v3"),
    "productpage": ("v1",),
}


@dataclass(frozen=True, slots=True)
class Sidecar:
    """One Bookinfo pod: its application, and the Envoy that speaks for it.

    The application has an address of its own because two processes cannot share ``ip:9080`` on one machine.
    """

    pod: Pod
    app: str
    version: str
    app_ip: str

    @property
    def outbound(self) -> tuple[str, int]:
        """Where the application sends its calls, whatever service they are for."""
        return self.pod.ip, OUTBOUND_PORT


@dataclass(frozen=True, slots=True)
class Gateway:
    """The ingress gateway: one Envoy, the only one that listens where people look."""

    pod: Pod
    host: str
    port: int

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Topology:
    """All pods of one local mesh. ``slot`` (0 to 253) sets meshes on one machine apart: 127.1.<slot>.x."""

    slot: int
    gateway: Gateway
    sidecars: tuple[Sidecar, ...]
    away: frozenset[str] = frozenset()
    """Names of pods that run and get no calls, since their workload is scaled down."""

    @property
    def addon_ip(self) -> str:
        """Where what looks at the mesh from outside listens."""
        return f"127.1.{self.slot}.3"

    @property
    def pods(self) -> tuple[Pod, ...]:
        return (self.gateway.pod, *(sidecar.pod for sidecar in self.sidecars))

    def sidecars_of(self, pod: Pod) -> tuple[Sidecar, ...]:
        """The sidecar of that pod, if it is one of Bookinfo's."""
        return tuple(sidecar for sidecar in self.sidecars if sidecar.pod == pod)

    def labels_behind(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """The labels of every pod of each service, a service without pods included."""
        return {fqdn(app): [pod.labels for pod in self.endpoints(app, {})] for app in VERSIONS}

    def endpoints(self, app: str, labels: Mapping[str, str]) -> tuple[Pod, ...]:
        """The pods of a service that carry all the labels, as a subset selects them."""
        pods = (sidecar.pod for sidecar in self.sidecars if sidecar.app == app)
        return tuple(
            pod for pod in pods if labels.items() <= pod.labels.items() and pod.name not in self.away
        )

    def pods_of(self, workload: str) -> tuple[Pod, ...]:
        """Those of ``reviews-v3``, whether they get calls or not."""
        return tuple(s.pod for s in self.sidecars if f"{s.app}-{s.version}" == workload)

    def scaled(self, replicas: Mapping[str, int]) -> Topology:
        """The same pods, of which only so many of each named workload get calls."""
        away = (pod.name for workload, count in replicas.items() for pod in self.pods_of(workload)[count:])
        return replace(self, away=frozenset(away))


def fqdn(service: str, namespace: str = NAMESPACE) -> str:
    return f"{service}.{namespace}.{DOMAIN}"


def topology(
    slot: int,
    gateway_port: int,
    *,
    gateway_host: str = "127.0.0.1",
    replicas: Mapping[str, int] | None = None,
) -> Topology:
    """Lay the pods out; ``replicas`` maps ``app-version`` (``reviews-v2``) to a count, 1 where not named."""
    sidecars: list[Sidecar] = []
    for app, versions in VERSIONS.items():
        for version in versions:
            for replica in range((replicas or {}).get(f"{app}-{version}", 1)):
                host = len(sidecars) + 10
                name = f"{app}-{version}-{_suffix(app, version, str(replica))}"
                pod = Pod(name, {"app": app, "version": version}, f"127.1.{slot}.{host}")
                sidecars.append(Sidecar(pod, app, version, f"127.2.{slot}.{host}"))
    labels = {"app": "istio-ingressgateway", "istio": "ingressgateway"}
    pod = Pod(f"istio-ingressgateway-{_suffix('gateway')}", labels, f"127.1.{slot}.2", "istio-system")
    return Topology(slot, Gateway(pod, gateway_host, gateway_port), tuple(sidecars))


def replica_names(replicas: Mapping[str, int]) -> Sequence[str]:
    """The names in ``replicas`` that no workload of Bookinfo bears."""
    known = {f"{app}-{version}" for app, versions in VERSIONS.items() for version in versions}
    return sorted(set(replicas) - known)


def _suffix(*words: str) -> str:
    """Ten and five characters, as a ReplicaSet and its pod would bear; the same on every machine."""
    digest = hashlib.sha256("/".join(words).encode()).hexdigest()
    return f"{digest[:10]}-{digest[10:15]}"
