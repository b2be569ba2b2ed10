"""The lines of one pod or file: the plain ones read quickly, the others by ``exact``, all accounted for.

There are three ways through a block: in C, in Python, and line by line by the judge alone. They give the
same, to the order of rows and groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from ..records import LogEntry
from .exact import exact
from .fingerprint import NO_ID, fingerprint
from .keys import Key, key, key_of_connection
from .native import SCAN
from .quick import Quick
from .readings import Connection, Malformed, Other, Reading, Reason
from .rows import Groups, Rows, RowWriter
from .scan import AT, SHAPE, Scan, Table, table
from .tally import MOST_GROUPS

Data = bytes | memoryview
Judge = Callable[[bytes], Reading]
Keep = Callable[[LogEntry | Connection, int], None]
"""Is given an access line and the number of its group."""

_REMEMBERED = 1 << 16


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
    every line. ``native`` is the way in C, None where all is to be read by Python.
    """

    def __init__(
        self,
        name: str,
        groups: Groups,
        *,
        join: bool,
        judge: Judge = exact,
        keep: Keep | None = None,
        native: Scan | None = SCAN,
    ) -> None:
        self._name = name
        self._groups = groups
        self._join = join
        self._judge = judge
        self._keep = keep
        self._scan = (native or Quick()) if judge is exact and keep is None else None
        self._shapes: dict[bytes, int] = {}

    def scan(self, block: Data) -> Scanned:
        """Read a block of whole lines."""
        return self.finish(block, self.begin(block))

    def begin(self, block: Data) -> Table | None:
        """What can be done of a block ahead of its turn; in any thread, where that is done in C."""
        return table(self._scan, block, join=self._join) if self._scan else None

    def finish(self, block: Data, begun: Table | None) -> Scanned:
        """The rest; blocks must be finished in their order."""
        if begun:
            return self._placed(block, begun)
        judged = _Judged(self)
        for number, at, line in lines(bytes(block)):
            judged.add(number, at, line)
        return Scanned(judged.rows.rows(), judged.others, judged.refused)

    def read(self, line: bytes, rows: RowWriter) -> Reading:
        """Have the line judged; an access line becomes a row."""
        reading = self._judge(line)
        if isinstance(reading, LogEntry | Connection):
            self._append(reading, rows)
        return reading

    def _placed(self, block: Data, begun: Table) -> Scanned:
        """Give the table's shapes their groups and its doubts their readings, in the order of the lines."""
        fresh = [index for index, shape in enumerate(begun.shapes) if shape[0] not in self._shapes]
        judged = _Judged(self)
        if fresh or len(begun.doubts):
            doubts, keys = self._first_lines(block, begun, fresh)
            steps = [(at, size, number, -1) for number, at, size in doubts]
            steps += [(begun.shapes[index][1], 0, 0, index) for index in keys]
            for at, size, number, index in sorted(steps):
                if index >= 0:
                    self._shapes[begun.shapes[index][0]] = self._number(keys[index])
                else:
                    judged.add(number, at, bytes(block[at : at + size]))
        groups = np.array([self._shapes.get(text, -1) for text, _, _ in begun.shapes], dtype=np.int64)
        if len(self._shapes) > _REMEMBERED:
            self._shapes.clear()
        rows = begun.rows(groups, judged.rows.rows(), judged.begins, join=self._join)
        return Scanned(rows, judged.others, judged.refused)

    def _first_lines(
        self, block: Data, begun: Table, fresh: list[int]
    ) -> tuple[list[list[int]], dict[int, Key]]:
        """The keys of new shapes; lines of those that the judge refuses join the doubts."""
        keys, refused = {}, []
        for index in fresh:
            _, at, size = begun.shapes[index]
            reading = self._judge(bytes(block[at : at + size]))
            if isinstance(reading, LogEntry):
                keys[index] = key(reading, self._name)
            else:
                refused.append(index)
        doubts = begun.doubts
        if refused:
            (which,) = np.nonzero(np.isin(begun.columns[SHAPE], refused))
            begins = begun.columns[AT][which]
            numbers = which + np.searchsorted(doubts[:, 1], begins)
            text = bytes(block)
            ends = [text.find(b"\n", begin) % (len(text) + 1) for begin in begins.tolist()]
            doubts = np.concatenate([doubts, np.stack([numbers, begins, np.array(ends) - begins], axis=1)])
        return doubts.tolist(), keys

    def _number(self, found: Key) -> int:
        """Near the most groups a tally can hold, hosts are no longer told apart, then nothing is."""
        if len(self._groups) > MOST_GROUPS // 2:
            found = found._replace(remote="", own="", host="", server_name="", route="")
        if len(self._groups) >= MOST_GROUPS - 1:
            found = Key("", tcp=False, code=0, flags="", **dict.fromkeys(Key._fields[4:10], ""))
        return self._groups.number(found)

    def _append(self, reading: LogEntry | Connection, rows: RowWriter) -> None:
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
            rows.request.append(
                NO_ID if request_id is None else fingerprint(request_id.encode("utf-8", "surrogateescape"))
            )


class _Judged:
    """What the judge says of lines that the quick way leaves over; ``begins`` is where access lines do."""

    def __init__(self, source: Source) -> None:
        self.rows = RowWriter()
        self.begins: list[int] = []
        self.others = 0
        self.refused: list[Refused] = []
        self._source = source

    def add(self, number: int, at: int, line: bytes) -> None:
        reading = self._source.read(line, self.rows)
        if isinstance(reading, Malformed):
            self.refused.append(Refused(number, at, reading.reason))
        elif isinstance(reading, Other):
            self.others += 1
        else:
            self.begins.append(at)


def lines(block: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Every line of a block of whole lines: its number, where it begins, and its bytes."""
    at = 0
    for number, line in enumerate(block.removesuffix(b"\n").split(b"\n")):
        yield number, at, line
        at += len(line) + 1


def _or(value: int | None, unset: int) -> int:
    return unset if value is None else value
