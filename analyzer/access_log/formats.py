"""In which format the first lines of a log are written: for people, since every line is read by its shape."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from ..records import LogEntry
from .readings import Connection
from .source import Judge
from .wrapping import Unwrapper


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"
    ZTUNNEL = "ztunnel"


HEAD = 1 << 16
"""Bytes of a file that are looked at."""
_LINES = 1000


def formats(head: bytes, judge: Judge) -> set[Format]:
    """Of the whole lines in the first bytes of a file, as far as they are access lines."""
    return {form for line in _lines(head) if (form := _format(line, judge))}


def first_line(head: bytes) -> str:
    """The first line that is not empty, shortened, with nothing in it that could not be printed."""
    line = next((line for line in _lines(head, whole=False) if line.strip()), b"")
    text = line[:72].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "\ufffd" for c in text) + ("…" if len(line) > 72 else "")


def _lines(head: bytes, *, whole: bool = True) -> Iterator[bytes]:
    block = head[: head.rfind(b"\n") + 1] or head if whole else head
    for number, line in enumerate(Unwrapper().unwrap(block, 0)):
        if number == _LINES:
            return
        yield line.line


def _format(line: bytes, judge: Judge) -> Format | None:
    reading = judge(line)
    if isinstance(reading, Connection):
        return Format.ZTUNNEL
    if isinstance(reading, LogEntry):
        return Format.JSON if line.startswith(b"{") else Format.TEXT
    return None
