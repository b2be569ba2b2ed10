"""How the quick ways in Python go through a block, and how they put down what they find."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from struct import Struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .scan import AT, DURATION, REQUEST, SECOND, SENT, SHAPE, Shape

_SIZE = 1 << 15
"""What is made of so many bytes stays in the processor's cache: lines of 4 MB at once take twice as long."""


def chunks(block: bytes | memoryview) -> Iterator[list[bytes]]:
    """The lines of a block, some at a time."""
    view, begin, size = memoryview(block), 0, _SIZE
    while begin < len(view):
        lines = bytes(view[begin : begin + size]).split(b"\n")
        end = begin + size
        if end < len(view):
            if len(lines) == 1:
                size *= 2
                continue
            end -= len(lines.pop())
        elif not lines[-1]:
            lines.pop()
        yield lines
        begin, size = end, _SIZE


NUMBER, NUMBERS = Struct("=q").pack, Struct("=3q").pack
"""Numbers as they stand in a column: bytes are put together faster than numbers are."""


class Plain(NamedTuple):
    """What plain lines say, in their order.

    A shape may be anything that equals only what is the same shape. ``seconds`` are numbers as ``NUMBER`` has
    them, ``sizes`` duration, bytes received and bytes sent, as ``NUMBERS`` has them. ``requests`` are
    fingerprints of request ids, none where no join is asked for.
    """

    shapes: Iterable[Hashable]
    seconds: Iterable[bytes]
    sizes: Iterable[bytes]
    requests: Iterable[int]


NOTHING = Plain((), (), (), ())


class _Numbers(dict[Hashable, int]):
    """Numbers shapes in the order in which they are first seen."""

    def __missing__(self, shape: Hashable) -> int:
        return self.setdefault(shape, len(self))


class Writer:
    """Puts down the ``scan.Table`` of a block, chunk by chunk."""

    def __init__(self) -> None:
        self._lengths: list[int] = []
        self._doubts: list[int] = []
        self._numbers = _Numbers()
        self._shapes: list[int] = []
        self._seconds: list[bytes] = []
        self._sizes: list[bytes] = []
        self._requests: list[int] = []

    def add(self, lines: Sequence[bytes], doubts: Iterable[int], plain: Plain) -> None:
        """Lines in their order: which of them are doubts, in any order, and what the others say."""
        first = len(self._lengths)
        self._lengths.extend(map(len, lines))
        self._doubts.extend(first + doubt for doubt in sorted(doubts))
        self._shapes.extend(map(self._numbers.__getitem__, plain.shapes))
        self._seconds.append(b"".join(plain.seconds))
        self._sizes.append(b"".join(plain.sizes))
        self._requests.extend(plain.requests)

    def result(self) -> tuple[bytes, bytes, list[Shape]]:
        """What a ``Scan`` gives."""
        lengths, doubts = _numbers(self._lengths), _numbers(self._doubts)
        begins = np.cumsum(lengths + 1) - lengths - 1
        columns = np.zeros((7, len(self._shapes)), np.int64)
        columns[AT] = np.delete(begins, doubts)
        columns[SHAPE] = _numbers(self._shapes)
        columns[SECOND] = np.frombuffer(b"".join(self._seconds), np.int64)
        columns[DURATION : SENT + 1] = np.frombuffer(b"".join(self._sizes), np.int64).reshape(-1, 3).T
        if self._requests:
            columns[REQUEST] = _numbers(self._requests)
        first = np.empty(len(self._numbers), np.int64)
        first[columns[SHAPE, ::-1]] = np.arange(len(self._shapes))[::-1]  # the last that is put there stays
        spans = zip(columns[AT, first].tolist(), np.delete(lengths, doubts)[first].tolist(), strict=True)
        shapes = [(_text(shape), *span) for shape, span in zip(self._numbers, spans, strict=True)]
        return (
            columns.tobytes(),
            np.stack([doubts, begins[doubts], lengths[doubts]], axis=1).tobytes(),
            shapes,
        )


def _numbers(values: list[int]) -> NDArray[np.int64]:
    return np.fromiter(values, np.int64, len(values))


def _text(shape: Hashable) -> bytes:
    """A newline, which no line has, tells shapes that are not bytes of a line from those that are."""
    return shape if isinstance(shape, bytes) else repr(shape).encode("utf-8", "backslashreplace") + b"\n"
