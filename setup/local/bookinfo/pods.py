"""Every pod of a spec as a running server, all in one process and on one event loop."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field

from . import details, productpage, ratings, reviews
from .client import Client
from .faults import Faults, exposed
from .messages import Handler, Response
from .pages import Pages
from .server import Server
from .sessions import Sessions
from .spec import BookinfoError, BookinfoPod, Spec

BACKLOG = 1024
CALLERS_FIRST = ("productpage", "reviews", "details", "ratings")
"""The order of the end: what is in flight at a caller still needs those it calls."""


@dataclass(slots=True)
class Pods:
    """All pods of one process."""

    spec: Spec
    faults: Faults
    pages: Pages
    sessions: Sessions = field(default_factory=Sessions)
    servers: list[tuple[BookinfoPod, Server]] = field(default_factory=list)

    async def start(self, sockets: list[socket.socket]) -> None:
        """``sockets`` are the bound ones of the spec's pods, in the same order."""
        for pod, sock in zip(self.spec.pods, sockets, strict=True):
            handler, failure = self._service(pod)
            server = Server(exposed(handler, failure, self.faults, pod.app, pod.version))
            await server.start(sock)
            self.servers.append((pod, server))

    async def drain(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        for app in CALLERS_FIRST:
            left = max(0.0, deadline - loop.time())
            await asyncio.gather(*(server.drain(left) for pod, server in self.servers if pod.app == app))

    def _service(self, pod: BookinfoPod) -> tuple[Handler, Callable[[int], Response]]:
        spec = self.spec
        if pod.app == "details":
            return details.answer, details.failure
        if pod.app == "ratings":
            return ratings.Ratings().answer, ratings.failure
        client = Client(pod.outbound)
        if pod.app == "reviews":
            return reviews.Reviews(pod, spec.generation, spec.timeouts, client).answer, reviews.failure
        front = productpage.ProductPage(spec.generation, spec.timeouts, client, self.pages, self.sessions)
        return front.answer, productpage.failure


def bind(pods: tuple[BookinfoPod, ...]) -> list[socket.socket]:
    """Every pod's address or none: a taken one is named, and nothing is left bound."""
    sockets: list[socket.socket] = []
    for pod in pods:
        try:
            sockets.append(socket.create_server(pod.listen, backlog=BACKLOG))
        except OSError as error:
            for sock in sockets:
                sock.close()
            ip, port = pod.listen
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise BookinfoError(f"{pod.name} cannot listen on {ip}:{port}: {reason}") from error
    return sockets
