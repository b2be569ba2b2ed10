"""Faults set, cleared and listed while Bookinfo runs: both ends of its control socket.

One JSON object a line: ``{"set": fault}``, ``{"clear": true}`` or ``{"list": true}``. The answer lists the
faults then in force, ``{"faults": [...]}``, or ``{"error": text}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path

import msgspec

from .faults import Fault, Faults
from .spec import BookinfoError

LONGEST_WAIT = 5.0
"""Seconds that the client gives the process to answer."""


class _Order(msgspec.Struct, forbid_unknown_fields=True):
    set: Fault | None = None
    clear: bool = False
    list: bool = False


class _Answer(msgspec.Struct, omit_defaults=True):
    faults: tuple[Fault, ...] = ()
    error: str | None = None


def set_fault(socket_path: Path, fault: Fault) -> None:
    """From the next request on; takes the place of an earlier fault of the same app and version."""
    _ask(socket_path, _Order(set=fault))


def clear_faults(socket_path: Path) -> None:
    _ask(socket_path, _Order(clear=True))


def faults(socket_path: Path) -> tuple[Fault, ...]:
    """The faults in force."""
    return _ask(socket_path, _Order(list=True))


def bind(path: Path) -> socket.socket:
    """The control socket, its owner's alone from the first moment on."""
    sock = socket.socket(socket.AF_UNIX)
    mask = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError as error:
        sock.close()
        raise BookinfoError(f"cannot bind the control socket {path}: {error.strerror or error}") from error
    finally:
        os.umask(mask)
    return sock


async def serve(sock: socket.socket, in_force: Faults) -> asyncio.Server:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # One who hangs up early, or never ends the line, is talked to no longer.
        with contextlib.suppress(OSError, ValueError):
            while line := await reader.readline():
                writer.write(msgspec.json.encode(_obey(line, in_force)) + b"\n")
                await writer.drain()
        writer.close()

    return await asyncio.start_unix_server(talk, sock=sock)


def _obey(line: bytes, in_force: Faults) -> _Answer:
    try:
        order = msgspec.json.decode(line, type=_Order)
        if order.clear:
            in_force.clear()
        if order.set is not None:
            in_force.set(order.set)
    except (msgspec.DecodeError, ValueError) as error:
        return _Answer(error=str(error))
    return _Answer(faults=in_force.all())


def _ask(path: Path, order: _Order) -> tuple[Fault, ...]:
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(LONGEST_WAIT)
            sock.connect(str(path))
            sock.sendall(msgspec.json.encode(order) + b"\n")
            with sock.makefile("rb") as lines:
                answer = msgspec.json.decode(lines.readline(), type=_Answer)
    except OSError as error:
        raise BookinfoError(f"Bookinfo does not answer at {path}: {error}", "is the mesh up?") from error
    except msgspec.DecodeError as error:
        raise BookinfoError(f"Bookinfo's answer at {path} makes no sense: {error}") from error
    if answer.error is not None:
        raise BookinfoError(f"Bookinfo refuses: {answer.error}")
    return answer.faults
