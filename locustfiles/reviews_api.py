"""Readers of Bookinfo's JSON interface, whose answers name the pod of reviews that served them.

``locust -f locustfiles/reviews_api.py --host http://…``
"""

from __future__ import annotations

from locust import task

from locustfiles import _options, _page_user

_options.prefer(path="/api/v1/products/0/reviews", version_from="json:podname~reviews-([a-z0-9.]+)-")


class ReviewsReader(_page_user.PageUser):
    """Reads the reviews of a product, without the page around them."""

    @task
    def reviews(self) -> None:
        self.read(self.slot(), self.connection)
