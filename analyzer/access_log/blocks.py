"""A stream in blocks of whole lines, so that a log of any length passes through a fixed amount of memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from .entries import LONGEST_LINE

SIZE = 4 << 20


class Block(NamedTuple):
    """``data`` ends with a newline, save at the end of a stream that has none; ``offset`` is where it begins.

    A line beyond ``LONGEST_LINE`` comes as a block of no data with its ``size``.
    """

    data: bytes
    offset: int
    size: int


def blocks(stream: BinaryIO, size: int = SIZE) -> Iterator[Block]:
    """Gives what a pipe has to offer without waiting for more than a line."""
    read = getattr(stream, "read1", stream.read)
    waiting: list[bytes] = []
    held = offset = 0
    while chunk := read(size):
        end = chunk.rfind(b"\n") + 1
        if not end:
            waiting.append(chunk)
            held += len(chunk)
            if held > LONGEST_LINE:
                skipped = held + _skip_line(stream, waiting)
                yield Block(b"", offset, skipped)
                offset, held = offset + skipped, 0
            continue
        data = b"".join([*waiting, chunk[:end]])
        yield Block(data, offset, len(data))
        offset += len(data)
        waiting = [chunk[end:]] if end < len(chunk) else []
        held = len(chunk) - end
    if held:
        data = b"".join(waiting)
        yield Block(data, offset, len(data))


def _skip_line(stream: BinaryIO, waiting: list[bytes]) -> int:
    """Read on to the end of a line that is too long; gives the bytes read."""
    waiting.clear()
    skipped = 0
    while rest := stream.readline(1 << 20):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped
