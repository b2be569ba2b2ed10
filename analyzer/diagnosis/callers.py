"""The caller's side: no sidecar, a port that is no HTTP, calls past the service, mTLS, ambient."""

from __future__ import annotations

from collections.abc import Iterator

from ..access_log.cluster import Direction, cluster
from ..run.calls import CALLER, SERVICE
from .case import Case
from .findings import LINE, Finding, Fix
from .lines import Said
from .objects import Object
from .routing import destination_rules, short
from .words import impossible, of, some, weigh

PROXY = "istio-proxy"
_INJECTION = ("istio-injection", "istio.io/rev")
_AMBIENT = "istio.io/dataplane-mode"
_WAYPOINT = "istio.io/use-waypoint"
_HTTP = ("http", "http2", "grpc", "grpc-web")


def callers(case: Case) -> Iterator[Finding]:
    """Causes 2, 3, 11, 22, 23 and 24."""
    yield from _no_sidecar(case)
    yield from _no_http(case)
    yield from _mtls(case)
    yield from _ambient(case)
    yield from _past_the_service(case)


def has_proxy(pod: Object) -> bool:
    containers = (*(pod.spec.get("containers") or ()), *(pod.spec.get("initContainers") or ()))
    return any(one.get("name") == PROXY for one in containers)


def _no_sidecar(case: Case) -> Iterator[Finding]:
    """Weights act on the caller's proxy: where there is none, the pods share the calls."""
    calling = [pod for pod in case.of("Pod", own=True) if pod.labels.get("app") == CALLER]
    bare = [pod for pod in calling if not has_proxy(pod)]
    namespace = next((one for one in case.of("Namespace") if one.name == case.namespace), None)
    ambient = namespace is not None and namespace.labels.get(_AMBIENT) == "ambient"
    if not bare or ambient:
        return
    label = next((name for name in _INJECTION if namespace and name in namespace.labels), None)
    strength, words = weigh(case, case.pod_shares(), "pods share the calls, each alike")
    evidence = [
        f"{of(len(bare), len(calling), f'{CALLER} pods')} have no container {PROXY}: "
        f"{some(pod.name for pod in bare)}"
    ]
    if case.pages.lost:
        evidence.append(f"{of(case.pages.lost, case.pages.total, 'pages')} left no call in any proxy's log")
    late = label is not None and not any(_opted_out(pod) for pod in bare)
    told = f"{CALLER} has no sidecar, and weights act in the caller's proxy"
    fix = Fix("ask for injection, and make the pods anew", _inject(case))
    if late and namespace:
        told = f"{CALLER}'s pods have no sidecar: they are older than the namespace's label for injection"
        evidence.append(f"Namespace {namespace.name} has the label {label}={namespace.labels[label or '']}")
        fix = Fix("make the pods anew", f"kubectl -n {case.namespace} rollout restart deployment")
    yield Finding(
        3 if late else 2,
        told,
        impossible(case.pages.lost) + LINE * 2 + max(0.0, strength),
        (*evidence, *words),
        fix,
        effect=True,
        predicted=case.pod_shares(),
    )


def _opted_out(pod: Object) -> bool:
    annotations = pod.metadata.get("annotations") or {}
    return "false" in (pod.labels.get("sidecar.istio.io/inject"), annotations.get("sidecar.istio.io/inject"))


def _inject(case: Case) -> str:
    return (
        f"kubectl label namespace {case.namespace} istio-injection=enabled\n"
        f"kubectl -n {case.namespace} rollout restart deployment"
    )


def _no_http(case: Case) -> Iterator[Finding]:
    """A port that is taken for TCP: there is a version for each connection at most, and no HTTP line."""
    service = next((one for one in case.of("Service", own=True) if one.name == SERVICE), None)
    ports = [port for port in (service.spec.get("ports") or () if service else ()) if not _is_http(port)]
    addresses = {pod.ip for pod in case.pods_of(SERVICE)}
    lines = {said: n for said, n in case.calls.items() if said.tcp and _leads_to(case, said, addresses)}
    number = sum(lines.values())
    if not (number or (ports and case.refuted)):
        return
    evidence = [
        f"Service {SERVICE}: port {one.get('port')} is named {one.get('name')!r}"
        + (f", appProtocol {one['appProtocol']}" if one.get("appProtocol") else "")
        for one in ports
    ]
    if number:
        evidence.append(
            f"{number:,} lines of TCP connections to {short(case.host)} (`- - -`), not of requests"
        )
    yield Finding(
        11,
        f"Istio takes the port of {short(case.host)} for TCP: HTTP weights do not act on it",
        impossible(number) + (LINE if ports else 0.0),
        tuple(evidence),
        Fix(
            "name the port http, or set its appProtocol",
            f"kubectl -n {case.namespace} patch service {SERVICE} --type json "
            """-p '[{"op": "replace", "path": "/spec/ports/0/name", "value": "http"}]'""",
        ),
        effect=bool(number),
    )


