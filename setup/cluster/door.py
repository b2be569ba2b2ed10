"""A local port that leads to a pod's: ``python -P -m setup.cluster.door CONTEXT NAMESPACE POD PORT [LOCAL]``.

A process of its own where it serves a run, so that nothing of it slows the run or outlives it.
"""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from . import tunnel
from .api import Api
from .connection import connect
from .errors import ApiError

_BLOCK = 1 << 16


def serve(api: Api, namespace: str, pod: str, port: int, local: int, ready: Callable[[int], None]) -> None:
    """Listen on loopback for ever, a tunnel for each connection; ``ready`` gets the port that was taken."""
    with socket.create_server(("127.0.0.1", local)) as listener:
        ready(int(listener.getsockname()[1]))
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=_connect, args=(api, namespace, pod, port, caller), daemon=True).start()


def _connect(api: Api, namespace: str, pod: str, port: int, caller: socket.socket) -> None:
    with caller:
        try:
            with tunnel.connection(api, namespace, pod, port) as inside:
                back = threading.Thread(target=_copy, args=(inside, caller), daemon=True)
                back.start()
                _copy(caller, inside)
                back.join()
        except ApiError as error:
            print(f"error: {error}", file=sys.stderr, flush=True)


def _copy(source: Any, target: Any) -> None:
    """From one socket to the other until one of them is closed."""
    with suppress(OSError):
        while block := source.recv(_BLOCK):
            target.sendall(block)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _main(context: str, namespace: str, pod: str, port: str, local: str = "0") -> None:
    api = Api(*connect(context or None))
    serve(api, namespace, pod, int(port), int(local), lambda taken: print(f"port {taken}", flush=True))


if __name__ == "__main__":
    _main(*sys.argv[1:])
