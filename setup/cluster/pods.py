"""The pods of Bookinfo and of the gateway, as the API server lists them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analyzer.records import is_pod_name

from ..mesh import MeshError, Pod
from .api import Api
from .installed import ISTIO_NAMESPACE

PROXY = "istio-proxy"
"""The container of every sidecar, gateway and waypoint."""
GATEWAY_SELECTOR = "istio=ingressgateway"

Object = Mapping[str, Any]


def involved(api: Api, gateway_selector: str = GATEWAY_SELECTOR) -> list[Object]:
    """Every pod of our namespace, and those of the ingress gateway."""
    found = list(api.items(api.path("v1", "Pod", None)))
    gateways = api.items(api.path("v1", "Pod", ISTIO_NAMESPACE), gateway_selector)
    return checked(found + [pod for pod in gateways if api.target.namespace != ISTIO_NAMESPACE])


def checked(pods: list[Object]) -> list[Object]:
    """The pods, whose names we give to folders; raises MeshError for a name that leads elsewhere."""
    for pod in pods:
        if not is_pod_name(name := str(pod["metadata"]["name"])):
            raise MeshError(f"the API server names a pod {name[:80]!r}", "no cluster does: is it yours?")
    return pods


def as_pods(objects: Iterable[Object]) -> Iterator[Pod]:
    """Those that have an address, with and without a proxy: a line may be about either."""
    for one in objects:
        metadata = one["metadata"]
        address = one.get("status", {}).get("podIP")
        if address:
            yield Pod(metadata["name"], metadata.get("labels", {}), address, metadata["namespace"])


def has_proxy(pod: Object) -> bool:
    """A native sidecar (Istio 1.27 and newer) stands among the init containers."""
    spec = pod["spec"]
    containers = (*spec.get("containers", ()), *spec.get("initContainers", ()))
    return any(one["name"] == PROXY for one in containers)


def proxy_state(pod: Object) -> Object:
    """What the kubelet says of the proxy's container; empty before it says anything."""
    status = pod.get("status", {})
    states = (*status.get("containerStatuses", ()), *status.get("initContainerStatuses", ()))
    return next((one for one in states if one["name"] == PROXY), {})


def is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def is_gateway(pod: Object) -> bool:
    """Whether it is a gateway's pod, of any installation: Istio gives those a label that sidecars lack."""
    labels = pod["metadata"].get("labels", {})
    return "istio" in labels and pod["metadata"]["namespace"] == ISTIO_NAMESPACE
