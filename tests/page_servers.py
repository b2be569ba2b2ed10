"""Real servers on loopback for the load: pages of three versions, and every way of not answering."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from bookinfo_pages import page_of

PAGES = tuple(page_of(version) for version in ("v1", "v2", "v3"))


def whole(status: int, body: bytes, *headers: str) -> bytes:
    """One HTTP answer, with its length."""
    lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


class PageServer(ThreadingHTTPServer):
    """Counts and remembers requests; ``answer`` maps a request's number, from 0, to the bytes it gets.

    None is silence: the request hangs until the server closes. Afterwards the connection ends where the bytes
    say so, or where they are empty.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Callable[[int], bytes | None], tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.answer = answer
        self.user_agents: list[str] = []
        self.paths: list[str] = []
        self.closing = threading.Event()
        self._arrived = threading.Condition()

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    def arrive(self, path: str, user_agent: str) -> int:
        with self._arrived:
            self.paths.append(path)
            self.user_agents.append(user_agent)
            self._arrived.notify_all()
            return len(self.user_agents) - 1

    def wait_for(self, requests: int, timeout: float = 60) -> None:
        with self._arrived:
            if not self._arrived.wait_for(lambda: len(self.user_agents) >= requests, timeout):
                raise TimeoutError(f"{len(self.user_agents)} of {requests} requests came")

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        answer = self.server.answer(self.server.arrive(self.path, self.headers["User-Agent"] or ""))
        if answer is None:
            self.server.closing.wait()
        self.wfile.write(answer or b"")
        self.close_connection = not answer or b"Connection: close" in answer

    def log_message(self, *_: object) -> None:
        """Silence."""


@contextlib.contextmanager
def serving(answer: Callable[[int], bytes | None], tls: ssl.SSLContext | None = None) -> Iterator[PageServer]:
    server = PageServer(answer, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def three_versions(number: int) -> bytes:
    return whole(200, PAGES[number % 3])
