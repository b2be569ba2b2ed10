"""What the local mesh cannot honour: refused by document, path and reason, never ignored in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...documents import Document
from ...schema.shapes import Fault, below
from ..topology import NAMESPACE, SERVICE_PORT

_PORTS = (80, 8080)


@dataclass(frozen=True, slots=True)
class Refusal:
    """``path`` as in a message, with ``[]`` for every item; refused where ``when`` holds of the value."""

    path: str
    reason: str
    hint: str = ""
    when: Callable[[Any], bool] = lambda _: True


def _other_than(*allowed: object) -> Callable[[Any], bool]:
    return lambda value: value not in allowed


_EXPORT = Refusal(
    "spec.exportTo[]",
    "the local mesh has one namespace to export to",
    'write "*" or "."',
    _other_than("*", "."),
)
_NO_TLS = "the local mesh speaks plain HTTP"
_FIXED = "the pods of the local mesh stay as they are, in one place"
_PERCENTAGE_HINT = "add percentage: {value: 100}"


def _needs(field: str) -> Callable[[Any], bool]:
    return lambda value: field not in value


VIRTUAL_SERVICE: Sequence[Refusal] = (
    _EXPORT,
    Refusal(
        "spec",
        "without hosts it is there for others to delegate to, and the local mesh follows no delegates",
        "add hosts: [reviews]",
        lambda spec: not spec.get("hosts"),
    ),
    Refusal("spec.tcp", "the local mesh routes HTTP alone", "route it below http"),
    Refusal("spec.tls", "the local mesh routes HTTP alone", "route it below http"),
    Refusal("spec.http[].delegate", "the local mesh follows no delegates", "write the routes here"),
    Refusal(
        "spec.http[].fault.delay",
        "without a percentage Istio delays nothing, whatever its documentation says",
        _PERCENTAGE_HINT,
        lambda delay: not {"percentage", "percent"} & delay.keys(),
    ),
    Refusal("spec.http[].fault.delay.percent", "it is deprecated", "write percentage: {value: 10}"),
    Refusal("spec.http[].fault.delay.exponentialDelay", "Envoy has no such delay", "write fixedDelay"),
    Refusal(
        "spec.http[].fault.abort",
        "without a percentage Istio aborts nothing, whatever its documentation says",
        _PERCENTAGE_HINT,
        _needs("percentage"),
    ),
    Refusal("spec.http[].fault.abort.grpcStatus", "Bookinfo speaks no gRPC", "write httpStatus"),
    Refusal("spec.http[].fault.abort.http2Error", "Envoy has no such abort", "write httpStatus"),
    Refusal("spec.http[].mirrorPercent", "it is deprecated", "write mirrorPercentage: {value: 10}"),
    Refusal("spec.http[].mirror_percent", "it is deprecated", "write mirrorPercentage: {value: 10}"),
    Refusal("spec.http[].corsPolicy.allowOrigin", "it is deprecated", "write allowOrigins: [{exact: …}]"),
    Refusal(
        "spec.http[].redirect.redirectCode",
        "Envoy has no such redirect",
        "write 301, 302, 303, 307 or 308",
        _other_than(301, 302, 303, 307, 308),
    ),
    *(
        Refusal(
            f"spec.http[].match[].{field}",
            "the local mesh checks no tokens, so it has no claims",
            "match on another header",
            lambda headers: any(name.startswith("@") for name in headers),
        )
        for field in ("headers", "withoutHeaders")
    ),
)

GATEWAY: Sequence[Refusal] = (
    Refusal(
        "spec.servers[].port.number",
        "the gateway of the local mesh has one listener",
        "write 80 (or 8080)",
        _other_than(*_PORTS),
    ),
    Refusal("spec.servers[].port.protocol", _NO_TLS, "write HTTP", _other_than("HTTP")),
    Refusal("spec.servers[].port.targetPort", "it is deprecated", "leave it out"),
    Refusal("spec.servers[].tls", _NO_TLS, "leave it out"),
    Refusal("spec.servers[].bind", "the gateway of the local mesh has one listener", "leave it out"),
    Refusal("spec.servers[].defaultEndpoint", "Istio does not implement it", "leave it out"),
)

_LB = "loadBalancer"
_HTTP = "connectionPool.http"
_POLICY: Sequence[Refusal] = (
    Refusal(
        "tls", _NO_TLS, "leave it out", lambda tls: tls.get("mode", "DISABLE") != "DISABLE" or len(tls) > 1
    ),
    Refusal(
        f"{_LB}.simple",
        "nothing redirects connections here",
        "write LEAST_REQUEST",
        lambda v: v == "PASSTHROUGH",
    ),
    Refusal(f"{_LB}.localityLbSetting", _FIXED, "leave it out"),
    Refusal(f"{_LB}.zoneAwareLbSetting", _FIXED, "leave it out"),
    Refusal(f"{_LB}.warmupDurationSecs", _FIXED, "leave it out"),
    Refusal(f"{_LB}.warmup", _FIXED, "leave it out"),
    Refusal(f"{_LB}.backendUtilization", "Bookinfo reports no load", "leave it out"),
    Refusal(
        f"{_LB}.consistentHash.minimumRingSize", "it is deprecated", "write ringHash: {minimumRingSize: 1024}"
    ),
    Refusal(f"{_LB}.consistentHash.httpCookie.attributes", "the local mesh sets none", "leave it out"),
    Refusal(f"{_HTTP}.h2UpgradePolicy", "Bookinfo speaks HTTP/1.1", "leave it out", lambda v: v == "UPGRADE"),
    Refusal(f"{_HTTP}.useClientProtocol", "Bookinfo speaks HTTP/1.1", "leave it out", lambda v: v is True),
    Refusal(f"{_HTTP}.maxConcurrentStreams", "Bookinfo speaks HTTP/1.1", "leave it out"),
    Refusal(f"{_HTTP}.http2KeepAlive", "Bookinfo speaks HTTP/1.1", "leave it out"),
    Refusal("outlierDetection.consecutiveErrors", "Istio ignores it", "write consecutive5xxErrors"),
    Refusal(
        "outlierDetection.outlierDetectionHttpErrorCodes",
        "the local mesh ejects on 5xx alone",
        "leave it out",
    ),
)
_POLICY_OF_A_HOST: Sequence[Refusal] = (
    Refusal("tunnel", "the local mesh tunnels nothing", "leave it out"),
    Refusal("proxyProtocol", "Bookinfo speaks plain HTTP", "leave it out"),
    Refusal(
        "retryBudget", "the local mesh limits retries by maxRetries", "write connectionPool.http.maxRetries"
    ),
    Refusal(
        "portLevelSettings[].port.number",
        "no service here listens on that port",
        f"write {SERVICE_PORT}",
        _other_than(SERVICE_PORT),
    ),
)


def _below(path: str, refusals: Sequence[Refusal]) -> tuple[Refusal, ...]:
    return tuple(Refusal(f"{path}.{r.path}", r.reason, r.hint, r.when) for r in refusals)


DESTINATION_RULE: Sequence[Refusal] = (
    _EXPORT,
    Refusal("spec.workloadSelector", "the local mesh applies a rule to every caller", "leave it out"),
    *(
        refusal
        for policy in ("spec.trafficPolicy", "spec.subsets[].trafficPolicy")
        for refusal in (
            *_below(policy, _POLICY),
            *_below(policy, _POLICY_OF_A_HOST),
            *_below(f"{policy}.portLevelSettings[]", _POLICY),
        )
    ),
)

BY_KIND: Mapping[str, Sequence[Refusal]] = {
    "VirtualService": VIRTUAL_SERVICE,
    "Gateway": GATEWAY,
    "DestinationRule": DESTINATION_RULE,
}


def refuse(documents: Sequence[Document], gateway_labels: Mapping[str, str]) -> None:
    """Raises DocumentError for the first thing that cannot be honoured."""
    for document in documents:
        for fault in refused(document, gateway_labels):
            raise document.error(fault)


def refused(document: Document, gateway_labels: Mapping[str, str]) -> Iterator[Fault]:
    """Everything in a document that cannot be honoured."""
    for refusal in BY_KIND[document.kind]:
        for path, value in _found(document.spec, refusal.path.split(".")[1:], "spec"):
            if refusal.when(value):
                yield Fault(path, refusal.reason, refusal.hint)
    if document.kind == "DestinationRule" and document.namespace != NAMESPACE:
        yield Fault(
            "metadata.namespace", "neither the callers nor the services live there", f"write {NAMESPACE}"
        )
    selector: Mapping[str, str] = document.spec.get("selector", {}) if document.kind == "Gateway" else {}
    if not selector.items() <= gateway_labels.items():
        labels = ", ".join(f"{name}: {value}" for name, value in gateway_labels.items())
        yield Fault(
            "spec.selector",
            f"it selects no gateway; the labels here are {labels}",
            "write istio: ingressgateway",
        )


def _found(value: Any, steps: Sequence[str], path: str) -> Iterator[tuple[str, Any]]:
    """Every place that the pattern names and that is there, with its value."""
    if not steps:
        yield path, value
        return
    name = steps[0].removesuffix("[]")
    if name not in value:
        return
    there = below(path, name)
    if not steps[0].endswith("[]"):
        yield from _found(value[name], steps[1:], there)
        return
    for index, item in enumerate(value[name]):
        yield from _found(item, steps[1:], f"{there}[{index}]")
