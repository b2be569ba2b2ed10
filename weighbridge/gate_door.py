"""The HTTP side of ``gate``: one question a connection, answered from the run's folder as it is then."""

from __future__ import annotations

import json
import socket
import threading
import time
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from analyzer.current import Current, current
from analyzer.errors import ExplainedError
from analyzer.records import Outcome
from analyzer.report import metrics
from setup.mesh import MeshSettingError

from . import folders

_WORDS = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.UNDECIDED: "inconclusive"}
"""In Argo Rollouts' words: what is neither a success nor a failure is inconclusive."""
_BODY_LIMIT = 1 << 20
_ASK_LIMIT = 15.0
"""Seconds that one connection may take in all, however slowly it asks."""
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Rules:
    """Which run is asked for, and what its gate does while nothing is certain.

    ``run`` is a run's folder or a folder of runs. ``max_age`` is in seconds since the run's end; None is any.
    """

    run: Path
    pass_undecided: bool
    max_age: float | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the gate answers now: whether it lets pass, and why."""

    passes: bool
    body: dict[str, Any]
    current: Current | None


def told(rules: Rules, now: float) -> Told:
    """What has no run, or none that can be read, never passes."""
    try:
        standing = current(folders.latest(rules.run), now)
    except (ExplainedError, OSError) as error:
        hint = getattr(error, "hint", "")
        return _closed("; ".join(filter(None, (str(error), hint))))
    if standing.ended is not None and rules.max_age and now - standing.ended > rules.max_age:
        age = now - standing.ended
        return _closed(f"run {standing.run} ended {age:.0f} seconds ago, more than {rules.max_age:.0f}")
    waits = standing.outcome is Outcome.UNDECIDED and standing.running
    passes = standing.outcome is Outcome.PASS or (waits and rules.pass_undecided)
    word = _WORDS[standing.outcome]
    return Told(passes, {"passes": passes, **standing.as_dict(), "verdict": word}, standing)


def _closed(reason: str) -> Told:
    return Told(False, {"passes": False, "verdict": _WORDS[Outcome.UNDECIDED], "reason": reason}, None)


class _Handler(BaseHTTPRequestHandler):
    """Reads no body and believes no header; what is asked for is one of three paths."""

    timeout = _ASK_LIMIT
    server_version = "weighbridge"
    sys_version = ""

    def __init__(self, rules: Rules, *arguments: Any) -> None:
        self._rules = rules
        super().__init__(*arguments)

    def do_GET(self) -> None:
        answer, path = told(self._rules, time.time()), self.path.partition("?")[0]
        if path == "/verdict":
            self._answer(HTTPStatus.OK, answer.body)
        elif path == "/gate":
            self._answer(HTTPStatus.OK if answer.passes else HTTPStatus.CONFLICT, answer.body)
        elif path == "/metrics":
            text = metrics.exposition(answer.current) if answer.current else ""
            self._send(HTTPStatus.OK, metrics.CONTENT_TYPE, text.encode())
        else:
            self._answer(HTTPStatus.NOT_FOUND, {"paths": ["/gate", "/verdict", "/metrics"]})

    def do_POST(self) -> None:
        """Flagger says which canary it asks for; the run is named by who started the gate."""
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or int(length) > _BODY_LIMIT:
            self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, {"limit": _BODY_LIMIT})
            return
        self.rfile.read(int(length))  # closing with it unread would reset the connection
        if self.path.partition("?")[0] == "/gate":
            self.do_GET()
        else:
            self._answer(HTTPStatus.METHOD_NOT_ALLOWED, {"paths": ["/gate"]})

    def _answer(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(body, indent=1).encode() + b"\n")

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as http.server calls it
        """Controllers ask every few seconds; a line for each would tell nothing."""


class Gate(ThreadingHTTPServer):
    """Takes so many connections at once, each for so long, and drops what is more."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, rules: Rules) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._free = threading.BoundedSemaphore(_AT_ONCE)
        try:
            super().__init__((host, port), partial(_Handler, rules))
        except OSError as error:
            raise MeshSettingError(
                f"the gate cannot listen on {host}:{port}: {error.strerror or error}",
                "choose another with --port or --host",
            ) from error
        name = f"[{host}]" if ":" in host else host
        self.url = f"http://{name}:{self.server_address[1]}"

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        limit = threading.Timer(_ASK_LIMIT, _cut, (request,))
        limit.daemon = True
        limit.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            limit.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no error of ours, and nobody reads a traceback."""


def _cut(request: socket.socket) -> None:
    try:
        request.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has gone by itself
