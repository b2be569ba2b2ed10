"""Logs that are still written: what came since the last look, through rotation, truncation and new files.

As ``tail -F`` does: a file is read on under its handle when it is renamed, then its name is opened again; one
that became shorter is read from its beginning. Folders and patterns are looked through for new files.
"""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from .blocks import Block
from .digest import Digest, Intake
from .entries import LONGEST_LINE
from .errors import LogError
from .files import STDIN, LogFile, find, is_packed
from .formats import HEAD

_CHUNK = 1 << 20

_KEPT = 1024

Identity = tuple[int, int]
"""Device and inode: what a file remains when it is renamed."""
Seen = dict[Identity, bytes | None]
"""Files that were read: None while one is open, then its first bytes, because inodes are used again."""


class Follower:
    """``look`` now and then; ``heads`` are the first bytes of every file that was read."""

    def __init__(self, names: Sequence[str], digest: Digest) -> None:
        self._names = names
        self._digest = digest
        self._followed: dict[str, _File] = {}
        self._seen: Seen = {}
        self._stdin = _Stdin(digest) if STDIN in names else None
        self.heads: dict[str, bytes] = {}

    def look(self) -> int:
        """Count what is new; gives its bytes. Raises LogError for what cannot be followed."""
        self._find()
        files = [file.look(self._seen) for file in self._followed.values()]
        for name, file in self._followed.items():
            self.heads[name] = self.heads.get(name) or file.lines.head
        if self._stdin:
            files.append(self._stdin.look())
            self.heads[STDIN] = self._stdin.lines.head
        return sum(files)

    @property
    def is_over(self) -> bool:
        """Whether nothing can come any more: stdin was all there is, and it is closed."""
        return not self._followed and self._stdin is not None and self._stdin.is_closed

    def end(self) -> None:
        """Count what waits for the rest of its line."""
        for file in self._followed.values():
            file.close(self._seen)
        if self._stdin:
            self._stdin.lines.end()

    def _find(self) -> None:
        for name in self._names:
            for file in _found(name):
                if file.path and file.name not in self._followed:
                    self._add(file, file.path, is_named=file.name == name)

    def _add(self, file: LogFile, path: Path, *, is_named: bool) -> None:
        """Archives in a folder are what was written long ago; one that is asked for by name is a mistake."""
        if _is_archive(path):
            if is_named:
                raise LogError(
                    f"{file.name} is an archive: nothing more is written to it", "leave out --follow"
                )
            return
        followed = _File(file, path, self._digest)
        if followed.open(self._seen):
            self._followed[file.name] = followed


class Lines:
    """Whole lines out of bytes that come as they like, on to a digest."""

    def __init__(self, digest: Digest, file: str, pod: str = "") -> None:
        self._digest, self._file, self._pod = digest, file, pod
        self.begin()

    def begin(self) -> None:
        """A new file under the same name."""
        self.head = b""
        self._intake: Intake = self._digest.open(self._file, self._pod)
        self._held = b""
        self._offset = 0
        self._skipped = 0

    def add(self, data: bytes) -> None:
        self.head += data[: HEAD - len(self.head)] if len(self.head) < HEAD else b""
        if self._skipped:
            data = self._skip(data)
        data, end = self._held + data, data.rfind(b"\n") + 1 + len(self._held)
        if end > len(self._held):
            self._count(data[:end])
            data = data[end:]
        self._held = data
        if len(self._held) > LONGEST_LINE:
            self._skipped, self._held = len(self._held), b""

    def end(self) -> None:
        """The last line need not have a newline."""
        if self._skipped:
            self._too_long()
        if self._held:
            self._count(self._held)
        self._intake.end()

    def _count(self, data: bytes) -> None:
        self._intake.add(Block(data, self._offset, len(data)))
        self._offset += len(data)

    def _skip(self, data: bytes) -> bytes:
        """What follows the end of a line that is too long."""
        end = data.find(b"\n") + 1
        self._skipped += end or len(data)
        if end:
            self._too_long()
        return data[end:] if end else b""

    def _too_long(self) -> None:
        self._intake.add(Block(b"", self._offset, self._skipped))
        self._offset, self._skipped = self._offset + self._skipped, 0


class _File:
    """One name: whatever file stands behind it."""

    def __init__(self, file: LogFile, path: Path, digest: Digest) -> None:
        self._path = path
        self._handle: BinaryIO | None = None
        self.lines = Lines(digest, file.name, file.pod)

    def open(self, seen: Seen) -> bool:
        """Whether there is a file that was not read under another name before."""
        try:
            handle = self._path.open("rb")
        except OSError:
            return False  # between the renaming and the new file; or no longer ours to read
        found, head = _identity(os.fstat(handle.fileno())), handle.read(_KEPT)
        if _is_known(found, head, seen):
            handle.close()
            return False
        handle.seek(0)
        seen[found] = None
        self._handle = handle
        self.lines.begin()
        return True

    def look(self, seen: Seen) -> int:
        if self._handle is None and not self.open(seen):
            return 0
        new = self._read()
        if self._is_moved():
            new += self._read()  # what was written between the two
            self.close(seen)
            new += self._read() if self.open(seen) else 0
        return new

    def close(self, seen: Seen) -> None:
        """Count what waits for the rest of its line, and let go."""
        if self._handle:
            seen[_identity(os.fstat(self._handle.fileno()))] = self.lines.head[:_KEPT]
            self.lines.end()
            self._handle.close()
            self._handle = None

    def _read(self) -> int:
        handle = self._handle
        if handle is None:
            return 0
        if os.fstat(handle.fileno()).st_size < handle.tell():
            self.lines.end()
            self.lines.begin()
            handle.seek(0)
        new = 0
        while data := handle.read(_CHUNK):
            self.lines.add(data)
            new += len(data)
        return new

    def _is_moved(self) -> bool:
        """Whether another file, and not none, has taken the name."""
        try:
            named = self._path.stat()
        except OSError:
            return False
        return self._handle is not None and _identity(named) != _identity(os.fstat(self._handle.fileno()))


class _Stdin:
    def __init__(self, digest: Digest) -> None:
        self.lines = Lines(digest, STDIN)
        self.is_closed = False

    def look(self) -> int:
        new, descriptor = 0, sys.stdin.fileno()
        while not self.is_closed and select.select([descriptor], [], [], 0)[0]:
            data = os.read(descriptor, _CHUNK)
            self.is_closed = not data
            self.lines.add(data)
            new += len(data)
        return new


def _found(name: str) -> list[LogFile]:
    """None now may be some later."""
    if name == STDIN:
        return []
    try:
        return find([name])
    except LogError:
        return []


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return is_packed(file.read(4))
    except OSError:
        return False


def _is_known(found: Identity, head: bytes, seen: Seen) -> bool:
    if found not in seen:
        return False
    before = seen[found]
    return before is None or (before != b"" and head.startswith(before))


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino
