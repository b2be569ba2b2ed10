"""Blocks are begun by two threads, ours and another, and come in the order of the stream."""

from __future__ import annotations

import threading

from analyzer.access_log.ahead import ahead
from analyzer.access_log.blocks import KEPT, SIZE, Block

BLOCKS = [Block(b"", number, SIZE) for number in range(2 * KEPT)]


def test_every_block_comes_once_in_its_order_with_what_was_made_of_it() -> None:
    blocks = [block._replace(size=SIZE if block.offset % 3 else 1) for block in BLOCKS]
    assert list(ahead(blocks, lambda block: block.offset * 2)) == [
        (block, 2 * block.offset) for block in blocks
    ]


def test_who_waits_for_a_block_begins_later_ones_meanwhile() -> None:
    """The other thread is held at the first block until ours has begun those that it keeps waiting."""
    ours = threading.get_ident()
    begun: list[int] = []
    rest = threading.Event()

    def begin(block: Block) -> int:
        if threading.get_ident() == ours:
            begun.append(block.offset)
            if len(begun) == KEPT - 1:
                rest.set()
        elif block.offset == 0:
            assert rest.wait(30), "nobody else began a block"
        return block.offset

    assert [number for _, number in ahead(BLOCKS, begin)] == list(range(len(BLOCKS)))
    assert begun[: KEPT - 1] == list(range(1, KEPT))
