"""When the mesh is not to blame: too few calls, lines that are lost, or nobody gets in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..access_log.cluster import cluster
from ..hosts import qualified
from ..records import Outcome
from ..run.calls import CALLER
from .callers import has_proxy
from .case import Case
from .findings import LINE, Finding, Fix
from .matches import MESH
from .objects import Object
from .words import counted, impossible, of, some

_INGRESS = "istio-ingressgateway"


def measuring(case: Case) -> Iterator[Finding]:
    """Causes 26 and 27, and 1."""
    yield from _lost(case)
    yield from _shut_out(case)
    yield from _too_few(case)


def _lost(case: Case) -> Iterator[Finding]:
    """Pages were served, and no log holds their calls."""
    number = case.pages.lost
    bare = [pod for pod in case.of("Pod", own=True) if pod.labels.get("app") == CALLER and not has_proxy(pod)]
    if not number or not case.witnessed or bare:
        return
    silent = not case.to_service()
    told = f"log lines of {number:,} calls are lost: their versions are not known"
    fix = Fix("record the run again, with less load for each productpage pod or more pods")
    if silent:
        told = (
            "no proxy of productpage logged a call: its access log is off, or calls do not pass its sidecar"
        )
        fix = Fix("switch the access log on", "istioctl install --set meshConfig.accessLogFile=/dev/stdout")
    yield Finding(
        26,
        told,
        impossible(number) * 0.5,
        (f"{of(number, case.pages.total, 'pages')} were served, and no log holds their call", *case.missing),
        fix,
        effect=True,
    )


def _shut_out(case: Case) -> Iterator[Finding]:
    """No page passes the gateway: it has no route, no pod behind it, or does not listen."""
    served = (
        case.pages.total - case.pages.troubles.get("not-a-page", 0) - case.pages.troubles.get("no-version", 0)
    )
    turned_away = {said: n for said, n in case.arrivals.items() if {"NR", "NC", "UH"} & said.flags}
    number, total = sum(turned_away.values()), sum(case.arrivals.values())
    ports = list(_unserved_ports(case))
    if not (number or (ports and not served)) or (total and number < total / 2):
        return
    why = [*_gateway_faults(case), *ports]
    flags = Counter(flag for said, n in turned_away.items() for flag in said.flags for _ in range(n))
    pages = f"{of(case.pages.total - served, case.pages.total, 'requests')} brought no page"
    seen = f"the gateway turned {of(number, total, 'requests')} away ({counted(flags)})"
    yield Finding(
        27,
        f"the gateway lets no page in: {why[0] if why else 'it has no route for it'}",
        impossible(number) + LINE * len(why),
        (pages, *([seen] if number else []), *why[1:]),
        Fix("give the Gateway the gateway's own port and hosts, and the VirtualService that Gateway",
            f"kubectl -n {case.namespace} get gateway,virtualservice -o yaml"),
        effect=True,
    )  # fmt: skip


def _gateway_faults(case: Case) -> Iterator[str]:
    """VirtualServices for productpage whose Gateway is not there, or lets other hosts in."""
    gateways = {
        f"{one.namespace}/{one.name}": one for one in case.routing("Gateway") if "servers" in one.spec
    }
    for one in case.routing("VirtualService"):
        for name in one.spec.get("gateways") or ():
            full = name if "/" in name else f"{one.namespace}/{name}"
            if name != MESH and full not in gateways:
                yield f"{one.title} is bound to Gateway {full}, and there is none"
            elif name != MESH and not _shared(gateways[full], one):
                yield f"Gateway {full} lets none of the hosts of {one.title} in"


def _shared(gateway: Object, virtual_service: Object) -> bool:
    wanted = [
        qualified(str(one), virtual_service.namespace) for one in virtual_service.spec.get("hosts") or ()
    ]
    offered = [
        str(host).rpartition("/")[2]
        for server in gateway.spec.get("servers") or ()
        for host in server.get("hosts") or ()
    ]
    return any(
        "*" in (one, other) or one == other or one.endswith(other.lstrip("*"))
        for one in wanted
        for other in offered
    )


def _unserved_ports(case: Case) -> Iterator[str]:
    """A Gateway's port must be one of the gateway Service's, or since Istio 1.19 its pods' own."""
    services = [one for one in case.of("Service") if one.name == _INGRESS]
    ports = [port for service in services for port in service.spec.get("ports") or ()]
    for gateway in case.routing("Gateway"):
        for server in gateway.spec.get("servers") or ():
            number = (server.get("port") or {}).get("number")
            if ports and number not in {port.get("port") for port in ports}:
                known = some(f"{port.get('port')} (to {port.get('targetPort')})" for port in ports)
                yield (
                    f"Gateway {gateway.name} listens on port {number}, which Service {_INGRESS} lacks: "
                    f"it has {known}"
                )


def _too_few(case: Case) -> Iterator[Finding]:
    """Nothing is wrong that could be seen, and there is too little to be sure."""
    number = len(case.decided)
    if case.outcome is not Outcome.UNDECIDED or not number or number >= case.budget:
        return
    if any(cluster(said.cluster).subset is None for said in case.to_service()):
        return
    yield Finding(
        1,
        f"the sample is too small: {number:,} calls, where being certain within {case.within:g} points takes "
        f"up to {case.budget:,}",
        0.0,
        (f"the counts so far: {counted(case.counts)}",),
        Fix("let it run on", f"weighbridge run {case.weights} --within {case.within:g}"),
        effect=True,
    )
