"""The reviews service (the real one is Java on Open Liberty): two reviews, with the stars of its version.

v1 shows no stars. v2 (black) and v3 (red) ask ratings, and say so in the body where ratings did not answer;
the status is 200 all the same.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any

import msgspec

from . import headers
from .client import Client
from .messages import HTML, Request, Response, response
from .spec import BookinfoPod, Generation, Timeouts

HEALTHY = response(200, b'{"status": "Reviews is healthy"}')
NOT_FOUND = response(404, b"", HTML)
_PATH = re.compile(rb"/reviews/([+-]?[0-9]{1,9})/?\Z")
_TEXTS = {
    "Reviewer1": "An extremely entertaining play by Shakespeare. The slapstick humour is refreshing!",
    "Reviewer2": "Absolutely fun and entertaining. The play lacks thematic depth when compared to other "
    "plays by Shakespeare.",
}
_COLOURS = {"v2": "black", "v3": "red"}


class Reviews:
    """The reviews of one pod."""

    def __init__(self, pod: BookinfoPod, generation: Generation, timeouts: Timeouts, client: Client) -> None:
        self._colour = _COLOURS.get(pod.version)
        self._timeout = timeouts.red if self._colour == "red" else timeouts.black
        self._copied = headers.copied_by_reviews(generation)
        self._client = client
        self._named = "" if generation is Generation.A else f'"podname": "{pod.name}","clustername": "null",'
        self.about = lru_cache(maxsize=64)(self._about)

    def answer(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        if request.path == b"/health":
            return HEALTHY
        match = _PATH.match(request.path)
        if match is None or request.method not in (b"GET", b"HEAD"):
            return NOT_FOUND
        product = int(match[1])
        if self._colour is None:
            return self.about(product, None)
        return self._rated(product, request)

    async def _rated(self, product: int, request: Request) -> Response:
        copied = headers.lines(request, self._copied)
        reply = await self._client.get(b"ratings:9080", b"/ratings/%d" % product, copied, self._timeout)
        return self.about(product, reply.body if reply is not None and reply.status == 200 else None)

    def _about(self, product: int, ratings: bytes | None) -> Response:
        """``ratings`` is the body that came from ratings, None where none came."""
        try:
            stars = _stars(ratings)
        except msgspec.DecodeError:
            return failure(500)
        reviews = ",".join(
            f'{{  "reviewer": "{reviewer}",  "text": "{text}"{self._rating(stars.get(reviewer))}}}'
            for reviewer, text in _TEXTS.items()
        )
        return response(200, f'{{"id": "{product}",{self._named}"reviews": [{reviews}]}}'.encode())

    def _rating(self, stars: int | None) -> str:
        if self._colour is None:
            return ""
        if stars is None:
            return ', "rating": {"error": "Ratings service is currently unavailable"}'
        return f', "rating": {{"stars": {stars}, "color": "{self._colour}"}}'


def failure(status: int) -> Response:
    """What Open Liberty says of an exception that nothing caught."""
    text = f"Error {status}: SRVE0777E: Exception thrown by class 'application.rest.LibertyRestEndpoint'\n"
    return response(status, text.encode(), b"text/html;charset=ISO-8859-1")


class _Ratings(msgspec.Struct):
    ratings: dict[str, float] = {}


def _stars(ratings: bytes | None) -> dict[str, int]:
    """Stars by reviewer. Raises DecodeError where the body is not ratings."""
    if ratings is None:
        return {}
    given = msgspec.json.decode(ratings, type=_Ratings).ratings
    # The real service means "none" by -1, so it reads a posted -1 as none, too.
    return {reviewer: int(stars) for reviewer, stars in given.items() if stars != -1}
