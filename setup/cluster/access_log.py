"""A run's copy of every involved proxy's access log, streamed through the API server while it is written."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from ..mesh import Pod
from .api import Api
from .errors import ApiError
from .follower import Follower
from .pods import Object, as_pods, has_proxy

_LOOK = 1.0
"""Seconds between two looks for pods that were born."""


class ClusterAccessLog:
    """Follows the pods that are there, and those that come; ``list_pods`` lists all that are involved."""

    delay = 3.0
    """Envoy holds a line back for up to a second (since Istio 1.11), runtime and API server for a moment."""

    def __init__(self, api: Api, list_pods: Callable[[], Sequence[Object]], into: Path) -> None:
        self._api = api
        self._list = list_pods
        self._into = into
        self._followers: dict[str, Follower] = {}
        self._pods: dict[str, Pod] = {}
        self._meet(list_pods(), from_now_on=True)
        self._started = False
        self._next_look = 0.0

    def pods(self) -> Sequence[Pod]:
        return tuple(self._pods.values())

    def pump(self) -> None:
        if not self._started:  # not before: the load is forked from a process that has no threads
            self._started = True
            for follower in self._followers.values():
                follower.start()
        if time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + _LOOK
            self._look()

    def finish(self) -> Sequence[str]:
        time.sleep(self.delay)
        self._next_look = 0.0
        self.pump()
        for follower in self._followers.values():
            follower.stop()
        for follower in self._followers.values():
            follower.join()
        return [str(gap) for follower in self._followers.values() for gap in follower.gaps]

    def _look(self) -> None:
        """A look that fails is made up for by the next one: pods live longer than that."""
        with suppress(ApiError):
            known = set(self._followers)
            self._meet(self._list(), from_now_on=False)
            for name in self._followers.keys() - known:
                self._followers[name].start()

    def _meet(self, pods: Sequence[Object], *, from_now_on: bool) -> None:
        for pod in as_pods(pods):
            self._pods[pod.name] = pod
        for one in pods:
            name = one["metadata"]["name"]
            if name not in self._followers and has_proxy(one) and one["spec"].get("nodeName"):
                self._followers[name] = Follower(
                    self._api,
                    one["metadata"]["namespace"],
                    name,
                    self._into / name / "istio-proxy.log",
                    from_now_on=from_now_on,
                )
