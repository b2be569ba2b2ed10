"""Two of everything that a request needs: of istiod and of the gateways."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .api import Api
from .installed import ISTIO_NAMESPACE
from .rollout import Rollout
from .steps import Say

_DEPLOYMENTS = ("istiod", "istio-ingressgateway", "istio-egressgateway")


class Scale:
    """The step that scales Istio's own Deployments; an autoscaler is told its minimum instead."""

    name = "scale"

    def __init__(self, api: Api, replicas: int = 2) -> None:
        self._api = api
        self._replicas = replicas

    def plan(self) -> Iterable[str]:
        for path, change, line in self._changes():
            if _lacks(self._api.get(path), change):
                yield line

    def run(self, say: Say) -> None:
        for path, change, _ in list(self._changes()):
            if _lacks(self._api.get(path), change):
                self._api.merge(path, change)
        Rollout(self._api, ISTIO_NAMESPACE).wait([str(one["metadata"]["name"]) for one in self._found()], say)

    def _changes(self) -> Iterator[tuple[str, dict[str, Any], str]]:
        """Path, change and description, for each Deployment that there is."""
        scalers = {
            one["spec"]["scaleTargetRef"]["name"]: one
            for one in self._api.items(
                self._api.path("autoscaling/v1", "HorizontalPodAutoscaler", ISTIO_NAMESPACE)
            )
        }
        for one in self._found():
            name = one["metadata"]["name"]
            if scaler := scalers.get(name):
                path = self._api.path(
                    "autoscaling/v1", "HorizontalPodAutoscaler", ISTIO_NAMESPACE, scaler["metadata"]["name"]
                )
                most = max(self._replicas, scaler["spec"]["maxReplicas"])
                change = {"minReplicas": self._replicas, "maxReplicas": most}
                yield path, {"spec": change}, f"set the minimum of {name}'s autoscaler to {self._replicas}"
            else:
                path = self._api.path("apps/v1", "Deployment", ISTIO_NAMESPACE, name) + "/scale"
                yield path, {"spec": {"replicas": self._replicas}}, f"scale {name} to {self._replicas}"

    def _found(self) -> list[dict[str, Any]]:
        path = self._api.path("apps/v1", "Deployment", ISTIO_NAMESPACE)
        return [one for one in self._api.items(path) if one["metadata"]["name"] in _DEPLOYMENTS]


def _lacks(found: dict[str, Any], change: dict[str, Any]) -> bool:
    """Whether there are fewer than wanted; more are left alone."""
    return any(found.get("spec", {}).get(field, 1) < value for field, value in change["spec"].items())
