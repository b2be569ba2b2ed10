"""The line as the proxy wrote it, out of what kubectl, the container runtime or Docker put around it.

Known are ``kubectl logs --prefix`` and ``--timestamps``, the kubelet's CRI files and Docker's JSON files,
which both cut long lines in pieces. A line without any of these is given back as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from .entries import LONGEST_LINE

_TIME = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2}) "
_PREFIX = re.compile(rb"\[pod/([^/\] ]+)/[^\] ]+\] ")
_STAMP = re.compile(_TIME + rb"(?=[\[{2])")
_INNER_STAMP = re.compile(_TIME)
_CRI = re.compile(_TIME + rb"(stdout|stderr) ([PF])(?::[^ ]*)? ")
_DOCKER = b'{"log":"'
_RUNTIME_PIECE = 16384
"""Container runtimes cut lines here (kubernetes#77603); kubectl then stamps every piece."""


class Wrapped(NamedTuple):
    """``pod`` is None where the wrapping names none; ``offset`` is where the line begins in its file."""

    pod: str | None
    line: bytes
    offset: int


class _Docker(msgspec.Struct):
    log: str
    stream: str = "stdout"


_DOCKER_DECODER = msgspec.json.Decoder(_Docker)


def is_wrapped(sample: bytes) -> bool:
    """Whether any of the first lines of a file is wrapped, so that all should be looked at."""
    return any(
        _PREFIX.match(line) or _CRI.match(line) or _STAMP.match(line) or line.startswith(_DOCKER)
        for line in sample.split(b"\n")[:1000]
    )


class Unwrapper:
    """Takes the wrapping off, line by line; keeps the pieces of a line that is not yet whole."""

    def __init__(self) -> None:
        self._pieces: dict[bytes, list[bytes]] = {}
        self._began: dict[bytes, int] = {}

    def unwrap(self, block: bytes, offset: int) -> Iterator[Wrapped]:
        """The lines that a block of whole lines completes; the block begins at ``offset`` of its file."""
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for line in lines:
            whole = self._one(line, offset)
            if whole is not None:
                yield whole
            offset += len(line) + 1

    def rest(self) -> Iterator[Wrapped]:
        """Pieces whose end never came."""
        for stream, pieces in self._pieces.items():
            yield Wrapped(None, b"".join(pieces), self._began[stream])
        self._pieces.clear()

    def _one(self, line: bytes, offset: int) -> Wrapped | None:
        cri = _CRI.match(line)
        if cri:
            return self._piece(cri[1], line[cri.end() :], offset, last=cri[2] == b"F")
        if line.startswith(_DOCKER) and (docker := _of_docker(line)):
            text = docker.log.encode("utf-8", "surrogateescape")
            whole = text.endswith(b"\n")
            return self._piece(docker.stream.encode(), text.removesuffix(b"\n"), offset, last=whole)
        return Wrapped(*unwrapped(line), offset)

    def _piece(self, stream: bytes, text: bytes, offset: int, *, last: bool) -> Wrapped | None:
        pieces = self._pieces.setdefault(stream, [])
        if not pieces:
            self._began[stream] = offset
        pieces.append(text)
        if not last and sum(map(len, pieces)) < LONGEST_LINE:
            return None
        del self._pieces[stream]
        return Wrapped(None, b"".join(pieces), self._began[stream])


def unwrapped(line: bytes) -> tuple[str | None, bytes]:
    """The pod that kubectl's ``--prefix`` names, and the line itself."""
    pod = _PREFIX.match(line)
    if pod:
        line = line[pod.end() :]
    stamp = _STAMP.match(line)
    if stamp:
        line = _without_inner_stamps(line[stamp.end() :])
    return pod[1].decode("utf-8", "replace") if pod else None, line


def _of_docker(line: bytes) -> _Docker | None:
    """None for a line that only begins like one of Docker's."""
    try:
        return _DOCKER_DECODER.decode(line)
    except (ValueError, msgspec.DecodeError):
        return None


def _without_inner_stamps(line: bytes) -> bytes:
    if len(line) <= _RUNTIME_PIECE:
        return line
    pieces, rest = [line[:_RUNTIME_PIECE]], line[_RUNTIME_PIECE:]
    while stamp := _INNER_STAMP.match(rest):
        rest = rest[stamp.end() :]
        pieces.append(rest[:_RUNTIME_PIECE])
        rest = rest[_RUNTIME_PIECE:]
    return b"".join([*pieces, rest])
