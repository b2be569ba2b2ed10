"""What the local mesh cannot honour is refused by document, path and reason."""

from __future__ import annotations

from typing import Any

import pytest

from setup.documents import SPECS, Document, DocumentError
from setup.local.envoy.refusals import refuse, refused
from setup.local.envoy.refused_fields import BY_KIND
from setup.local.envoy.translation import translate
from setup.local.topology import topology

MESH = topology(7, 8080)
LABELS = MESH.gateway.pod.labels


def http(**rule: Any) -> tuple[str, dict[str, Any]]:
    to_reviews = {"route": [{"destination": {"host": "reviews"}}]}
    return "VirtualService", {"hosts": ["reviews"], "http": [{**to_reviews, **rule}]}


def policy(**groups: Any) -> tuple[str, dict[str, Any]]:
    return "DestinationRule", {"host": "reviews", "trafficPolicy": groups}


def balancer(**fields: Any) -> tuple[str, dict[str, Any]]:
    return policy(loadBalancer=fields)


def pool(**fields: Any) -> tuple[str, dict[str, Any]]:
    return policy(connectionPool={"http": fields})


def server(port: dict[str, Any] | None = None, **fields: Any) -> tuple[str, dict[str, Any]]:
    whole = {"number": 80, "name": "http", "protocol": "HTTP", **(port or {})}
    return "Gateway", {"servers": [{"port": whole, "hosts": ["*"], **fields}]}


HALF = {"percentage": {"value": 50}}
TLS = "the local mesh speaks plain HTTP"
FIXED = "the pods of the local mesh stay as they are, in one place"
HTTP1 = "Bookinfo speaks HTTP/1.1"
ONE_LISTENER = "the gateway of the local mesh has one listener"
ONE_NAMESPACE = "the local mesh has one namespace to export to"
PSEUDO = "Envoy sets, adds and removes no pseudo headers"
ONLY_HTTP = "the local mesh routes HTTP alone"
STREAM = [{"route": [{"destination": {"host": "reviews"}}]}]
LB, HTTP = "trafficPolicy.loadBalancer", "trafficPolicy.connectionPool.http"

