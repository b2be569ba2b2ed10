"""What remains of any number of logs: sums by group, the account of every line, and on wish the joins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import BinaryIO

import numpy as np

from .blocks import Block, blocks
from .entries import Account
from .exact import exact
from .hops import NO_SOURCES, Hop, Sources, hops
from .joins import Joins
from .readings import Reason
from .rows import Groups
from .source import Judge, Scanned, Source
from .tally import Tally
from .wrapping import Unwrapper, Wrapped, is_wrapped

_SAMPLE = 1 << 16


class Digest:
    """Reads streams one after the other; ``judge`` is what a line says, ``exact`` for Istio's own formats."""

    def __init__(self, *, join: bool = False, judge: Judge = exact) -> None:
        self.account = Account()
        self.groups = Groups()
        self.tally = Tally()
        self.joins = Joins() if join else None
        self._judge = judge
        self._sources: dict[str, Source] = {}

    def read(self, stream: BinaryIO, file: str = "-", pod: str = "") -> Iterator[int]:
        """Read to the end; gives the bytes read so far after each block.

        ``pod`` is who wrote the stream; where lines name their own pod, that goes first.
        """
        unwrapper = Unwrapper()
        wrapped = False
        for block in blocks(stream):
            wrapped = wrapped or is_wrapped(block.data[:_SAMPLE])
            self.account.bytes += block.size
            if not block.data:
                self.account.lines += 1
                self.account.add_malformed(file, block.offset, Reason.TOO_LONG)
            elif wrapped:
                self._wrapped(unwrapper.unwrap(block.data, block.offset), file, pod)
            else:
                self._plain(block, file, pod)
            yield block.offset + block.size
        self._wrapped(unwrapper.rest(), file, pod)

    def hops(self, sources: Sources = NO_SOURCES) -> list[Hop]:
        """What each group tells of; index with a group's number."""
        return hops(self.groups, sources)

    def merge(self, other: Digest) -> None:
        """Add what another has read: of other files, in another process, on another machine."""
        numbers = np.array([self.groups.number(key) for key in other.groups], dtype=np.int64)
        self.tally.merge(other.tally, numbers)
        self.account.merge(other.account)
        if self.joins and other.joins:
            self.joins.merge(other.joins, numbers)

    def _plain(self, block: Block, file: str, pod: str) -> None:
        scanned = self._source(pod or file).scan(block.data)
        self._count(scanned, file, (block.offset + refused.at for refused in scanned.refused))

    def _wrapped(self, lines: Iterable[Wrapped], file: str, pod: str) -> None:
        by_pod: dict[str, list[Wrapped]] = {}
        for line in lines:
            by_pod.setdefault(line.pod or pod, []).append(line)
        for writer, wrapped in by_pod.items():
            scanned = self._source(writer or file).scan(b"".join([one.line + b"\n" for one in wrapped]))
            self._count(scanned, file, (wrapped[refused.number].offset for refused in scanned.refused))

    def _count(self, scanned: Scanned, file: str, offsets: Iterable[int]) -> None:
        account, rows = self.account, scanned.rows
        account.access += len(rows)
        account.other += scanned.others
        account.lines += len(rows) + scanned.others + len(scanned.refused)
        for refused, offset in zip(scanned.refused, offsets, strict=True):
            account.add_malformed(file, offset, refused.reason)
        self.tally.add(rows)
        if self.joins:
            self.joins.add(rows)

    def _source(self, name: str) -> Source:
        source = self._sources.get(name)
        if source is None:
            source = Source(name, self.groups, join=self.joins is not None, judge=self._judge)
            self._sources[name] = source
        return source
