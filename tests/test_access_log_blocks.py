"""A stream in blocks is the stream: nothing is lost, no line is torn, whatever the sizes."""

from __future__ import annotations

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.access_log import blocks as module
from analyzer.access_log.blocks import Block, blocks


@given(st.lists(st.binary(max_size=40)).map(b"\n".join), st.integers(1, 100))
def test_blocks_are_whole_lines_and_together_the_stream(text: bytes, size: int) -> None:
    found = [Block(bytes(block.data), block.offset, block.size) for block in blocks(BytesIO(text), size)]
    assert b"".join(block.data for block in found) == text
    assert all(block.data.endswith(b"\n") for block in found[:-1])
    assert [block.offset for block in found] == [sum(b.size for b in found[:n]) for n in range(len(found))]
    assert all(block.size == len(block.data) for block in found)


class Trickle:
    """Gives what it has piece by piece, as a pipe does."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def readinto1(self, buffer: memoryview) -> int:
        piece = self.pieces.pop(0) if self.pieces else b""
        buffer[: len(piece)] = piece
        return len(piece)


def test_a_pipe_is_not_waited_for_once_a_line_is_whole() -> None:
    stream = Trickle([b"one\ntw", b"o\n", b"three"])
    read = blocks(stream)  # type: ignore[arg-type]  # it has what is needed of BinaryIO
    assert bytes(next(read).data) == b"one\n"
    assert stream.pieces == [b"o\n", b"three"]
    assert [bytes(block.data) for block in read] == [b"two\n", b"three"]


def test_a_line_beyond_all_measure_comes_as_a_size_without_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST_LINE", 100)
    text = b"short\n" + b"x" * 1000 + b"\nnext\n"
    found = [(bytes(block.data), block.offset, block.size) for block in blocks(BytesIO(text), 64)]
    assert (b"", 6, 1001) in found
    assert b"".join(data for data, _, _ in found) == b"short\nnext\n"
    assert sum(size for _, _, size in found) == len(text)