REFUSED = [
    (("VirtualService", {"hosts": ["reviews"], "tcp": STREAM}), "tcp", ONLY_HTTP),
    (("VirtualService", {"hosts": ["reviews"], "tls": [{"match": [{"sniHosts": ["*"]}]}]}), "tls", ONLY_HTTP),
    (("VirtualService", {**http()[1], "exportTo": [".", "other"]}), "exportTo[1]", ONE_NAMESPACE),
    (("VirtualService", {"http": http()[1]["http"]}), "",
     "without hosts it is there for others to delegate to, and the local mesh follows no delegates"),
    (("VirtualService", {"hosts": ["a"], "http": [{"delegate": {"name": "b"}}]}), "http[0].delegate",
     "the local mesh follows no delegates"),
    (http(fault={"delay": {"fixedDelay": "2s"}}), "http[0].fault.delay",
     "without a percentage Istio delays nothing, whatever its documentation says"),
    (http(fault={"delay": {"fixedDelay": "2s", "percent": 5}}), "http[0].fault.delay.percent",
     "it is deprecated"),
    (http(fault={"delay": {"exponentialDelay": "2s", **HALF}}), "http[0].fault.delay.exponentialDelay",
     "Envoy has no such delay"),
    (http(fault={"abort": {"httpStatus": 500}}), "http[0].fault.abort",
     "without a percentage Istio aborts nothing, whatever its documentation says"),
    (http(fault={"abort": {"grpcStatus": "ABORTED", **HALF}}), "http[0].fault.abort.grpcStatus",
     "Bookinfo speaks no gRPC"),
    (http(fault={"abort": {"http2Error": "x", **HALF}}), "http[0].fault.abort.http2Error",
     "Envoy has no such abort"),
    (http(mirrorPercent=5), "http[0].mirrorPercent", "it is deprecated"),
    (http(mirror_percent=5), "http[0].mirror_percent", "it is deprecated"),
    (http(corsPolicy={"allowOrigin": ["*"]}), "http[0].corsPolicy.allowOrigin", "it is deprecated"),
    (("VirtualService", {"hosts": ["a"], "http": [{"redirect": {"uri": "/", "redirectCode": 305}}]}),
     "http[0].redirect.redirectCode", "Envoy has no such redirect"),
    (http(match=[{"headers": {"@request.auth.claims.sub": {"exact": "a"}}}]), "http[0].match[0].headers",
     "the local mesh checks no tokens, so it has no claims"),
    (http(match=[{}, {"withoutHeaders": {"@request.auth.claims.sub": {}}}]),
     "http[0].match[1].withoutHeaders", "the local mesh checks no tokens, so it has no claims"),
    (http(headers={"request": {"set": {":path": "/"}}}), "http[0].headers.request.set", PSEUDO),
    (http(headers={"response": {"add": {":status": "200"}}}), "http[0].headers.response.add", PSEUDO),
    (http(route=[{"destination": {"host": "a"}, "headers": {"request": {"remove": ["Host"]}}}]),
     "http[0].route[0].headers.request.remove", PSEUDO),
    (server({"number": 443}), "servers[0].port.number", ONE_LISTENER),
    (server({"protocol": "HTTPS"}), "servers[0].port.protocol", TLS),
    (server({"targetPort": 8080}), "servers[0].port.targetPort", "it is deprecated"),
    (server(tls={"httpsRedirect": True}), "servers[0].tls", TLS),
    (server(bind="10.0.0.1"), "servers[0].bind", ONE_LISTENER),
    (server(defaultEndpoint="a"), "servers[0].defaultEndpoint", "Istio does not implement it"),
    (("Gateway", {**server()[1], "selector": {"istio": "egressgateway"}}), "selector",
     "it selects no gateway; the labels here are app: istio-ingressgateway, istio: ingressgateway"),
    (("DestinationRule", {"host": "reviews", "exportTo": ["other"]}), "exportTo[0]", ONE_NAMESPACE),
    (("DestinationRule", {"host": "reviews", "workloadSelector": {"matchLabels": {"app": "a"}}}),
     "workloadSelector", "the local mesh applies a rule to every caller"),
    (policy(tls={"mode": "ISTIO_MUTUAL"}), "trafficPolicy.tls", TLS),
    (policy(tls={"mode": "DISABLE", "sni": "a"}), "trafficPolicy.tls", TLS),
    (policy(tunnel={"targetHost": "a", "targetPort": 1}), "trafficPolicy.tunnel",
     "the local mesh tunnels nothing"),
    (policy(proxyProtocol={"version": "V1"}), "trafficPolicy.proxyProtocol", "Bookinfo speaks plain HTTP"),
    (policy(retryBudget={"percent": 5}), "trafficPolicy.retryBudget",
     "the local mesh limits retries by maxRetries"),
    (policy(portLevelSettings=[{"port": {"number": 80}}]), "trafficPolicy.portLevelSettings[0].port.number",
     "no service here listens on that port"),
    (policy(portLevelSettings=[{"port": {"number": 9080}, "tls": {"mode": "SIMPLE"}}]),
     "trafficPolicy.portLevelSettings[0].tls", TLS),
    (balancer(simple="PASSTHROUGH"), f"{LB}.simple", "nothing redirects connections here"),
    (balancer(localityLbSetting={"enabled": True}), f"{LB}.localityLbSetting", FIXED),
    (balancer(zoneAwareLbSetting={"enabled": True}), f"{LB}.zoneAwareLbSetting", FIXED),
    (balancer(warmupDurationSecs="30s"), f"{LB}.warmupDurationSecs", FIXED),
    (balancer(warmup={"duration": "30s"}), f"{LB}.warmup", FIXED),
    (balancer(backendUtilization={}), f"{LB}.backendUtilization", "Bookinfo reports no load"),
    (balancer(consistentHash={"useSourceIp": True, "minimumRingSize": 5}),
     f"{LB}.consistentHash.minimumRingSize", "it is deprecated"),
    (balancer(consistentHash={"useSourceIp": True, "maglev": {"tableSize": 100}}),
     f"{LB}.consistentHash.maglev.tableSize", "Envoy takes prime numbers up to 5000011 alone"),
    (balancer(consistentHash={"useSourceIp": True, "ringHash": {"minimumRingSize": 8388609}}),
     f"{LB}.consistentHash.ringHash.minimumRingSize", "Envoy's rings have 8388608 places at most"),
    (balancer(consistentHash={"httpCookie": {"name": "a", "attributes": []}}),
     f"{LB}.consistentHash.httpCookie.attributes", "the local mesh sets none"),
    (pool(h2UpgradePolicy="UPGRADE"), f"{HTTP}.h2UpgradePolicy", HTTP1),
    (pool(useClientProtocol=True), f"{HTTP}.useClientProtocol", HTTP1),
    (pool(maxConcurrentStreams=5), f"{HTTP}.maxConcurrentStreams", HTTP1),
    (pool(http2KeepAlive={"interval": "1s"}), f"{HTTP}.http2KeepAlive", HTTP1),
    (policy(outlierDetection={"consecutiveErrors": 5}), "trafficPolicy.outlierDetection.consecutiveErrors",
     "Istio ignores it"),
    (policy(outlierDetection={"outlierDetectionHttpErrorCodes": [500]}),
     "trafficPolicy.outlierDetection.outlierDetectionHttpErrorCodes", "the local mesh ejects on 5xx alone"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "path", "reason"), REFUSED, ids=[f"{d[0]} {path}" for d, path, _ in REFUSED]
)
def test_what_cannot_be_honoured_is_refused(
    document: tuple[str, dict[str, Any]], path: str, reason: str
) -> None:
    """Istio itself takes nearly every one of these documents: test_documents_by_istio.py tells which not."""
    kind, spec = document
    assert list(SPECS[kind].faults(spec, "spec")) == []
    with pytest.raises(DocumentError) as error:
        translate([Document(kind, "default", "one", spec, "routes.yaml")], MESH)
    assert str(error.value) == f"routes.yaml: {kind}/one spec{path and '.'}{path}: {reason}"
    assert error.value.hint


