"""Access logs read for a verb: progress from the first second on, and a Ctrl-C that keeps what was read."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO, NamedTuple, cast

from analyzer.access_log.digest import Digest
from analyzer.access_log.errors import LogError
from analyzer.access_log.files import STDIN, LogFile, opened
from analyzer.access_log.formats import HEAD, first_line
from analyzer.report import figures

from .progress import Progress
from .signals import Interrupt

_FIRST = 0.5
"""Seconds until the first line of progress."""
_LARGE = 50_000_000
"""Bytes from which on reading is announced before it begins."""


class Read(NamedTuple):
    """Which files were read, with the first bytes of each; ``complete`` where all were read to the end."""

    heads: dict[str, bytes]
    complete: bool


def read(files: Sequence[LogFile], digest: Digest) -> Read:
    """Read the files one after the other; raises LogError for one that cannot be."""
    heads: dict[str, bytes] = {}
    interrupt = Interrupt(signal.SIGINT)
    with Progress(first=_FIRST) as progress, interrupt.caught():
        told = _Told(files, digest, progress)
        for file in files:
            steps = _in_parts(file, digest) or _as_stream(file, digest, interrupt)
            for heads[file.name], position in steps:
                told.at(position)
                if interrupt.asked:
                    return Read(heads, complete=False)
            told.past(file)
    return Read(heads, complete=not interrupt.asked)


def _in_parts(file: LogFile, digest: Digest) -> Iterator[tuple[bytes, int]] | None:
    """Likewise after each part, where processes read the file; None where threads do, or one of them."""
    if digest.is_native:
        return None
    from . import log_parts  # what makes processes need not be loaded where none is made

    log = log_parts.parted(file, digest)
    return ((log.head, position) for position in log_parts.read(log, digest)) if log else None


def _as_stream(file: LogFile, digest: Digest, interrupt: Interrupt) -> Iterator[tuple[bytes, int]]:
    """After each block: what the file begins with, and how far it is read, in packed bytes if they are."""
    with opened(file) as (stream, raw):
        patient = _Patient(stream, interrupt)
        for _ in digest.read(cast(BinaryIO, patient), file.name, file.pod):
            yield patient.head, raw.tell() if file.size is not None else 0
        yield patient.head, file.size or 0


def check(digest: Digest, read: Read) -> None:
    """Refuse what holds no access line, with the first line that is none."""
    account = digest.account
    if account.access:
        return
    names = (
        ", ".join(read.heads).replace(STDIN, "stdin") if len(read.heads) < 4 else f"{len(read.heads)} files"
    )
    heads = [head for head in read.heads.values() if head.strip()]
    if not read.complete:
        raise KeyboardInterrupt
    if not account.lines:
        raise LogError(f"{names}: empty", "name logs of istio-proxy (is accessLogFile set to /dev/stdout?)")
    if any(b"\0" in head for head in heads):
        raise LogError(f"{names}: binary, not a log", "name logs of istio-proxy, plain, gzip or zstd")
    if account.malformed:
        damage = account.damages[0]
        raise LogError(
            f"{names}: {account.malformed} malformed lines and no other access line; "
            f"{damage.file} at byte {damage.offset}: {damage.reason.value}",
            "give the mesh's own format with --format",
        )
    first = first_line(heads[0]) if heads else ""
    raise LogError(
        f"{names}: no access line in {account.lines} lines; the first: {first!r}",
        "name logs of istio-proxy, or give the mesh's own format with --format",
    )


class _Patient:
    """A stream whose reads may be interrupted while they wait; keeps its first bytes."""

    def __init__(self, stream: BinaryIO, interrupt: Interrupt) -> None:
        self._read: Callable[[memoryview], int] = getattr(stream, "readinto1")  # noqa: B009 - not in BinaryIO
        self._readline = stream.readline
        self._interrupt = interrupt
        self.head = b""

    def readinto1(self, buffer: memoryview) -> int:
        count = self._interrupt.waiting(self._read, buffer)
        if len(self.head) < HEAD:
            self.head += bytes(buffer[: min(count, HEAD - len(self.head))])
        return count

    def readline(self, size: int) -> bytes:
        return self._interrupt.waiting(self._readline, size)


class _Told:
    """How far the reading is, told now and then."""

    def __init__(self, files: Sequence[LogFile], digest: Digest, progress: Progress) -> None:
        sizes = [file.size for file in files]
        self._total = None if None in sizes else sum(size or 0 for size in sizes)
        self._digest = digest
        self._progress = progress
        self._done = 0
        self._started = time.monotonic()
        if (self._total or 0) > _LARGE:
            progress.show(f"reading {figures.size(self._total or 0)}")

    def at(self, position: int) -> None:
        """In the middle of a file; archives count by their packed bytes."""
        account, seconds = self._digest.account, max(time.monotonic() - self._started, 1e-3)
        words = [f"{figures.count(account.lines)} lines", f"{figures.size(int(account.bytes / seconds))}/s"]
        if self._total:
            done = self._done + position
            left = max(0.0, seconds * (self._total - done) / max(done, 1))  # a file may grow
            words.insert(0, f"{figures.size(done)} of {figures.size(self._total)}")
            words.append(f"{left:.0f} s left")
        else:
            words.insert(0, figures.size(account.bytes))
        self._progress.show(", ".join(words))

    def past(self, file: LogFile) -> None:
        self._done += file.size or 0
