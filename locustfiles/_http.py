"""One GET, sent exactly once, with one deadline: what a client must do whose requests are counted.

Locust's FastHttpUser sends a GET again, unseen, when a server closes the connection instead of answering
(geventhttpclient 2.6: three times in all). Each of these is a page to the mesh, so the counts
of client and proxies would part. Its timeout is for each silence, not for the request.
"""

from __future__ import annotations

import select
import ssl
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import gevent
import httptools
from gevent import monkey, socket

_READ = 2**16
_LONGEST = 16 * 2**20
_POLL = monkey.get_original("select", "poll")


class AnswerError(Exception):
    """What came back is no whole HTTP answer."""


class Answer(NamedTuple):
    """``status`` is 0, and ``error`` names the exception, when no whole answer came.

    ``headers`` are as the server spelled them, and empty where nobody asked for them.
    """

    status: int
    body: bytes
    error: str | None
    headers: list[tuple[bytes, bytes]] = []  # noqa: RUF012 - never appended to: answers share the empty one


class Connection:
    """A keep-alive connection to one page, opened when it is needed.

    ``cookie`` goes with every request; ``with_headers`` keeps the headers of every answer.
    """

    def __init__(
        self,
        base: str,
        path: str,
        *,
        timeout: float,
        insecure: bool = False,
        cookie: str = "",
        with_headers: bool = False,
    ) -> None:
        url = urlsplit(base)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"{base!r} is no http:// or https:// address")
        self._tls = _tls(insecure) if url.scheme == "https" else None
        self._address = (url.hostname, url.port or (443 if self._tls else 80))
        self._timeout = timeout
        self._path = path
        self._origin = f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
        self._prefix = url.path.rstrip("/")
        cookies = f"Cookie: {cookie}\r\n" if cookie else ""
        self._head = f"{self._start('GET', path)}{cookies}User-Agent: "
        self._reply = _ReplyWithHeaders if with_headers else _Reply
        self._socket: socket.socket | None = None
        self._poll = _POLL()

    def get(self, user_agent: str) -> Answer:
        """Ask once. Whatever goes wrong is in the answer; only the end of the greenlet is raised."""
        return self._ask(f"{self._head}{user_agent}\r\n\r\n".encode("ascii"), self._reply)

    def post(self, path: str, form: Mapping[str, str], user_agent: str) -> Answer:
        """Send a form, as a browser does from this page; the answer comes with its headers."""
        body = urlencode(form)
        fields = f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
        referer = f"Referer: {self._origin}{self._prefix}{self._path}\r\n"
        head = f"{self._start('POST', path)}{referer}{fields}User-Agent: {user_agent}\r\n\r\n"
        return self._ask(f"{head}{body}".encode("ascii"), _ReplyWithHeaders)

    def _start(self, method: str, path: str) -> str:
        host = self._origin.partition("://")[2]
        return f"{method} {self._prefix}{path} HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n"

    def _ask(self, request: bytes, kind: type[_Reply]) -> Answer:
        try:
            with gevent.Timeout(self._timeout, TimeoutError):
                connected = self._connected()
                connected.sendall(request)
                reply = kind(connected)
        except (OSError, AnswerError, httptools.HttpParserError) as error:
            self.close()
            return Answer(0, b"", type(error).__name__)
        except BaseException:
            self.close()
            raise
        if not reply.keep_alive:
            self.close()
        return Answer(reply.status, b"".join(reply.body), None, reply.headers)

    def close(self) -> None:
        if self._socket is not None:
            self._poll.unregister(self._socket)
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        # Nothing is due on a plain connection at rest: what there is to read is the server's goodbye.
        if self._socket is not None and self._tls is None and self._poll.poll(0):
            self.close()
        if self._socket is None:
            self._socket = self._connect()
            self._poll.register(self._socket, select.POLLIN)
        return self._socket

    def _connect(self) -> socket.socket:
        plain = socket.create_connection(self._address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._tls.wrap_socket(plain, server_hostname=self._address[0]) if self._tls else plain


class _Reply:
    """Reads one answer to its end; httptools calls the ``on_`` methods."""

    headers = Answer._field_defaults["headers"]

    def __init__(self, connected: socket.socket) -> None:
        self.status = 0
        self.keep_alive = False
        self.body: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._in_head = True
        head = b""
        size = 0
        while not self.status:
            data = connected.recv(_READ)
            if not data:
                self._end(head)
                return
            size += len(data)
            if size > _LONGEST:
                raise AnswerError(f"the answer is longer than {_LONGEST} bytes")
            if self._in_head:
                head += data
            self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        self._in_head = False

    def on_body(self, part: bytes) -> None:
        self.body.append(part)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # it only announces the answer
            self._in_head = True
            return
        self.status = status
        self.keep_alive = self._parser.should_keep_alive()

    def _end(self, head: bytes) -> None:
        """The connection ended: a whole answer only if nothing else was to mark its end (RFC 9112, 6.3)."""
        while head[:10].endswith(b" 1"):  # HTTP/1.1 100 Continue: no more than an announcement
            head = head.partition(b"\r\n\r\n")[2]
        fields = head.partition(b"\r\n\r\n")[0].lower()
        status = self._parser.get_status_code() if not self._in_head else 0
        if status < 200 or b"\r\ncontent-length:" in fields or b"\r\ntransfer-encoding:" in fields:
            raise AnswerError("the connection ended before the answer did")
        self.status = status


class _ReplyWithHeaders(_Reply):
    """Apart, because httptools calls what is there, once for each header of each answer."""

    def __init__(self, connected: socket.socket) -> None:
        self.headers = []
        super().__init__(connected)

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))


def _tls(insecure: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
