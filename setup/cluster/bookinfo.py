"""Bookinfo in the cluster: Istio's sample application with a sidecar where one is wanted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..mesh import MeshError
from . import changes, pods, releases
from .api import Api, Manifest
from .istio_version import IstioVersion
from .rollout import Rollout
from .steps import Say

PORT = 9080
_APPS = ("details", "ratings", "reviews", "productpage")
_TUTORIAL_REPLICAS = 3
"""Of productpage, where it alone has sidecars: the tutorial's first stage."""
_INJECT = "sidecar.istio.io/inject"
_WRITABLE: Mapping[str, Mapping[str, str]] = {
    "reviews": {"tmp": "/tmp", "wlp-output": "/opt/ibm/wlp/output"},  # noqa: S108 - inside its container
    "productpage": {"tmp": "/tmp"},  # noqa: S108 - inside its container
}
"""Where an application writes: the images may run with a read-only root."""


class Inject(StrEnum):
    """Which pods get a sidecar, and by what."""

    PRODUCTPAGE = "productpage"
    ALL = "all"
    NAMESPACE = "namespace"


@dataclass(frozen=True, slots=True)
class Layout:
    """What Bookinfo is asked to be. ``reviews`` are the versions to release; others stay as they are."""

    istio: IstioVersion
    inject: Inject = Inject.ALL
    reviews: Sequence[str] = ("v1", "v2", "v3")
    revision: str = "default"
    """Istio's revision that injects."""

    @property
    def has_revision(self) -> bool:
        """Whether pods must say which revision is to inject them."""
        return self.revision != "default"

    def workloads(self) -> Iterator[tuple[str, str]]:
        """(application, version) of every Deployment."""
        for app in _APPS:
            for version in self.reviews if app == "reviews" else ("v1",):
                yield app, version

    def injects(self, app: str) -> bool:
        return self.inject is not Inject.PRODUCTPAGE or app == "productpage"


class Bookinfo:
    """The step that brings the application, and returns when every pod is ready, its sidecar included."""

    name = "bookinfo"

    def __init__(self, api: Api, layout: Layout) -> None:
        self._api = api
        self._layout = layout
        self._manifests = manifests(layout, api.target.namespace)

    def plan(self) -> Iterable[str]:
        return changes.planned(self._api, self._manifests)

    def run(self, say: Say) -> None:
        changes.apply(self._api, self._manifests)
        names = [f"{app}-{version}" for app, version in self._layout.workloads()]
        Rollout(self._api, self._api.target.namespace).wait(names, say)
        if bare := self._without_sidecar():
            raise MeshError(
                f"{', '.join(bare)} came without a sidecar",
                "is istiod ready, and its injector's webhook? See `istioctl analyze`",
            )

    def _without_sidecar(self) -> list[str]:
        return [
            pod["metadata"]["name"]
            for pod in self._api.items(self._api.path("v1", "Pod", None))
            if "deletionTimestamp" not in pod["metadata"]
            and (app := pod["metadata"].get("labels", {}).get("app")) in _APPS
            and self._layout.injects(app)
            and not pods.has_proxy(pod)
        ]


def manifests(layout: Layout, namespace: str) -> list[Manifest]:
    """Every object of the application, in the order in which a cluster wants them."""
    found: list[Manifest] = [_namespace(layout, namespace)] if layout.inject is Inject.NAMESPACE else []
    for app in _APPS:
        found += [_account(app), _service(app)]
    found += [_deployment(app, version, layout) for app, version in layout.workloads()]
    return found


def _namespace(layout: Layout, name: str) -> Manifest:
    label = {"istio.io/rev": layout.revision} if layout.has_revision else {"istio-injection": "enabled"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": label}}


def _account(app: str) -> Manifest:
    metadata = {"name": f"bookinfo-{app}", "labels": {"account": app}}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _service(app: str) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": app, "labels": {"app": app, "service": app}},
        "spec": {
            # Server-side apply of a Service without the protocol fails on servers up to 1.20.
            "ports": [{"port": PORT, "name": "http", "protocol": "TCP", "targetPort": PORT}],
            "selector": {"app": app},
        },
    }


def _deployment(app: str, version: str, layout: Layout) -> Manifest:
    labels = {"app": app, "version": version}
    alone = layout.inject is Inject.PRODUCTPAGE and app == "productpage"
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": f"{app}-{version}", "labels": labels},
        "spec": {
            "replicas": _TUTORIAL_REPLICAS if alone else 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": _pod_metadata(app, labels, layout),
                "spec": _pod_spec(app, version, layout.istio),
            },
        },
    }


def _pod_metadata(app: str, labels: Mapping[str, str], layout: Layout) -> dict[str, Any]:
    """Sidecars come when a pod is made, so what asks for them is part of the template: it makes new pods."""
    if layout.inject is Inject.NAMESPACE:
        return {"labels": dict(labels), "annotations": {"weighbridge/injected-by": "namespace"}}
    if not layout.injects(app):
        return {"labels": {**labels, _INJECT: "false"}}
    revision = {"istio.io/rev": layout.revision} if layout.has_revision else {}
    return {"labels": {**labels, _INJECT: "true", **revision}}


def _pod_spec(app: str, version: str, istio: IstioVersion) -> dict[str, Any]:
    writable = _WRITABLE.get(app, {})
    container: dict[str, Any] = {
        "name": app,
        "image": releases.image(app, version, istio),
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": PORT, "protocol": "TCP"}],
    }
    if not releases.sets_its_user(istio):
        container["securityContext"] = {"runAsUser": 1000}
    if app == "reviews":
        container["env"] = [{"name": "LOG_DIR", "value": "/tmp/logs"}]  # noqa: S108 - inside its container
    if writable:
        container["volumeMounts"] = [{"name": name, "mountPath": path} for name, path in writable.items()]
    spec: dict[str, Any] = {"serviceAccountName": f"bookinfo-{app}", "containers": [container]}
    return spec | ({"volumes": [{"name": name, "emptyDir": {}} for name in writable]} if writable else {})
