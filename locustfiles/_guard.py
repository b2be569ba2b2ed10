"""What stands between Locust's web UI and strange pages: no page but its own may read or change a thing.

Locust answers any origin (CORS), takes simple POSTs from everywhere, and asks for no login: a page in another
tab could start load with it. Three checks, each for one way in: the Host header (DNS rebinding: a stranger's
name made to point to 127.0.0.1), where a request comes from (Fetch metadata and Origin), and no CORS at all.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Refusal = tuple[HTTPStatus, str]

_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_OWN = ("none", "same-origin")
_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'self'",  # nobody lays this page under a page of theirs
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
"""Put into every answer that does not say otherwise itself."""


class Guard:
    """A WSGI application around another: what is refused never reaches it."""

    def __init__(self, application: Application, bound: str) -> None:
        """``bound`` is the address the server listens on; empty or ``*`` is all of them."""
        self._application = application
        self._bound = bound

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if refusal := refused(environ, self._bound):
            status, reason = refusal
            body = f"{reason}\n".encode()
            head = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
            start_response(f"{status.value} {status.phrase}", head)
            return [body]

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            return start_response(status, _guarded(headers), exc_info)

        return self._application(environ, start)


def protect(web_ui: Any) -> None:
    """Put the guard before the web UI of Locust, whose types we leave alone."""
    web_ui.app.wsgi_app = Guard(web_ui.app.wsgi_app, web_ui.host)


def refused(environ: Environ, bound: str) -> Refusal | None:
    """Why this request is none of ours, None where it is."""
    host = environ.get("HTTP_HOST", "")
    if not _is_ours(_name(host), bound):
        return HTTPStatus.MISDIRECTED_REQUEST, "Open this page by the address it listens on."
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    if environ["REQUEST_METHOD"] not in _SAFE_METHODS:
        origin = environ.get("HTTP_ORIGIN")
        foreign = site not in _OWN or (origin is not None and origin.partition("://")[2] != host)
    else:  # a link from elsewhere may lead here; a script, a frame or a picture may not
        is_visit = (environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")) == (
            "navigate",
            "document",
        )
        foreign = site not in _OWN and not is_visit
    return (HTTPStatus.FORBIDDEN, "Only this page itself may ask for that.") if foreign else None


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _name(host: str) -> str:
    """The name or address in a Host header, without port and brackets; empty where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_ours(name: str, bound: str) -> bool:
    """An address in figures cannot be rebound, and neither can a name that nobody else may give out."""
    if is_loopback(bound):
        return is_loopback(name)
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in ("localhost", bound.lower(), socket.gethostname().lower())
    return True


def _guarded(headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
    kept = [(name, value) for name, value in headers if not name.lower().startswith("access-control-")]
    said = {name.lower() for name, _ in kept}
    return kept + [(name, value) for name, value in _HEADERS.items() if name.lower() not in said]
