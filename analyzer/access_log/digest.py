"""What remains of any number of logs: sums by group, the account of every line, and on wish the joins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from .ahead import ahead
from .blocks import Block, blocks
from .entries import Account
from .exact import exact
from .hops import NO_SOURCES, Hop, Sources, hops
from .joins import Joins
from .native import SCAN
from .readings import Reason
from .rows import Groups
from .scan import Table
from .source import Judge, Keep, Scanned, Source
from .tally import Tally
from .wrapping import Unwrapper, Wrapped, is_wrapped

_SAMPLE = 1 << 13


class Digest:
    """Reads streams one after the other, or by turns.

    ``judge`` is what a line says, ``exact`` for Istio's own formats. ``keep`` is given every access line with
    the number of its group. Either one takes the slow way through every line.
    """

    def __init__(self, *, join: bool = False, judge: Judge = exact, keep: Keep | None = None) -> None:
        self.account = Account()
        self.groups = Groups()
        self.tally = Tally()
        self.joins = Joins() if join else None
        self._judge = judge
        self._keep = keep
        self._sources: dict[str, Source] = {}

    @property
    def is_native(self) -> bool:
        """Whether plain lines are read in C, by threads; else a process a core is faster."""
        return SCAN is not None and self._judge is exact and self._keep is None

    @property
    def keeps_lines(self) -> bool:
        """Whether more than sums remain, so that it cannot be merged from parts."""
        return self._keep is not None

    def alike(self) -> Digest:
        """A digest of nothing yet, that reads as this one does and keeps no lines; it can be merged here."""
        return Digest(join=self.joins is not None, judge=self._judge)

    def read(self, stream: BinaryIO, file: str = "-", pod: str = "", offset: int = 0) -> Iterator[int]:
        """Read to the end; gives the offset in the file after each block.

        ``pod`` is who wrote the stream; where lines name their own pod, that goes first. ``offset`` is where
        the stream begins in its file.
        """
        intake = self.open(file, pod)
        found = blocks(stream, offset=offset)
        if self.is_native:
            for block, begun in ahead(found, intake.begin):
                intake.add(block, begun)
                yield block.offset + block.size
        else:
            for block in found:
                intake.add(block)
                yield block.offset + block.size
        intake.end()

    def open(self, file: str = "-", pod: str = "") -> Intake:
        """For a stream that comes block by block while others are read, such as a file that grows."""
        return Intake(self, file, pod)

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

    def __getstate__(self) -> dict[str, Any]:
        """What was read goes to another process or machine, how it was read stays here."""
        return self.__dict__ | {"_judge": exact, "_keep": None, "_sources": {}}

    def source(self, name: str) -> Source:
        """Who reads the lines of one pod or file."""
        source = self._sources.get(name)
        if source is None:
            source = Source(
                name, self.groups, join=self.joins is not None, judge=self._judge, keep=self._keep
            )
            self._sources[name] = source
        return source

    def count(self, scanned: Scanned, file: str, offsets: Iterable[int]) -> None:
        """Take up what a source has read; ``offsets`` are those of the refused lines in their file."""
        account, rows = self.account, scanned.rows
        account.access += len(rows)
        account.other += scanned.others
        account.lines += len(rows) + scanned.others + len(scanned.refused)
        for refused, offset in zip(scanned.refused, offsets, strict=True):
            account.add_malformed(file, offset, refused.reason)
        self.tally.add(rows)
        if self.joins:
            self.joins.add(rows)


class Begun(NamedTuple):
    """Of a block: whether any of its first lines is wrapped, and its table where it may be plain."""

    is_wrapped: bool
    table: Table | None


class Intake:
    """Takes the blocks of one stream in their order, out of any wrapping."""

    def __init__(self, digest: Digest, file: str, pod: str) -> None:
        self._digest = digest
        self._file = file
        self._pod = pod
        self._source = digest.source(pod or file)
        self._unwrapper = Unwrapper()
        self._is_wrapped = False

    def begin(self, block: Block) -> Begun:
        """What can be done of a block ahead of its turn, in any thread."""
        sample = bytes(block.data[:_SAMPLE])
        if not sample or self._is_wrapped or is_wrapped(sample):
            return Begun(is_wrapped=bool(sample), table=None)
        return Begun(is_wrapped=False, table=self._source.begin(block.data))

    def add(self, block: Block, begun: Begun | None = None) -> None:
        """Take a block up; blocks come in their order."""
        begun = begun or self.begin(block)
        account = self._digest.account
        account.bytes += block.size
        self._is_wrapped = self._is_wrapped or begun.is_wrapped
        if not block.data:
            account.lines += 1
            account.add_malformed(self._file, block.offset, Reason.TOO_LONG)
        elif self._is_wrapped:
            self._unwrapped(self._unwrapper.unwrap(bytes(block.data), block.offset))
        else:
            scanned = self._source.finish(block.data, begun.table)
            self._digest.count(
                scanned, self._file, (block.offset + refused.at for refused in scanned.refused)
            )

    def end(self) -> None:
        """Count what waits for an end that will not come."""
        self._unwrapped(self._unwrapper.rest())

    def _unwrapped(self, lines: Iterable[Wrapped]) -> None:
        by_pod: dict[str, list[Wrapped]] = {}
        for line in lines:
            by_pod.setdefault(line.pod or self._pod, []).append(line)
        for writer, wrapped in by_pod.items():
            block = b"".join([one.line + b"\n" for one in wrapped])
            scanned = self._digest.source(writer or self._file).scan(block)
            self._digest.count(
                scanned, self._file, (wrapped[refused.number].offset for refused in scanned.refused)
            )
