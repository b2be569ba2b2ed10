"""How the number of readers moves during a load; to be given beside a locustfile with users.

``locust -f locustfiles/productpage.py,locustfiles/shapes.py --shape ramp --users 100 --run-time 5m --host …``
"""

from __future__ import annotations

from typing import Any

from locust import LoadTestShape, events

from locustfiles._shapes import SHAPES, users_at


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator] # Locust has no types here
def _add(parser: Any) -> None:
    parser.add_argument(
        "--shape", choices=list(SHAPES), default="ramp", help="How the number of users moves in the run time"
    )


class Shape(LoadTestShape):
    """One of ramp, steps and spike, as high as ``--users`` and as long as ``--run-time``."""

    use_common_options = True

    def tick(self) -> tuple[int, float] | None:
        options: Any = self.runner.environment.parsed_options if self.runner else None
        peak, length = options.num_users or 1, options.run_time
        if not length:
            raise ValueError("a shape needs to know how long it is: give --run-time")
        spent = self.get_run_time() / length  # type: ignore[no-untyped-call] # Locust has no types here
        users = users_at(options.shape, spent, peak)
        return None if users is None else (users, max(peak, 1))
