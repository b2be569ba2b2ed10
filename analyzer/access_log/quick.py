"""The quick way through a block in Python, for where ``_scan.c`` was not built."""

from __future__ import annotations

from .quick_json import QuickJson
from .quick_text import QuickText
from .scan import Shape


class Quick:
    """A ``Scan``. Blocks are of text or of JSON as their first line is; other lines in them are doubts."""

    def __init__(self) -> None:
        self._text = QuickText()
        self._json = QuickJson()

    def __call__(self, block: bytes | memoryview, join: bool) -> tuple[bytes, bytes, list[Shape]]:
        scan = self._json if block[:1] == b"{" else self._text
        return scan(block, join)
