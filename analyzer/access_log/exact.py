"""The one definition of what a line says: slow, plain, linear; faster paths must agree with it or ask it."""

from __future__ import annotations

import re

from . import json_line, text, ztunnel
from .readings import Malformed, Other, Reading, Reason

_CLAIM = re.compile(rb"\[[0-9]{4}-[0-9]{2}-[0-9]{2}T")
_HEAD_EXAMPLE = b"[2022-02-16T"


def exact(line: bytes) -> Reading:
    """Read one line, without its newline. Never raises, whatever the bytes."""
    line = line.removesuffix(b"\r")
    if text.begins(line):
        return text.entry(line)
    if line.startswith(b"{"):
        return json_line.reading(line)
    if ztunnel.is_one(line):
        return ztunnel.connection(line)
    if _CLAIM.match(line + _HEAD_EXAMPLE[len(line) :]) and line:
        return Malformed(Reason.SHAPE if text.ends_as_one(line) else Reason.CUT)
    if text.ends_as_one(line):
        return Malformed(Reason.HEADLESS)
    return Other()
