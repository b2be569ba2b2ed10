"""The details service (the real one is Ruby on WEBrick): facts about the book."""

from __future__ import annotations

import html
from functools import lru_cache
from urllib.parse import unquote_to_bytes

import msgspec

from .messages import Request, Response, response

HEALTHY = response(200, b'{"status":"Details is healthy"}')
NOT_A_NUMBER = response(400, b'{"error":"please provide numeric product id"}')
_BOOK = {
    "author": "William Shakespeare",
    "year": 1595,
    "type": "paperback",
    "pages": 200,
    "publisher": "PublisherA",
    "language": "English",
    "ISBN-10": "1234567890",
    "ISBN-13": "123-1234567890",
}


def answer(request: Request) -> Response:
    path = request.path
    if path == b"/health" or path.startswith(b"/health/"):
        return HEALTHY
    if path == b"/details" or path.startswith(b"/details/"):
        return _details(path)
    return error(404, "Not Found", f"`{_text(path)}' not found.")


def failure(status: int) -> Response:
    return error(status, "Internal Server Error", "details failed")


def error(status: int, title: str, message: str) -> Response:
    """The form of WEBrick's own error pages."""
    page = (
        f"<HTML>\n  <HEAD><TITLE>{title}</TITLE></HEAD>\n  <BODY>\n"
        f"    <H1>{title}</H1>\n    {html.escape(message, quote=False)}\n  </BODY>\n</HTML>\n"
    )
    return response(status, page.encode(), b"text/html; charset=ISO-8859-1")


def _details(path: bytes) -> Response:
    try:
        return _book(int(path.rstrip(b"/").rpartition(b"/")[2]))
    except ValueError:
        return NOT_A_NUMBER


@lru_cache(maxsize=64)
def _book(number: int) -> Response:
    return response(200, msgspec.json.encode({"id": number, **_BOOK}))


def _text(path: bytes) -> str:
    return unquote_to_bytes(path).decode("latin-1")
