"""What Locust's own FastHttpUser does when it only reads: the yardstick of ``bench.load``."""

from __future__ import annotations

import time
from typing import Any

from locust import FastHttpUser, events, task

_STARTED: list[float] = []


class Bare(FastHttpUser):
    @task
    def productpage(self) -> None:
        self.client.get("/productpage")


@events.test_start.add_listener
def _begin(**_: Any) -> None:
    _STARTED.append(time.process_time())


@events.test_stop.add_listener
def _end(environment: Any, **_: Any) -> None:
    print("bare", environment.stats.total.num_requests, time.process_time() - _STARTED[0])
