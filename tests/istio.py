"""What an installed Istio is to the API server: istiod and gateways as objects, and a real injector.

The injector is a webhook that the API server itself calls when a pod is made, with the rules of Istio's own.
"""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from control_plane import ControlPlane

NAMESPACE = "istio-system"
_INJECT = "sidecar.istio.io/inject"


def install(
    plane: ControlPlane, version: str = "1.30.3", http_port: int = 80, *, gateways: bool = True
) -> None:
    """istiod, both gateways and the Service before the ingress, as the demo profile leaves them."""
    if not plane.has(f"/api/v1/namespaces/{NAMESPACE}"):
        plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    for name, labels in (
        ("istiod", {"app": "istiod", "istio.io/rev": "default"}),
        ("istio-ingressgateway", {"app": "istio-ingressgateway", "istio": "ingressgateway"}),
        ("istio-egressgateway", {"app": "istio-egressgateway", "istio": "egressgateway"}),
    ):
        if name != "istiod" and not gateways:
            continue
        container = "discovery" if name == "istiod" else "istio-proxy"
        image = "pilot" if name == "istiod" else "proxyv2"
        spec = {"containers": [{"name": container, "image": f"registry.istio.io/release/{image}:{version}"}]}
        body = {
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        }
        plane.call("POST", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments", body)
    config = {"metadata": {"name": "istio"}, "data": {"mesh": "accessLogFile: /dev/stdout\n"}}
    plane.call("POST", f"/api/v1/namespaces/{NAMESPACE}/configmaps", config)
    service = {
        "metadata": {"name": "istio-ingressgateway", "labels": {"istio": "ingressgateway"}},
        "spec": {
            "selector": {"istio": "ingressgateway"},
            "type": "LoadBalancer",
            "ports": [{"name": "http2", "port": http_port, "targetPort": 8080, "protocol": "TCP"}],
        },
    }
    base = f"/api/v1/namespaces/{NAMESPACE}/services"
    plane.call("POST", base, service)
    status = {"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}}
    path = f"{base}/istio-ingressgateway/status"
    plane.call("PATCH", path, status, "application/merge-patch+json")


def uninstall(plane: ControlPlane) -> None:
    """Everything goes but the namespace: to take that away costs the API server ten seconds."""
    core, apps = f"/api/v1/namespaces/{NAMESPACE}", f"/apis/apps/v1/namespaces/{NAMESPACE}"
    for path in (f"{apps}/deployments", f"{apps}/replicasets", f"{core}/pods", f"{core}/configmaps"):
        plane.call("DELETE", path)
    plane.call("DELETE", f"{core}/services/istio-ingressgateway")
    plane.until(lambda: not plane.call("GET", f"{core}/pods")["items"])


@contextmanager
def injector(plane: ControlPlane) -> Iterator[None]:
    """As long as the block lasts, pods that ask for a sidecar get one."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Injector)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    plane.ca.issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hook = {
        "url": f"https://127.0.0.1:{server.server_address[1]}/inject",
        "caBundle": base64.b64encode(plane.ca.cert_pem.bytes()).decode(),
    }
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
    webhooks = [
        {
            "name": f"{name}.sidecar-injector.istio.io",
            "clientConfig": hook,
            "rules": [rule],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail",
            **selector,
        }
        for name, selector in (
            ("namespace", {"namespaceSelector": {"matchLabels": {"istio-injection": "enabled"}}}),
            ("object", {"objectSelector": {"matchLabels": {_INJECT: "true"}}}),
        )
    ]
    base = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
    plane.call("POST", base, {"metadata": {"name": "istio-sidecar-injector"}, "webhooks": webhooks})
    try:
        yield
    finally:
        plane.call("DELETE", f"{base}/istio-sidecar-injector")
        server.shutdown()
        server.server_close()


class _Injector(http.server.BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Requests are no news."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = {"uid": review["request"]["uid"], "allowed": True, **_patch(review["request"]["object"])}
        body = json.dumps({**review, "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _patch(pod: dict[str, Any]) -> dict[str, Any]:
    """A sidecar for a pod that has none yet and does not refuse it; both webhooks may ask."""
    has_one = any(one["name"] == "istio-proxy" for one in pod["spec"]["containers"])
    if has_one or pod["metadata"].get("labels", {}).get(_INJECT) == "false":
        return {}
    sidecar = {"name": "istio-proxy", "image": "registry.istio.io/release/proxyv2:1.30.3"}
    patch = [{"op": "add", "path": "/spec/containers/-", "value": sidecar}]
    return {"patchType": "JSONPatch", "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
