"""The access lines of a stream, one by one, with an account in which every line is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from ..records import LogEntry
from .exact import exact
from .readings import Connection, Malformed, Other, Reason

LONGEST_LINE = 16 << 20
"""Envoy's largest setting for a request's headers is 8 MiB; no access line is longer than twice that."""
SHOWN = 100
"""Damaged lines that an account remembers with their place; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Damage:
    """Where a malformed line begins: bytes from the start of its file."""

    file: str
    offset: int
    reason: Reason


@dataclass(slots=True)
class Account:
    """``lines`` is always ``access + other + malformed``, the sum of ``reasons``."""

    lines: int = 0
    access: int = 0
    other: int = 0
    bytes: int = 0
    reasons: Counter[Reason] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)

    @property
    def malformed(self) -> int:
        return self.reasons.total()

    def merge(self, other: Account) -> None:
        self.lines += other.lines
        self.access += other.access
        self.other += other.other
        self.bytes += other.bytes
        self.reasons += other.reasons
        self.damages = [*self.damages, *other.damages][:SHOWN]

    def add_malformed(self, file: str, offset: int, reason: Reason) -> None:
        self.reasons[reason] += 1
        if len(self.damages) < SHOWN:
            self.damages.append(Damage(file, offset, reason))


def entries(stream: BinaryIO, account: Account | None = None, file: str = "-") -> Iterator[LogEntry]:
    """Read a stream to its end; ``account`` is filled on the way, ``file`` names the stream in it.

    ztunnel's connections are counted as access lines but not given, because they have none of the fields.
    """
    account = Account() if account is None else account
    offset = 0
    for line, size in _lines(stream):
        reading = Malformed(Reason.TOO_LONG) if line is None else exact(line)
        account.lines += 1
        account.bytes += size
        if isinstance(reading, LogEntry):
            account.access += 1
            yield reading
        elif isinstance(reading, Connection):
            account.access += 1
        elif isinstance(reading, Other):
            account.other += 1
        else:
            account.add_malformed(file, offset, reading.reason)
        offset += size


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes | None, int]]:
    r"""Lines without, their sizes with the newline; None for one too long. Only ``\n`` ends a line."""
    while line := stream.readline(LONGEST_LINE):
        size = len(line)
        if size < LONGEST_LINE or line.endswith(b"\n"):
            yield line.removesuffix(b"\n"), size
            continue
        while rest := stream.readline(1 << 20):
            size += len(rest)
            if rest.endswith(b"\n"):
                break
        yield None, size
