"""The way in: Bookinfo's Gateway, and where the ingress gateway answers."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import requests

from .. import documents, routes
from ..mesh import MeshError
from . import changes, pods
from .api import Api
from .installed import ISTIO_NAMESPACE
from .pods import GATEWAY_SELECTOR
from .rollout import until
from .steps import Say

_HTTP = ("http2", "http", "http-80")
"""What the port for plain HTTP is called: by istioctl, by charts of one's own, by the Gateway API."""
_REACHABLE = 2.0
"""Seconds in which an address has to take a connection."""
_ANSWERS = 120.0


class Ingress:
    """The step that lets /productpage in, and returns when it answers."""

    name = "gateway"

    def __init__(self, api: Api) -> None:
        self._api = api
        self._manifests = [documents.manifest(one) for one in routes.ingress(api.target.namespace)]

    def plan(self) -> Iterable[str]:
        return changes.planned(self._api, self._with_selector())

    def run(self, say: Say) -> None:
        changes.apply(self._api, self._with_selector())
        url = address(self._api)
        if url is None:
            say("no address leads to the gateway from here; a tunnel will do, for single pages")
            return
        say(f"waiting for {url}/productpage")
        until(lambda: answers(url), _ANSWERS, lambda: f"{url}/productpage does not answer with a page")

    def _with_selector(self) -> list[dict[str, Any]]:
        """The Gateway as it fits the pods that there are: charts call them differently."""
        found = [dict(one) for one in self._manifests]
        for pod in gateway_pods(self._api)[:1]:
            selector = {"istio": pod["metadata"]["labels"]["istio"]}
            found[0] = {**found[0], "spec": {**found[0]["spec"], "selector": selector}}
        return found


def gateway_pods(api: Api) -> list[Mapping[str, Any]]:
    return list(api.items(api.path("v1", "Pod", ISTIO_NAMESPACE), GATEWAY_SELECTOR))


def address(api: Api) -> str | None:
    """Where the gateway answers, seen from here; None where only a tunnel would lead there."""
    service = _service(api)
    for host, port in _candidates(api, service):
        with suppress(OSError):
            socket.create_connection((host, port), _REACHABLE).close()
            shown = f"[{host}]" if ":" in host else host
            return f"http://{shown}" if port == 80 else f"http://{shown}:{port}"
    return None


def answers(url: str) -> bool:
    """Whether /productpage comes through the gateway."""
    try:
        return requests.get(f"{url}/productpage", timeout=10).status_code == 200
    except requests.RequestException:
        return False


def ready_gateway(api: Api) -> str:
    """The name of a gateway's pod that is ready."""
    for pod in gateway_pods(api):
        if pods.is_ready(pod):
            return str(pod["metadata"]["name"])
    raise MeshError(
        f"no pod of the ingress gateway is ready in {ISTIO_NAMESPACE}",
        f"see `kubectl -n {ISTIO_NAMESPACE} get pods -l {GATEWAY_SELECTOR}`",
    )


def _service(api: Api) -> Mapping[str, Any]:
    for one in api.items(api.path("v1", "Service", ISTIO_NAMESPACE), GATEWAY_SELECTOR):
        return one
    raise MeshError(
        f"there is no ingress gateway in {ISTIO_NAMESPACE} of context {api.target.context}",
        "install Istio with one: weighbridge up --mesh cluster",
    )


def _candidates(api: Api, service: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """Addresses to try: the load balancer's, then the nodes' with the node port."""
    ports = service["spec"]["ports"]
    port = next((one for name in _HTTP for one in ports if one.get("name") == name), ports[0])
    for balancer in service.get("status", {}).get("loadBalancer", {}).get("ingress", ()):
        yield balancer.get("ip") or balancer["hostname"], port["port"]
    if "nodePort" in port:
        for pod in gateway_pods(api):
            if host := pod.get("status", {}).get("hostIP"):
                yield host, port["nodePort"]
