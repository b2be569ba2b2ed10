"""The lines of one pod or file: the plain ones read quickly, the others by ``exact``, all accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from ..records import LogEntry
from .exact import exact
from .keys import Key, key, key_of_connection
from .quick import Doubt, Quick
from .quick_json import QuickJson
from .readings import Connection, Malformed, Other, Reading, Reason
from .rows import Groups, Rows
from .tally import MOST_GROUPS

Judge = Callable[[bytes], Reading]
Keep = Callable[[LogEntry | Connection, int], None]
"""Is given an access line and the number of its group."""


class Refused(NamedTuple):
    """A malformed line: its number in its block, where it begins there, and why."""

    number: int
    at: int
    reason: Reason


class Scanned(NamedTuple):
    """``rows`` are the block's access lines; they, ``others`` and ``refused`` are all of its lines."""

    rows: Rows
    others: int
    refused: list[Refused]


class Source:
    """Numbers groups in ``groups``, which all sources share; ``judge`` is what a line says.

    The quick ways know Istio's own formats only and keep nothing: another ``judge``, or a ``keep``, is shown
    every line.
    """

    def __init__(
        self, name: str, groups: Groups, *, join: bool, judge: Judge = exact, keep: Keep | None = None
    ) -> None:
        self._name = name
        self._groups = groups
        self._join = join
        self._judge = judge
        self._keep = keep
        self._is_plain = judge is exact and keep is None
        request_hash = hash if join else None
        self._text = Quick(self._learn, request_hash)
        self._json = QuickJson(self._learn, request_hash)

    def scan(self, block: bytes) -> Scanned:
        """Read a block of whole lines."""
        rows = Rows()
        doubts: Iterable[Doubt]
        if not self._is_plain:
            doubts = lines(block)
        elif block.startswith(b"{"):
            doubts = self._json.scan(block, rows)
        else:
            doubts = self._text.scan(block, rows)
        others = 0
        refused = []
        for number, at, line in doubts:
            reading = self._judge(line)
            if isinstance(reading, Malformed):
                refused.append(Refused(number, at, reason=reading.reason))
            elif isinstance(reading, Other):
                others += 1
            else:
                self._append(reading, rows)
        return Scanned(rows, others, refused)

    def _learn(self, line: bytes) -> int:
        reading = self._judge(line)
        return self._number(key(reading, self._name)) if isinstance(reading, LogEntry) else -1

    def _number(self, found: Key) -> int:
        """Past the most groups a tally can hold, callers and hosts are no longer told apart."""
        if len(self._groups) > MOST_GROUPS // 2:
            found = found._replace(remote="", own="", host="", server_name="", route="")
        return self._groups.number(found)

    def _append(self, reading: LogEntry | Connection, rows: Rows) -> None:
        if isinstance(reading, LogEntry):
            named, request_id = key(reading, self._name), reading.request_id
        else:
            named, request_id = key_of_connection(reading, self._name), None
        group = self._number(named)
        if self._keep:
            self._keep(reading, group)
        rows.group.append(group)
        rows.second.append(int(reading.start // 1))
        rows.duration.append(_or(reading.duration, -1))
        rows.received.append(_or(reading.bytes_received, -1))
        rows.sent.append(_or(reading.bytes_sent, -1))
        if self._join:
            rows.request.append(_hash(request_id))


def lines(block: bytes) -> Iterator[Doubt]:
    """Every line of a block of whole lines: its number, where it begins, and its bytes."""
    at = 0
    for number, line in enumerate(block.removesuffix(b"\n").split(b"\n")):
        yield number, at, line
        at += len(line) + 1


def _hash(request_id: str | None) -> int:
    return 0 if request_id is None else hash(request_id.encode("utf-8", "surrogateescape"))


def _or(value: int | None, unset: int) -> int:
    return unset if value is None else value
