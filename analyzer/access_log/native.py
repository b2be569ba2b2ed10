"""The quick way in C, where it was built."""

from __future__ import annotations

import os

from .scan import Scan

PURE = "WEIGHBRIDGE_PURE"
"""Set to anything, this variable keeps the C extension out: everything is then read by Python."""

EDITION = 4
"""Of the extension that belongs to this source: one that was built from another is not used."""


def _load() -> Scan | None:
    if os.environ.get(PURE):
        return None
    try:
        from ._scan import EDITION as BUILT
        from ._scan import scan
    except ImportError:
        return None
    return scan if BUILT == EDITION else None


SCAN = _load()
"""None without the extension that belongs to this source."""
