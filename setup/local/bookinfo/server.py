"""One pod's HTTP/1.1 server: requests out of TCP connections, a service's responses into them."""

from __future__ import annotations

import asyncio
import socket
from collections import deque
from collections.abc import Coroutine
from typing import Any, cast

import httptools

from .messages import HTML, Handler, Request, Response, response

LARGEST_BODY = 1 << 20
"""Bytes. Bookinfo's only bodies are a login form and a handful of ratings."""
BAD_REQUEST = response(400, b"Bad Request", HTML)
TOO_LARGE = response(413, b"Request Entity Too Large", HTML)
BROKEN = response(500, b"Internal Server Error", HTML)


class Server:
    """Serves one handler on one listening socket until it is drained."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.loop = asyncio.get_running_loop()
        self.connections: set[Connection] = set()
        self.draining = False
        self._empty = asyncio.Event()

    async def start(self, sock: socket.socket) -> None:
        self._listener = await self.loop.create_server(lambda: Connection(self), sock=sock)

    async def drain(self, seconds: float) -> None:
        """Take no more connections, finish what is in flight, cut off what takes longer than that."""
        self.draining = True
        self._listener.close()
        for connection in list(self.connections):
            connection.close_if_idle()
        if self.connections:
            try:
                await asyncio.wait_for(self._empty.wait(), seconds)
            except TimeoutError:
                for connection in list(self.connections):
                    connection.abort()

    def forget(self, connection: Connection) -> None:
        self.connections.discard(connection)
        if self.draining and not self.connections:
            self._empty.set()


class Connection(asyncio.Protocol):
    """One downstream connection; answers in the order in which the requests came."""

    _transport: asyncio.Transport

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self.on_message_begin()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.forget(self)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:  # nothing is upgraded here: go on in HTTP/1.1
            self._parser = httptools.HttpRequestParser(self)
        except httptools.HttpParserCallbackError:  # an error of ours, not the client's: to be seen
            raise
        except httptools.HttpParserError:
            self._send(BAD_REQUEST, keep_alive=False)

    def close_if_idle(self) -> None:
        if self._task is None:
            self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    # What httptools calls.

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > LARGEST_BODY:
            self._send(TOO_LARGE, keep_alive=False)

    def on_message_complete(self) -> None:
        if self._transport.is_closing():  # it was refused before it was complete
            return
        path, _, query = self._url.partition(b"?")
        parser = self._parser
        request = Request(
            parser.get_method(), path, query, self._headers, self._body, parser.should_keep_alive()
        )
        if self._task is None:
            self._answer(request)
        else:
            self._waiting.append(request)

    # Answering.

    def _answer(self, request: Request) -> None:
        answer = self._server.handler(request)
        if isinstance(answer, Response):
            self._send(answer, keep_alive=request.keep_alive, head_only=request.method == b"HEAD")
        else:
            self._task = self._server.loop.create_task(self._answer_later(request, answer))

    async def _answer_later(self, request: Request, answer: Coroutine[Any, Any, Response]) -> None:
        try:
            result = await answer
        except Exception as error:
            result = BROKEN
            self._server.loop.call_exception_handler({"message": str(request), "exception": error})
        self._task = None
        self._send(result, keep_alive=request.keep_alive, head_only=request.method == b"HEAD")
        while self._waiting and self._task is None:
            self._answer(self._waiting.popleft())

    def _send(self, answer: Response, *, keep_alive: bool, head_only: bool = False) -> None:
        if self._transport.is_closing():
            return
        keep_alive = keep_alive and not self._server.draining
        ending = b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
        # One write: a head that travels alone waits 40 ms for its acknowledgement (Nagle).
        self._transport.write(answer.head + ending + (b"" if head_only else answer.body))
        if not keep_alive:
            self._transport.close()
