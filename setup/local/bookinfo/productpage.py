"""The productpage service (the real one is Python on Flask): the page, the login and the JSON interface."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from . import headers
from .client import Client
from .messages import HTML, Reply, Request, Response, response
from .pages import PRODUCT, Pages, content
from .sessions import FORGET, Sessions
from .spec import Generation, Timeouts

_PRODUCT = re.compile(rb"/api/v1/products/([^/]+)(?:/(reviews|ratings))?\Z")


class ProductPage:
    """The productpage of one pod."""

    def __init__(
        self, generation: Generation, timeouts: Timeouts, client: Client, pages: Pages, sessions: Sessions
    ) -> None:
        self._copied = headers.copied_by_productpage(generation)
        self._timeout = timeouts.page
        self._client = client
        self._pages = pages
        self._sessions = sessions
        self._static = {
            b"/": pages.index,
            b"/index.html": pages.index,
            b"/health": response(200, b"Product page is healthy", HTML),
            b"/api/v1/products": response(200, json.dumps([PRODUCT]).encode()),
        }

    def answer(self, request: Request) -> Response | Coroutine[Any, Any, Response]:
        path = request.path
        if path == b"/login":
            return self._login(request) if request.method == b"POST" else _not_allowed(b"POST")
        if request.method not in (b"GET", b"HEAD"):
            return _not_allowed(b"GET, HEAD")
        if path == b"/productpage":
            return self._page(request)
        if path == b"/logout":
            return _redirect(request, FORGET)
        product = _PRODUCT.match(path)
        if product is not None:
            return self._interface(product[2] or b"details", product[1], request)
        return self._static.get(path, NOT_FOUND)

    async def _page(self, request: Request) -> Response:
        user = self._sessions.user(request.header(b"cookie"))
        copied = self._copied_lines(request, user)
        details = await self._ask(b"details", b"0", copied)
        reviews = await self._ask_for_reviews(b"0", copied)
        return self._pages.product(details, reviews, user)

    async def _interface(self, service: bytes, product: bytes, request: Request) -> Response:
        copied = self._copied_lines(request, self._sessions.user(request.header(b"cookie")))
        if service == b"reviews":
            return _as_json(service, await self._ask_for_reviews(product, copied))
        return _as_json(service, await self._ask(service, product, copied))

    async def _ask_for_reviews(self, product: bytes, copied: bytes) -> Reply:
        """Asks a second time where the first answer is not 200: a request of its own, routed anew.

        Bookinfo does so on purpose, for Istio's fault injection task (``getProductReviews``, every release).
        """
        reply = await self._ask(b"reviews", product, copied)
        return reply if reply.status == 200 else await self._ask(b"reviews", product, copied)

    async def _ask(self, service: bytes, product: bytes, copied: bytes) -> Reply:
        """No answer counts as a 500; the body of an error is never shown, so it is not kept."""
        path = b"/%s/%s" % (service, product)
        reply = await self._client.get(service + b":9080", path, copied, self._timeout)
        if reply is None:
            return Reply(500, b"")
        return reply if reply.status == 200 else Reply(reply.status, b"")

    def _copied_lines(self, request: Request, user: str) -> bytes:
        copied = headers.lines(request, self._copied)
        return b"%send-user: %s\r\n" % (copied, user.encode()) if user else copied

    def _login(self, request: Request) -> Response:
        fields = parse_qs((request.query + b"&" + request.body).decode("utf-8", "replace"))
        user = fields.get("username", [""])[0]
        if not user.isprintable():  # it becomes a header of the calls: no line breaks in it
            return _error(400, "The user name has characters that no header can carry.")
        return _redirect(request, self._sessions.cookie(user))


def failure(status: int) -> Response:
    return _error(status, "The server encountered an internal error and was unable to complete your request.")


def _error(status: int, text: str, *extra: tuple[bytes, bytes]) -> Response:
    """The form of Flask's own error pages."""
    title = _TITLES.get(status, "Internal Server Error")
    page = (
        f"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n"
    )
    return response(status, page.encode(), HTML, *extra)


_TITLES = {400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}
NOT_FOUND = _error(404, "The requested URL was not found on the server.")


def _not_allowed(methods: bytes) -> Response:
    return _error(405, "The method is not allowed for the requested URL.", (b"allow", methods))


def _redirect(request: Request, cookie: bytes) -> Response:
    """Back to where the user came from; without a Referer to the word None, as the real one sends it."""
    target = request.header(b"referer") or b"None"
    link = html.escape(target.decode("latin-1"))
    page = f'<!doctype html>\n<html lang=en>\n<title>Redirecting...</title>\n<a href="{link}">{link}</a>\n'
    return response(302, page.encode(), HTML, (b"location", target), (b"set-cookie", cookie))


@lru_cache(maxsize=256)
def _as_json(service: bytes, reply: Reply) -> Response:
    return response(reply.status, json.dumps(content(service.decode(), reply)).encode())
