"""Unix seconds from Envoy's ``%START_TIME%``: UTC with milliseconds, ``2022-02-16T17:56:20.030Z``."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache

LENGTH = 24
PATTERN = rb"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z"
_STAMP = re.compile(PATTERN)


def unix_seconds(stamp: bytes) -> float | None:
    """None for text of another shape and for a moment that no calendar has."""
    if not _STAMP.fullmatch(stamp):
        return None
    second = whole_second(stamp[:19])
    return None if second is None else second + int(stamp[20:23]) / 1000


@lru_cache(maxsize=4096)
def whole_second(stamp: bytes) -> int | None:
    """Of ``2022-02-16T17:56:20``; lines of one second share the answer."""
    try:
        return int(datetime.fromisoformat(stamp.decode("ascii") + "+00:00").timestamp())
    except ValueError:
        return None
