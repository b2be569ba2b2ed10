"""A way to a pod's port through the API server: one connection, or a local port that leads there."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kubernetes.client import ApiException
from kubernetes.stream import ws_client
from websocket import WebSocketBadStatusException

from .api import Api
from .errors import ApiError, of_answer, of_transport

_PATIENCE = 10.0
"""Seconds for an answer from inside a pod."""
_GOODBYE = 2.0


@contextmanager
def connection(api: Api, namespace: str, pod: str, port: int) -> Iterator[Any]:
    """A socket that leads to a pod's port, that of its own loopback included."""
    method, url, headers = api.signed(api.path("v1", "Pod", namespace, pod) + "/portforward", port)
    try:
        forward = ws_client.portforward_call(api.configuration, method, url, headers=headers)
    except ApiException as error:
        refusal = error.__context__
        if isinstance(refusal, WebSocketBadStatusException):
            raise of_answer(refusal.status_code, refusal.resp_body or b"", api.target) from error
        raise of_transport(error, api.target) from error
    inside = forward.socket(port)
    try:
        yield inside
    finally:
        inside.close()
        _close(forward.websocket)


def _close(websocket: Any) -> None:
    """The client library says goodbye in a thread, and leaves the socket open where the pod hung up first."""
    deadline = time.monotonic() + _GOODBYE
    while websocket.connected and time.monotonic() < deadline:
        time.sleep(0.005)
    websocket.shutdown()


def get(api: Api, namespace: str, pod: str, port: int, path: str) -> bytes:
    """An HTTP GET to a pod's port; raises ApiError where nobody answers there with 200."""
    place = f"port {port} of pod {pod}"
    with connection(api, namespace, pod, port) as inside:
        client = http.client.HTTPConnection("localhost", port)
        client.sock = inside
        inside.settimeout(_PATIENCE)
        try:
            client.request("GET", path)
            answer = client.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(f"{place} does not answer: {error or type(error).__name__}") from error
    if answer.status != 200:
        raise ApiError(f"{place} answers {answer.status} to {path}")
    return body
