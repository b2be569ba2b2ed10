"""Readers of a page, each of whom waits for an answer before asking again.

Runs alone with ``locust -f locustfiles/productpage.py --host http://…``, ``--help`` shows its options among
Locust's own. Rows are kept where ``WEIGHBRIDGE_LOAD`` names a settings file, as ``weighbridge run`` does.
"""

from __future__ import annotations

from locust import task

from locustfiles import _page_user


class Reader(_page_user.PageUser):
    """Reads whenever the schedule has a slot for it, or has thought for long enough."""

    @task
    def page(self) -> None:
        self.read(self.slot(), self.connection)
