"""A stream in blocks of whole lines, so that a log of any length passes through a fixed amount of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple

from .entries import LONGEST_LINE

SIZE = 4 << 20
_FIRST = 1 << 16
"""Most logs are small, and people wait for the first word of a large one."""
KEPT = 4
"""A block's data stays as it is until so many further blocks are asked for: its memory is used again."""


class Block(NamedTuple):
    """``data`` ends with a newline, save at the end of a stream that has none; ``offset`` is where it begins.

    A line beyond ``LONGEST_LINE`` comes as a block of no data with its ``size``.
    """

    data: bytes | memoryview
    offset: int
    size: int


def blocks(stream: BinaryIO, size: int = SIZE, offset: int = 0) -> Iterator[Block]:
    """Gives what a pipe has to offer without waiting for more than a line; the first block is small.

    ``offset`` is where the stream begins in its file.
    """
    buffers = [bytearray() for _ in range(KEPT + 1)]
    turn = held = 0
    room = min(size, _FIRST)
    while count := _read(stream, buffers, turn, held, room):
        buffer = buffers[turn]
        end = buffer.rfind(b"\n", held, held + count) + 1
        held += count
        if end:
            turn = (turn + 1) % len(buffers)
            _carry(memoryview(buffer)[end:held], buffers, turn)
            yield Block(memoryview(buffer)[:end], offset, end)
            offset, held, room = offset + end, held - end, size
        elif held > LONGEST_LINE:
            skipped = held + _skip_line(stream)
            yield Block(b"", offset, skipped)
            offset, held = offset + skipped, 0
    if held:
        yield Block(memoryview(buffers[turn])[:held], offset, held)


def _read(stream: BinaryIO, buffers: list[bytearray], turn: int, held: int, room: int) -> int:
    """Fill the buffer behind what it holds; gives the bytes read, 0 at the end."""
    if len(buffers[turn]) < max(room, 2 * held):
        _carry(memoryview(buffers[turn])[:held], buffers, turn, max(room, 4 * held))
    read: Callable[[memoryview], int] = getattr(stream, "readinto1")  # noqa: B009 - buffered streams have it
    return read(memoryview(buffers[turn])[held:])


def _carry(rest: memoryview, buffers: list[bytearray], turn: int, room: int = 0) -> None:
    """Put the rest at the beginning of a buffer. One too small is replaced: someone may still look at it."""
    if len(buffers[turn]) < max(room, len(rest)):
        buffers[turn] = bytearray(max(room, len(rest)))
    buffers[turn][: len(rest)] = rest


def _skip_line(stream: BinaryIO) -> int:
    """Read on to the end of a line that is too long; gives the bytes read."""
    skipped = 0
    while rest := stream.readline(1 << 20):
        skipped += len(rest)
        if rest.endswith(b"\n"):
            break
    return skipped
