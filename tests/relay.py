"""A bad network between two parts: a relay on loopback that is slow, or that resets connections."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_NO_LINGER = struct.pack("ii", 1, 0)
"""A socket that is closed so sends RST: what it still held is lost."""


@dataclass
class Relay:
    """Passes bytes on to ``target``, each block ``delay`` seconds later, or resets the connection instead.

    ``resets`` is the probability that an answer's first block is lost in a reset; ``lost`` counts those.
    """

    target: tuple[str, int]
    delay: float = 0.0
    resets: float = 0.0
    lost: int = 0
    url: str = ""
    draw: random.Random = field(default_factory=lambda: random.Random(8))

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await stop.wait()
        server.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self.target)
        forward = asyncio.create_task(self._pass(reader, back))
        with contextlib.suppress(ConnectionError):
            while block := await there.read(1 << 16):
                # An answer's head begins a block; the rest of it may come in further ones.
                if block.startswith(b"HTTP/1.1") and self.draw.random() < self.resets:
                    self.lost += 1
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER
                    )
                    writer.transport.abort()
                    break
                await self._send(block, writer)
        forward.cancel()
        for one in (writer, back):
            one.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while block := await reader.read(1 << 16):
                await self._send(block, writer)
        writer.close()

    async def _send(self, block: bytes, writer: asyncio.StreamWriter) -> None:
        if self.delay:
            await asyncio.sleep(self.delay * self.draw.uniform(0.5, 1.5))
        writer.write(block)
        await writer.drain()


@contextlib.contextmanager
def relaying(url: str, *, delay: float = 0.0, resets: float = 0.0) -> Iterator[Relay]:
    """A relay in front of the URL for as long as the block lasts."""
    target = urlsplit(url)
    relay = Relay((target.hostname or "", target.port or 80), delay, resets)
    loop, ready = asyncio.new_event_loop(), threading.Event()
    stop = asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(relay.serve(ready, stop)))
    thread.start()
    ready.wait(10)
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
