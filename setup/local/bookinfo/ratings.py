"""The ratings service (the real one is Node.js): two numbers of stars, and whatever was posted since."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import msgspec

from .messages import Request, Response, response

HEALTHY = response(200, b'{"status":"Ratings is healthy"}')
NOT_A_NUMBER = response(400, b'{"error":"please provide numeric product ID"}')
NOT_RATINGS = response(400, b'{"error":"please provide valid ratings JSON"}')
NOT_FOUND = response(404, b"", b"text/plain")
_STARS = {"Reviewer1": 5, "Reviewer2": 4}
_LEADING_NUMBER = re.compile(rb"\s*([+-]?[0-9]{1,15})")


class Ratings:
    """The ratings of one pod. What was posted stays in its memory, as with the real one, and dies with it."""

    def __init__(self) -> None:
        self._posted: dict[int, Response] = {}

    def answer(self, request: Request) -> Response:
        if request.method in (b"GET", b"HEAD") and request.path == b"/health":
            return HEALTHY
        if not request.path.startswith(b"/ratings/") or request.method not in (b"GET", b"HEAD", b"POST"):
            return NOT_FOUND
        number = _LEADING_NUMBER.match(request.path.rpartition(b"/")[2])
        if number is None:
            return NOT_A_NUMBER
        product = int(number[1])
        if request.method == b"POST":
            return self._post(product, request.body)
        return self._posted.get(product) or _unposted(product)

    def _post(self, product: int, body: bytes) -> Response:
        try:
            ratings = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            return NOT_RATINGS
        self._posted[product] = _ratings(product, ratings)
        return self._posted[product]


def failure(status: int) -> Response:
    """What the service says when its database is out of reach."""
    return response(status, b'{"error":"could not connect to ratings database"}')


@lru_cache(maxsize=64)
def _unposted(product: int) -> Response:
    return _ratings(product, _STARS)


def _ratings(product: int, ratings: Any) -> Response:
    return response(200, msgspec.json.encode({"id": product, "ratings": ratings}))
