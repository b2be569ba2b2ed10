"""A pod's calls to other services, all through its own sidecar, over connections that are kept.

The real productpage opens a TCP connection for every call. Kept ones change no line of the access log and no
routing decision (Envoy draws a version per request), and they leave the processors to the proxies that are
measured. A call is sent once: nothing is retried here, so one call is one line in the sidecar's log.
"""

from __future__ import annotations

import asyncio
import socket
from typing import cast

import httptools

from .messages import Reply


class Client:
    """Calls through one address; ``Host`` says which service is meant."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._idle: list[Call] = []

    async def get(self, host: bytes, path: bytes, headers: bytes, timeout: float) -> Reply | None:
        """The answer, or None where none came within ``timeout`` seconds. ``headers`` are whole lines."""
        connection = self._idle.pop() if self._idle else await self._connect(timeout)
        if connection is None:
            return None
        request = b"GET %s HTTP/1.1\r\nhost: %s\r\n%s\r\n" % (path, host, headers)
        return await connection.exchange(request, timeout)

    async def _connect(self, timeout: float) -> Call | None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, connection = await loop.create_connection(lambda: Call(self._idle), *self._address)
        except (OSError, TimeoutError):
            return None
        return connection


class Call(asyncio.Protocol):
    """One connection to the sidecar and the call that is under way on it; returns to ``idle`` by itself."""

    _transport: asyncio.Transport

    def __init__(self, idle: list[Call]) -> None:
        self._idle = idle
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._reply: asyncio.Future[Reply | None] | None = None
        self._body = b""

    async def exchange(self, request: bytes, timeout: float) -> Reply | None:
        self._body = b""
        self._reply = reply = self._loop.create_future()
        limit = self._loop.call_later(timeout, self._give_up)
        self._transport.write(request)
        try:
            result: Reply | None = await reply
            return result
        finally:
            limit.cancel()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._give_up()

    def connection_lost(self, exc: Exception | None) -> None:
        if self in self._idle:
            self._idle.remove(self)
        self._settle(None)

    # What httptools calls.

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        if self._parser.should_keep_alive():
            self._idle.append(self)
        else:
            self._transport.close()
        self._settle(Reply(self._parser.get_status_code(), self._body))

    def _give_up(self) -> None:
        self._transport.abort()
        self._settle(None)

    def _settle(self, reply: Reply | None) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_result(reply)
