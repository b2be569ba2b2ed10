"""Waiting for Deployments until every pod of them is new and ready; says what keeps one from it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..mesh import MeshError
from .api import Api
from .errors import ApiError
from .steps import Say

_LIMIT = 600.0
"""Seconds: images are pulled on the first time."""
_PAUSE = 0.5
_STUCK = (
    "ImagePullBackOff",
    "ErrImagePull",
    "InvalidImageName",
    "CrashLoopBackOff",
    "CreateContainerConfigError",
)


def until(done: Callable[[], bool], seconds: float, trouble: Callable[[], str], hint: str = "") -> None:
    """Wait for a state of the cluster; raises MeshError, with what is the trouble, when it does not come."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise MeshError(f"{trouble()} after {seconds:.0f} s", hint or "look why, then run this again")
        time.sleep(_PAUSE)


class Rollout:
    """Deployments of one namespace on their way."""

    def __init__(self, api: Api, namespace: str, limit: float = _LIMIT) -> None:
        self._api = api
        self._namespace = namespace
        self._limit = limit

    def wait(self, deployments: Sequence[str], say: Say) -> None:
        """Return when all are rolled out; a line at first, and whenever that changes."""
        waiting: list[str] = []
        told: list[str] = []

        def all_done() -> bool:
            waiting[:] = [name for name in deployments if not self._is_done(name)]
            line = f"{len(deployments) - len(waiting)} of {len(deployments)} deployments ready"
            if line not in told[-1:]:
                told.append(line)
                say(line)
            return not waiting

        def trouble() -> str:
            reason = "".join(f": {one}," for one in self._reasons())
            return f"deployment {waiting[0]} in {self._namespace} is not ready{reason}"

        hint = f"see `kubectl -n {self._namespace} describe pods`, then run this again"
        until(all_done, self._limit, trouble, hint)

    def _is_done(self, name: str) -> bool:
        one = self._api.find(self._api.path("apps/v1", "Deployment", self._namespace, name))
        if one is None:
            raise ApiError(f"deployment {name} in {self._namespace} went away", "run this again")
        wanted = one["spec"].get("replicas", 1)
        status = one.get("status", {})
        return bool(
            status.get("observedGeneration", 0) >= one["metadata"]["generation"]
            and status.get("updatedReplicas", 0) == wanted
            and status.get("availableReplicas", 0) == wanted
            and status.get("replicas", 0) == wanted
        )

    def _reasons(self) -> Iterator[str]:
        """Of the first pod that cannot run, why."""
        for pod in self._api.items(self._api.path("v1", "Pod", self._namespace)):
            for state in _states(pod):
                waiting = state.get("state", {}).get("waiting", {})
                if waiting.get("reason") in _STUCK:
                    words = (pod["metadata"]["name"], waiting["reason"], waiting.get("message", ""))
                    yield " ".join(words).strip()
                    return


def _states(pod: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    status = pod.get("status", {})
    return (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ()))
