"""A large log in parts, which a process a core reads: for lines that Python judges, line by line."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from io import BufferedReader
from multiprocessing import get_context
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from analyzer.access_log.digest import Digest
from analyzer.access_log.errors import LogError
from analyzer.access_log.files import LogFile, is_packed
from analyzer.access_log.formats import HEAD
from analyzer.access_log.wrapping import is_wrapped
from setup.processes import die_with

SIZE = 32 << 20
"""Bytes of a part."""
_WORTH = 48 << 20
"""Smaller files are read before other processes have begun."""
_PIECE = 1 << 20
"""Bytes of a line that are looked at together: its end may be far."""


class Part(NamedTuple):
    """From a line's beginning to a line's end."""

    begin: int
    end: int


class Parted(NamedTuple):
    """A log, what it begins with, and its parts in their order."""

    name: str
    pod: str
    path: Path
    head: bytes
    parts: list[Part]


def parted(file: LogFile, digest: Digest) -> Parted | None:
    """None where the file must be read, or had better be read, by one process from beginning to end."""
    whole = file.size or 0
    if file.path is None or whole < _WORTH or _cores() < 2 or digest.is_native or digest.keeps_lines:
        return None
    with file.path.open("rb") as stream:
        head = stream.read(HEAD)
    if is_packed(head[:4]) or is_wrapped(head):  # their lines hang together
        return None
    return Parted(file.name, file.pod, file.path, head, cut(file.path, whole, SIZE))


def cut(path: Path, whole: int, size: int) -> list[Part]:
    """Parts of about so many bytes, each of whole lines; together they are the file."""
    found, begin = [], 0
    with path.open("rb") as stream:
        while begin < whole:
            stream.seek(begin + size - 1)
            while (piece := stream.readline(_PIECE)) and not piece.endswith(b"\n"):
                pass
            end = min(stream.tell(), whole) if piece else whole
            found.append(Part(begin, end))
            begin = end
    return found


def read(log: Parted, digest: Digest) -> Iterator[int]:
    """Have the parts read, and merge them in their order; gives the offset after each."""
    workers = min(len(log.parts), _cores())
    pool = ProcessPoolExecutor(workers, get_context("fork"), _begin, (log, digest, os.getpid()))
    try:
        for part, found in zip(log.parts, pool.map(_read, log.parts), strict=True):
            digest.merge(found)
            yield part.end
    except BrokenProcessPool as error:
        raise LogError(f"cannot read {log.name}: a process reading it was ended", "read it again") from error
    finally:
        pool.shutdown(cancel_futures=True)


def _cores() -> int:
    """Those that we may use; elsewhere than on Linux a process is neither forked nor ended so safely."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1


class _Mine:
    """What a reading process was made for: inherited, since a mesh's own format cannot be sent."""

    log: Parted
    digest: Digest


def _begin(log: Parted, digest: Digest, owner: int) -> None:
    die_with(owner)
    gc.disable()  # nothing here goes in circles, and looking for that takes a fortieth of the time
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the front door's, which then asks for no more
    _Mine.log, _Mine.digest = log, digest.alike()


def _read(part: Part) -> Digest:
    log, digest = _Mine.log, _Mine.digest.alike()
    with log.path.open("rb") as stream:
        stream.seek(part.begin)
        lines = cast(BinaryIO, _Until(stream, part.end - part.begin))
        for _ in digest.read(lines, log.name, log.pod, offset=part.begin):
            pass
    return digest


class _Until:
    """So many bytes of a stream, as far as a digest reads it."""

    def __init__(self, stream: BufferedReader, left: int) -> None:
        self._stream = stream
        self._left = left

    def readinto1(self, buffer: memoryview) -> int:
        count = self._stream.readinto1(buffer[: self._left])
        self._left -= count
        return count

    def readline(self, size: int) -> bytes:
        line = self._stream.readline(min(size, self._left))
        self._left -= len(line)
        return line
