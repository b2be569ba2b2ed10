"""Telemetry servers asked over HTTP: with a deadline, at most so many bytes, and no way to lead elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import requests

from analyzer.errors import InputError, WorkError

_LARGEST = 64 << 20
_SECONDS = 30.0
"""For one answer; Zipkin's are large."""
_BLOCK = 1 << 16


class TelemetryError(WorkError):
    """A telemetry server did not answer, or not as one does."""


class TelemetryUrlError(InputError):
    """A URL at which no server can be."""


def checked(name: str, url: str, port: int = 9090) -> str:
    """The URL without a trailing slash; raises TelemetryUrlError where it is none."""
    try:
        split = urlsplit(url)
        _ = split.port  # raises where it is no number
        wrong = split.scheme not in ("http", "https") or not split.hostname or split.query or split.fragment
    except ValueError:
        wrong = True
    if wrong:
        raise TelemetryUrlError(f"{url!r} is no URL of {name}", f"write for example http://127.0.0.1:{port}")
    return url.rstrip("/")


def ask(name: str, url: str, parameters: Mapping[str, str]) -> bytes:
    """One GET; raises TelemetryError with what the server said. Redirects are not followed."""
    return _successful(name, url, *_answer(name, url, parameters))


def find(name: str, url: str, parameters: Mapping[str, str]) -> bytes | None:
    """The same; None where the server has no such thing."""
    status, body = _answer(name, url, parameters)
    return None if status == 404 else _successful(name, url, status, body)


def _successful(name: str, url: str, status: int, body: bytes) -> bytes:
    if status != 200:
        said = body[:200].decode(errors="replace").split("\n")[0]
        raise TelemetryError(f"{name} at {url} answers {status}: {printable(said)}", _hint(url))
    return body


def _hint(url: str) -> str:
    return f"see whether it answers: curl {url}"


def _answer(name: str, url: str, parameters: Mapping[str, str]) -> tuple[int, bytes]:
    """The status and the body, whatever they are."""
    deadline = time.monotonic() + _SECONDS
    try:
        with requests.get(
            url, params=parameters, timeout=(5, _SECONDS), stream=True, allow_redirects=False
        ) as answer:
            body = bytearray()
            for block in answer.iter_content(_BLOCK):
                body += block
                if len(body) > _LARGEST or time.monotonic() > deadline:
                    raise TelemetryError(
                        f"{name} at {url} answers more than {_LARGEST >> 20} MB or {_SECONDS:g} s",
                        "verify a shorter run",
                    )
            return answer.status_code, bytes(body)
    except requests.RequestException as error:
        raise TelemetryError(
            f"{name} at {url} does not answer: {type(error).__name__}", _hint(url)
        ) from error


def until(done: Callable[[], bool], seconds: float, told: Callable[[], None]) -> bool:
    """Ask again each second until it is done, or time is up; says first that it waits."""
    deadline = time.monotonic() + seconds
    if done():
        return True
    told()
    while time.monotonic() < deadline:
        time.sleep(1)
        if done():
            return True
    return False


def printable(text: str) -> str:
    """What a server said, without what could move a terminal's cursor."""
    return "".join(one if one.isprintable() else "?" for one in text)
