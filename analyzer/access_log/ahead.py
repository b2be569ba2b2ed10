"""Work on blocks that is begun in another thread ahead of its turn; their order stays that of the stream."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from .blocks import KEPT, SIZE, Block

T = TypeVar("T")

_FULL = SIZE * 3 // 4
"""A smaller block is all that a pipe had to offer, or the last: it does not wait for others to follow."""


def ahead(blocks: Iterable[Block], begin: Callable[[Block], T]) -> Iterator[tuple[Block, T]]:
    """Every block with what ``begin`` makes of it; that must not depend on the blocks before."""
    waiting: deque[tuple[Block, Future[T]]] = deque()
    with ThreadPoolExecutor(max_workers=1) as pool:  # this thread is the second
        for block in blocks:
            if block.size >= _FULL:
                waiting.append((block, pool.submit(begin, block)))
                if len(waiting) == KEPT:
                    yield _next(waiting, begin)
                continue
            while waiting:
                yield _next(waiting, begin)
            yield block, begin(block)
        while waiting:
            yield _next(waiting, begin)


def _next(waiting: deque[tuple[Block, Future[T]]], begin: Callable[[Block], T]) -> tuple[Block, T]:
    """The oldest; until the other thread is done with it, this one takes later blocks off its hands."""
    block, begun = waiting.popleft()
    for place, (later, theirs) in enumerate(waiting):
        if begun.done():
            break
        if theirs.cancel():
            ours: Future[T] = Future()
            ours.set_result(begin(later))
            waiting[place] = later, ours
    return block, begun.result()