def _is_http(port: dict[str, object]) -> bool:
    """Istio goes by appProtocol, else by the name up to its first dash; without either it sniffs, rightly."""
    told = str(port.get("appProtocol") or port.get("name") or "http").lower().partition("-")[0]
    return told in _HTTP or told not in ("tcp", "tls", "https", "mongo", "mysql", "redis", "udp")


def _leads_to(case: Case, said: Said, addresses: set[str]) -> bool:
    return cluster(said.cluster).host == case.host or said.to in addresses


def _mtls(case: Case) -> Iterator[Finding]:
    """A DestinationRule that speaks plain text to pods that want mTLS, or mTLS to those that take none."""
    failing = {said: n for said, n in case.to_service().items() if said.flags & {"UF", "UC"}}
    number = sum(failing.values())
    if not (number or case.refuted):
        return
    for rule in destination_rules(case):
        told = str(((rule.spec.get("trafficPolicy") or {}).get("tls") or {}).get("mode") or "")
        for policy in case.of("PeerAuthentication"):
            wanted = str((policy.spec.get("mtls") or {}).get("mode") or "")
            plain = told == "DISABLE" and wanted == "STRICT"
            if policy.namespace in (case.namespace, "istio-system") and (
                plain or (told in ("ISTIO_MUTUAL", "MUTUAL") and wanted == "DISABLE")
            ):
                seen = [f"{number:,} calls broke off (flags UF, UC)"] if number else []
                yield Finding(
                    22,
                    f"{rule.title} says tls.mode {told}, and the pods want {wanted}: their calls break off",
                    impossible(number) + LINE * 2,
                    (
                        f"{rule.title}: trafficPolicy.tls.mode {told}",
                        f"PeerAuthentication {policy.name} in {policy.namespace}: mtls.mode {wanted}",
                        *seen,
                    ),
                    Fix("leave tls out: Istio then does what the pods want", rule.command),
                    effect=bool(number),
                )


def _ambient(case: Case) -> Iterator[Finding]:
    """Ambient mode without a waypoint knows connections, and no HTTP."""
    namespace = next((one for one in case.of("Namespace") if one.name == case.namespace), None)
    service = next((one for one in case.of("Service", own=True) if one.name == SERVICE), None)
    calling = [pod for pod in case.of("Pod", own=True) if pod.labels.get("app") == CALLER]
    placed = [one for one in (namespace, *calling) if one and one.labels.get(_AMBIENT) == "ambient"]
    waypoint = next(
        (one.labels[_WAYPOINT] for one in (service, namespace) if one and _WAYPOINT in one.labels), ""
    )
    gateways = [one for one in case.of("Gateway") if "gatewayClassName" in one.spec and one.name == waypoint]
    ready = any(_programmed(one) for one in gateways)
    if not placed or any(has_proxy(pod) for pod in calling) or (waypoint not in ("", "none") and ready):
        return
    strength, words = weigh(case, case.pod_shares(), "pods share the calls, each alike")
    none = waypoint in ("", "none")
    missing = (
        f"no label {_WAYPOINT} on Service or namespace" if none else f"waypoint {waypoint} is not Programmed"
    )
    yield Finding(
        23,
        f"{CALLER} is in ambient mode without a waypoint before {short(case.host)}: nothing draws versions",
        LINE * 2 + impossible(case.pages.lost) + max(0.0, strength),
        (f"{placed[0].title}: {_AMBIENT}=ambient", missing, *words),
        Fix("put a waypoint there", f"istioctl waypoint apply -n {case.namespace} --enroll-namespace --wait"),
        effect=True,
        predicted=case.pod_shares(),
    )


def _programmed(gateway: Object) -> bool:
    conditions = gateway.status.get("conditions") or ()
    return any(one.get("type") == "Programmed" and one.get("status") == "True" for one in conditions)


def _past_the_service(case: Case) -> Iterator[Finding]:
    """Calls to an address or another name: their lines carry no cluster of the service."""
    addresses = {pod.ip for pod in case.pods_of(SERVICE)}
    past = {said: n for said, n in case.calls.items() if _is_past(said, addresses)}
    number, total = sum(past.values()), sum(n for said, n in case.calls.items() if not said.tcp)
    if not number:
        return
    names = some(said.authority or said.to for said in past)
    yield Finding(
        24,
        f"calls go past {short(case.host)}, to {names}: weights act on calls of the service's name",
        impossible(number),
        (
            f"{of(number, total)} of this run have the authority {names}",
            f"their cluster: {some(said.cluster or 'none' for said in past)}",
        ),
        Fix(
            f"let {CALLER} call {SERVICE}:9080",
            f"kubectl -n {case.namespace} set env deployment/{CALLER}-v1 "
            f"REVIEWS_HOSTNAME- REVIEWS_SERVICE_PORT- SERVICES_DOMAIN-",
        ),
        effect=True,
    )


def _is_past(said: Said, addresses: set[str]) -> bool:
    direction = cluster(said.cluster).direction
    asked = said.authority.partition(":")[0]
    outside = direction in (Direction.PASSTHROUGH, Direction.BLACK_HOLE)
    return not said.tcp and (asked in addresses or (outside and said.to in addresses))
