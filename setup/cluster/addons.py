"""The addons in the cluster: the step that brings them, and the way to each from here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from .. import documents
from ..mesh import MeshError
from . import addon_manifests, changes, ingress, installed, tunnel
from .addon_manifests import TRACERS, Addon
from .api import Api, Manifest
from .errors import ApiError
from .install import NO_TRACER_SINCE, TRACER
from .installed import ISTIO_NAMESPACE
from .pods import is_ready
from .rollout import Rollout, until
from .steps import Say

_ANSWERS = 120.0
"""Seconds in which an addon whose pod is ready has to answer."""
_PATIENCE = 10.0
_TRACER = str(TRACER["name"])
_SELECTOR = {"istio": "ingressgateway"}


@dataclass(frozen=True, slots=True)
class Way:
    """A pod that serves an addon, and the port on which it does."""

    pod: str
    port: int


class Addons:
    """The step that installs addons; with a domain the gateway serves each as ``<addon>.<domain>``, too."""

    name = "addons"

    def __init__(
        self,
        api: Api,
        release: Path,
        addons: Sequence[Addon],
        domain: str | None = None,
        sampling: float = 100.0,
    ) -> None:
        """``release`` is the folder of a release of Istio; ``sampling`` the percentage of traced requests."""
        self._api = api
        self._release = release
        self._addons = addons
        self._domain = domain
        self._sampling = sampling

    def plan(self) -> Iterable[str]:
        self._refuse_rivals()
        return changes.planned(self._api, self._manifests())

    def run(self, say: Say) -> None:
        self._refuse_rivals()
        changes.apply(self._api, self._manifests())
        Rollout(self._api, ISTIO_NAMESPACE).wait([one.deployment for one in self._addons], say)
        gateway = ingress.address(self._api) if self._domain else None
        for one in self._addons:
            self._wait(one, gateway)
            say(f"{one.name} answers{self._where(one, gateway)}; from here: weighbridge open {one.name}")
        if self._traces_are_lost():
            say("no traces will come: Istio's mesh configuration has no tracer named zipkin")

    def _wait(self, addon: Addon, gateway: str | None) -> None:
        """Return when it says that it is well, and when the gateway leads to it, where one can be asked."""
        until(
            lambda: answers(self._api, addon),
            _ANSWERS,
            lambda: f"{addon.name} does not answer",
            f"see `kubectl -n {ISTIO_NAMESPACE} logs deployment/{addon.deployment}`",
        )
        if gateway is not None:
            host = f"{addon.name}.{self._domain}"
            until(
                lambda: is_served(gateway, host, addon.page),
                _ANSWERS,
                lambda: f"{addon.name} answers, but not through the gateway as {host}",
                f"see `istioctl analyze -n {ISTIO_NAMESPACE}`",
            )

    def _where(self, addon: Addon, gateway: str | None) -> str:
        if not self._domain:
            return ""
        told = "" if gateway else " once an address leads to the gateway"
        return f" at http://{addon.name}.{self._domain}{addon.page}{told}"

    def _manifests(self) -> Iterator[Manifest]:
        for one in self._addons:
            yield from addon_manifests.manifests(self._release, one)
            if self._domain:
                for document in addon_manifests.documents(one, self._domain, self._gateway()):
                    yield documents.manifest(document)
        if self._tracer() and self._needs_telemetry() and not self._traces_are_lost():
            yield addon_manifests.telemetry(_TRACER, self._sampling)

    def _tracer(self) -> Addon | None:
        return next((one for one in self._addons if one.name in TRACERS), None)

    def _needs_telemetry(self) -> bool:
        istio = installed.first(self._api)
        return istio is not None and istio.version.since(NO_TRACER_SINCE)

    def _traces_are_lost(self) -> bool:
        """Whether Istio knows no tracer to send to. The configuration of others is not ours to change."""
        istio = installed.first(self._api)
        known = istio.tracers if istio else ()
        return bool(self._tracer()) and self._needs_telemetry() and _TRACER not in known

    def _gateway(self) -> Mapping[str, str]:
        """What selects the gateway's pods here: charts call them differently."""
        for pod in ingress.gateway_pods(self._api)[:1]:
            return {"istio": pod["metadata"]["labels"]["istio"]}
        return _SELECTOR

    def _refuse_rivals(self) -> None:
        """Two tracers have Services of the same names; the one that is there keeps them."""
        tracer = self._tracer()
        service = tracer and self._api.find(_service(self._api, tracer))
        if tracer and service:
            owner = service["spec"].get("selector", {}).get("app")
            if owner != tracer.deployment:
                raise MeshError(
                    f"{owner} is there already and answers at the Services that {tracer.name} needs",
                    f"use it, or take it away: kubectl -n {ISTIO_NAMESPACE} delete deployment/{owner} "
                    f"service/tracing service/zipkin",
                )


def way(api: Api, addon: Addon) -> Way:
    """A ready pod behind an addon's Service; raises MeshError with what is missing."""
    service = api.find(_service(api, addon))
    if service is None:
        raise MeshError(
            f"there is no {addon.name} in {ISTIO_NAMESPACE} of context {api.target.context}",
            f"bring it: weighbridge up --mesh cluster --addons {addon.name}",
        )
    spec = service["spec"]
    selector = ",".join(f"{key}={value}" for key, value in spec.get("selector", {}).items())
    for pod in api.items(api.path("v1", "Pod", ISTIO_NAMESPACE), selector):
        if is_ready(pod):
            return Way(pod["metadata"]["name"], _target(spec, addon.port, pod))
    raise MeshError(
        f"no pod of {addon.name} is ready in {ISTIO_NAMESPACE}",
        f"see `kubectl -n {ISTIO_NAMESPACE} get pods -l {selector}`",
    )


def answers(api: Api, addon: Addon) -> bool:
    """Whether an addon says it is well, asked through the API server, which leads there from anywhere."""
    try:
        found = way(api, addon)
        tunnel.get(api, ISTIO_NAMESPACE, found.pod, found.port, addon.health)
    except MeshError:
        return False
    return True


def is_served(gateway: str, host: str, page: str) -> bool:
    """Whether the gateway leads to a page when it is asked for a host, whatever DNS says of that."""
    try:
        answer = requests.get(
            f"{gateway}{page}", headers={"Host": host}, timeout=_PATIENCE, allow_redirects=False
        )
    except requests.RequestException:
        return False
    return answer.status_code < 400


def _service(api: Api, addon: Addon) -> str:
    return api.path("v1", "Service", ISTIO_NAMESPACE, addon.service)


def _target(spec: Mapping[str, Any], port: int, pod: Mapping[str, Any]) -> int:
    """The pod's port behind a port of the Service: a number, the name of one, or the same."""
    target = next((one.get("targetPort", port) for one in spec["ports"] if one["port"] == port), port)
    if isinstance(target, int):
        return target
    named = {
        one.get("name"): int(one["containerPort"])
        for container in pod["spec"]["containers"]
        for one in container.get("ports") or ()
    }
    if target not in named:
        raise ApiError(f"pod {pod['metadata']['name']} has no port {target}")
    return named[target]
