"""Where a new reading of a log continues an old one: found by the lines themselves, never by a clock of ours.

A container's log can be read again only from a second on, as the node's clock stamped its lines when they
were written. A line carries a time of its own, the start of its request, which is never later; reading again
from the last line's own time therefore brings that line once more, unless the file was rotated away.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_TIME = re.compile(
    rb'^\[(?P<text>\d{4}-[^\]]+)\]|^(?P<agent>\d{4}-\d\d-\d\dT\S+Z)\t|"start_time":\s*"(?P<json>[^"]+)"'
)
"""START_TIME of a text line, the time of a line of Istio's agent, and that of a JSON line."""
_MOST = 1000
"""Lines that are remembered where none of them carries a time, as in a log of somebody's own format."""


def time_of(line: bytes) -> str | None:
    """A line's own time, RFC 3339 in UTC; None where it carries none."""
    found = _TIME.search(line)
    if found is None:
        return None
    return next(group for group in found.groups() if group is not None).decode(errors="replace")


class Seam:
    """The last lines of a log that were kept, from the last one that carries a time on."""

    def __init__(self) -> None:
        self._tail: list[bytes] = []
        self.time: str | None = None
        """The own time of the last line that carries one; None before any was kept."""

    @property
    def is_empty(self) -> bool:
        return not self._tail

    @property
    def since(self) -> str | None:
        """The second from which to read again, as the API takes it; None for all there is."""
        return f"{self.time[:19]}Z" if self.time else None

    def keep(self, lines: Iterable[bytes]) -> None:
        """Remember where the log ends now."""
        for line in lines:
            time = time_of(line)
            if time is None:
                self._tail.append(line)
            else:
                self._tail, self.time = [line], time
        del self._tail[:-_MOST]

    def restart(self) -> None:
        """The log begins anew: nothing of it was read."""
        self._tail, self.time = [], None

    def new(self, lines: list[bytes]) -> list[bytes] | None:
        """What follows the kept end in a new reading; None where the end is not in it."""
        if not self._tail:
            return lines
        size = len(self._tail)
        for index in range(len(lines) - size + 1):
            if lines[index] == self._tail[0] and lines[index : index + size] == self._tail:
                return lines[index + size :]
        return None
