"""What the local mesh cannot honour, path by path, each with the reason and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Any

from ..topology import SERVICE_PORT
from .virtual_hosts import GATEWAY_PORTS


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


def _pseudo(names: Iterable[str]) -> bool:
    return any(name.startswith(":") or name.lower() == "host" for name in names)


def _pseudo_but_authority(names: Iterable[str]) -> bool:
    """Setting the host is the one such change that there is a way for: rewriting the authority."""
    return any(name.startswith(":") and name.lower() != ":authority" for name in names)


def _not_a_prime(number: int) -> bool:
    return number == 1 or any(number % divisor == 0 for divisor in range(2, isqrt(number) + 1))


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
            f"spec.http[]{level}.headers.{operation}",
            "Envoy sets, adds and removes no pseudo headers",
            "leave out what starts with a colon; to change the host, set it on the request",
            _pseudo_but_authority if operation in ("request.set", "request.add") else _pseudo,
        )
        for level in ("", ".route[]")
        for operation in (
            *("request.set", "request.add", "request.remove"),
            *("response.set", "response.add", "response.remove"),
        )
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
        _other_than(*GATEWAY_PORTS),
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
    Refusal(
        f"{_LB}.consistentHash.maglev.tableSize",
        "Envoy takes prime numbers up to 5000011 alone",
        "write for example 65537",
        lambda size: size > 5_000_011 or _not_a_prime(size),
    ),
    Refusal(
        f"{_LB}.consistentHash.ringHash.minimumRingSize",
        "Envoy's rings have 8388608 places at most",
        "write 8388608 or less",
        lambda size: size > 8_388_608,
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
