"""The nouns of HTTP here: a request as it came in, a response ready for the wire, a reply to a call of ours.

Header values stay the bytes they came as: what a proxy logged must be what the next proxy logs.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any, NamedTuple

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"


class Request(NamedTuple):
    """One request; header names are in lower case, in the order they came."""

    method: bytes
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes
    keep_alive: bool

    def header(self, name: bytes) -> bytes | None:
        for key, value in self.headers:
            if key == name:
                return value
        return None


class Response(NamedTuple):
    """Status line and headers without the empty line that ends them, and the body."""

    head: bytes
    body: bytes


class Reply(NamedTuple):
    """What a called service answered."""

    status: int
    body: bytes


Handler = Callable[[Request], Response | Coroutine[Any, Any, Response]]
"""A service: answers at once, or by a coroutine where it has to call others first."""


def response(status: int, body: bytes, content_type: bytes = JSON, *headers: tuple[bytes, bytes]) -> Response:
    lines = [(b"content-type", content_type), (b"content-length", b"%d" % len(body)), *headers]
    head = b"HTTP/1.1 %d %s\r\n" % (status, _phrase(status))
    return Response(head + b"".join(b"%s: %s\r\n" % line for line in lines), body)


def _phrase(status: int) -> bytes:
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b"Unknown"
