"""Log files found, opened and unpacked: paths, folders, patterns and stdin; plain, gzip or zstd."""

from __future__ import annotations

import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

from .errors import LogError
from .pods import workload

STDIN = "-"
_HINT = "name access logs, folders of them, or - for stdin"
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_ZSTD_READ = 1 << 12
"""Bytes of an archive at once: four can stand for 128 KiB, so these become 128 MiB at most."""
_LOG_NAMES = ("*.log", "*.log.*", "*.log-*", "*.txt", "*.json", "*.gz", "*.zst")
_NOT_LOGS = frozenset({"run.json", "load.json", "summary.json", "verdict.json", "locust.log"})
_CONTAINER = re.compile(r"(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9-]+)_istio-proxy-[0-9a-f]+")
_POD_FOLDER = re.compile(r"(?P<namespace>[a-z0-9-]+)_(?P<pod>[a-z0-9.-]+)_[0-9a-f-]{32,36}")


@dataclass(frozen=True, slots=True)
class LogFile:
    """``name`` as the user knows it; ``pod`` is who wrote it, as far as its path tells, else ``""``."""

    name: str
    path: Path | None

    @property
    def pod(self) -> str:
        return _pod(self.path) if self.path else ""

    @property
    def size(self) -> int | None:
        """Bytes on disk, None for what has no size."""
        try:
            return self.path.stat().st_size if self.path and self.path.is_file() else None
        except OSError:
            return None


def find(names: Sequence[str]) -> list[LogFile]:
    """Every file that the names stand for, each once, in their order; raises LogError where there is none."""
    found: dict[Path | None, LogFile] = {}
    for name in names:
        for file in _of_name(name):
            if file.path and not os.access(file.path, os.R_OK):
                why = "permission denied" if file.path.exists() else "there is no such file"
                raise LogError(f"cannot read {file.name}: {why}", _HINT)
            found.setdefault(file.path and file.path.resolve(), file)
    return list(found.values())


def run_file(names: Sequence[str]) -> Path | None:
    """The ``run.json`` of the run whose folder, or files, are named: it knows the pods."""
    for name in names:
        path = Path(name).resolve()
        for folder in (path, *list(path.parents)[:3]):
            if (folder / "run.json").is_file() and (folder / "access-log").is_dir():
                return folder / "run.json"
    return None


@contextmanager
def opened(file: LogFile) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """The unpacked stream, and the raw one below it, whose position tells the progress."""
    try:
        raw = _raw(file)
    except OSError as error:
        raise LogError(f"cannot read {file.name}: {error.strerror}", _HINT) from error
    with raw, unpacked(raw, file.name) as stream:
        yield stream, raw


@contextmanager
def unpacked(raw: io.BufferedReader, name: str) -> Iterator[BinaryIO]:
    """The stream within gzip or zstd, or itself; raises LogError where an archive turns out to be damaged."""
    try:
        yield _unpacked(raw)
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError, EOFError) as error:
        raise LogError(
            f"{name} is a damaged archive: {error}", "copy it again, or unpack what is whole"
        ) from error


def is_packed(magic: bytes) -> bool:
    """By a file's first four bytes."""
    return magic.startswith(_GZIP) or magic == _ZSTD


def _of_name(name: str) -> Iterator[LogFile]:
    if name == STDIN:
        yield LogFile(STDIN, None)
        return
    path = Path(name)
    if path.is_dir():
        yield from _in_folder(path)
    elif path.exists() or not any(mark in name for mark in "*?["):
        yield LogFile(name, path)
    else:
        parent = Path(path.anchor) if path.anchor else Path()
        matches = sorted(
            match for match in parent.glob(str(path.relative_to(path.anchor))) if match.is_file()
        )
        if not matches:
            raise LogError(f"no file matches {name}", "quote the pattern, or name the files")
        yield from (LogFile(str(match), match) for match in matches)


def _in_folder(path: Path) -> Iterator[LogFile]:
    logs = path / "access-log" if (path / "access-log").is_dir() else path
    found = sorted(
        {
            file
            for pattern in _LOG_NAMES
            for file in logs.rglob(pattern)
            if file.is_file() and file.name not in _NOT_LOGS
        }
    )
    if not found:
        raise LogError(f"{path} holds no log", "name a folder with *.log files")
    yield from (LogFile(str(file), file) for file in found)


def _raw(file: LogFile) -> io.BufferedReader:
    if file.path is None:
        return io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False), 1 << 20)
    return file.path.open("rb")


def _unpacked(raw: io.BufferedReader) -> BinaryIO:
    magic = raw.peek(4)[:4]
    if magic.startswith(_GZIP):
        return io.BufferedReader(cast(io.RawIOBase, gzip.GzipFile(fileobj=raw)), 1 << 20)
    if magic == _ZSTD:
        return io.BufferedReader(_Zstd(raw), 1 << 20)
    return raw


class _Zstd(io.RawIOBase):
    """Frame after frame; unlike the library's own reader it notices when the last one is cut short."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._is_inside = False
        self._ready = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # the only buffer it is given
        while not self._ready:
            data = self._frame.unused_data or self._packed.read(_ZSTD_READ)
            if not data:
                if self._is_inside:
                    raise EOFError("it ends in the middle of a frame")
                return 0
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            self._ready = self._frame.decompress(data)
            self._is_inside = not self._frame.eof
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size


def _pod(path: Path) -> str:
    """From the run folder's and the kubelet's paths, or a file named after its pod."""
    container = _CONTAINER.fullmatch(path.stem)
    if container:
        return container["pod"]
    folders = [_POD_FOLDER.fullmatch(part) for part in path.parts]
    named = next((match["pod"] for match in folders if match), None)
    if named:
        return named
    for name in (path.name.partition(".")[0], path.parent.name):
        if workload(name) != name:
            return name
    return ""