def test_every_refusal_is_tried_above() -> None:
    """But for those below a subset or a port, which are the same ones."""
    tried = {
        (kind, fault.reason, fault.hint)
        for (kind, spec), _, _ in REFUSED
        for fault in refused(Document(kind, "default", "one", spec, "r"), LABELS)
    }
    declared = {(kind, one.reason, one.hint) for kind, every in BY_KIND.items() for one in every}
    assert declared - tried == set()


def test_a_rule_in_another_namespace_is_refused() -> None:
    rule = Document("DestinationRule", "books", "one", {"host": "reviews.default.svc.cluster.local"}, "r")
    with pytest.raises(DocumentError) as error:
        refuse([rule], LABELS)
    assert str(error.value) == (
        "r: DestinationRule/one metadata.namespace: neither the callers nor the services live there"
    )


def test_a_subsets_policy_is_looked_at_too() -> None:
    subsets = [{"name": "v1"}, {"name": "v2", "trafficPolicy": {"tls": {"mode": "SIMPLE"}}}]
    rule = Document("DestinationRule", "default", "one", {"host": "reviews", "subsets": subsets}, "r")
    assert [fault.path for fault in refused(rule, LABELS)] == ["spec.subsets[1].trafficPolicy.tls"]


def test_a_gateway_without_a_selector_is_for_every_gateway() -> None:
    refuse([Document("Gateway", "default", "one", server()[1], "r")], LABELS)
