"""An open load: pages are asked for on time, however long the answers take.

``locust -f locustfiles/arrival_rate.py --host http://… --rate 100 --arrivals poisson``, with a user for each
worker: a user here is a dispatcher, and dispatchers share the schedule.
"""

from __future__ import annotations

import contextlib

from locust import task
from locust.env import Environment

from gevent import GreenletExit
from gevent.pool import Pool

from locustfiles import _page_user
from locustfiles._arrivals import now
from locustfiles._http import Connection


class ArrivalRate(_page_user.PageUser):
    """Lets each request leave when it is due. Beyond the cap in flight they leave late, and are counted."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._in_flight = Pool(self.load.settings.in_flight)
        self._free: list[Connection] = []

    @task
    def page(self) -> None:
        due = self.slot()
        if self._in_flight.full():
            self.load.recorder.delay()
        self._in_flight.spawn(self._fly, due)

    def _fly(self, due: float) -> None:
        connection = self._free.pop() if self._free else self.connect()
        try:
            self.read(due, connection)
        finally:
            self._free.append(connection)

    def on_stop(self) -> None:
        """What is in flight is waited for as long as Locust waits for a reader."""
        deadline = now() + self.environment.stop_timeout
        while self._in_flight and now() < deadline:
            # Locust may kill a waiting user whose time comes in that moment, and who is leaving already.
            with contextlib.suppress(GreenletExit):
                self._in_flight.join(timeout=deadline - now())
        self._in_flight.kill()
        for connection in self._free:
            connection.close()
        super().on_stop()
