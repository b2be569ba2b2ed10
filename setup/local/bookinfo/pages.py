"""The pages of productpage, in the markup and to the byte in the size of the chosen generation.

Sizes are facts of the real pages (an ingress log tells versions apart by them); the templates reach them with
``pad(n)``, a comment of n bytes, beside markup of their own.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from .messages import HTML, Reply, Response, response
from .spec import Generation

PRODUCT = {
    "id": 0,
    "title": "The Comedy of Errors",
    "descriptionHtml": '<a href="https://en.wikipedia.org/wiki/The_Comedy_of_Errors">Wikipedia</a>: an early '
    "play by <b>William Shakespeare</b>. Two pairs of twins are in one town on one day, and everybody is "
    "taken for somebody else.",
}
NOT_FETCHED = {
    app: {"error": f"Sorry, product {app} are currently unavailable for this book."}
    for app in ("details", "reviews", "ratings")
}


class Pages:
    """Renders pages; equal answers for the same user are rendered once."""

    def __init__(self, generation: Generation) -> None:
        environment = Environment(loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True)
        environment.globals["pad"] = pad
        self._product_page = environment.get_template(f"{generation.lower()}.html")
        self.index = response(200, environment.get_template("index.html").render().encode(), HTML)
        self.product = lru_cache(maxsize=1024)(self._product)

    def _product(self, details: Reply, reviews: Reply, user: str) -> Response:
        page = self._product_page.render(
            product=PRODUCT,
            details=content("details", details),
            reviews=content("reviews", reviews),
            detailsStatus=details.status,
            reviewsStatus=reviews.status,
            user=user,
        )
        return response(200, page.encode(), HTML)


def content(app: str, reply: Reply) -> Any:
    """What the page, or the API, shows of a reply. Raises ValueError where a 200 came without JSON."""
    return json.loads(reply.body) if reply.status == 200 else NOT_FETCHED[app]


def pad(size: int) -> Markup:
    """An HTML comment of ``size`` bytes, 7 or more."""
    if size < 7:
        raise ValueError(f"no comment has {size} bytes")
    return Markup("<!--" + "*" * (size - 7) + "-->")  # noqa: S704 - stars alone, nothing from outside
