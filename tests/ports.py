"""Ports of loopback for whoever must name one before anybody listens there."""

from __future__ import annotations

import secrets
import socket


def free_port() -> int:
    """Nobody listens there.

    The kernel gives outgoing connections ports from 32 768 on: one of those is soon somebody else's.
    """
    while True:
        port = 10_000 + secrets.randbelow(22_768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
