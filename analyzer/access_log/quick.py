"""The quick way through a block of text lines: takes the plain ones, leaves every doubt to ``exact``.

A line is plain when its quotes are exactly the format's own. Its parts that recur (status, cluster, hosts,
route) are judged by ``exact`` on first sight and remembered; its other parts are checked one by one.
Whatever is taken here, ``exact`` would take with the same key, time and numbers: tests and
``bench/differential.py`` hold both against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from .fingerprint import NO_ID, fingerprint
from .keys import INBOUND
from .rows import RowWriter
from .start_time import whole_second

Learn = Callable[[bytes], int]
"""The group of a line of new shape, -1 for a line that is none."""
Doubt = Callable[[int, int, bytes], None]
"""Is given a line that ``exact`` must judge: its number in the block, where it begins, and its bytes."""

_REMEMBERED = 1 << 16
_NO_PORT = frozenset({b"-", b"envoy://internal_client_address/"})
_MILLISECONDS = frozenset(b".%03dZ] " % ms for ms in range(1000))
_PROTOCOLS = (b" HTTP/1.1", b" HTTP/2", b" -", b" HTTP/1.0", b" HTTP/3")
_SECOND = re.compile(rb"\[([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})")
_NUMBER = re.compile(rb"[0-9]{1,15}")
_SPACE = b" "
_INBOUND = tuple(prefix.encode() for prefix in INBOUND)


@cache
def _ports() -> frozenset[bytes]:
    return frozenset(str(port).encode() for port in range(65536))


class DoubtError(Exception):
    """The line is not plain."""


class _Numbers(dict[bytes, int]):
    def __missing__(self, text: bytes) -> int:
        if text != b"-" and not _NUMBER.fullmatch(text):
            raise DoubtError
        number = -1 if text == b"-" else int(text)
        return self.setdefault(text, number) if len(self) < _REMEMBERED else number


class Seconds(dict[bytes, int]):
    def __missing__(self, head: bytes) -> int:
        match = _SECOND.fullmatch(head)
        second = whole_second(match[1]) if match else None
        if second is None:
            raise DoubtError
        if len(self) > _REMEMBERED:
            self.clear()
        self[head] = second
        return second


class Quick:
    """Reads blocks of one source; ``learn`` gives the group of a shape not seen before."""

    def __init__(self, learn: Learn, *, join: bool) -> None:
        self._learn = learn
        self._join = join
        self._groups: dict[tuple[object, ...], int] = {}
        self._numbers = _Numbers()
        self._ports = _ports()
        self._seconds = Seconds()

    def scan(self, block: bytes, rows: RowWriter, doubt: Doubt) -> None:
        """Append the plain lines of a block to ``rows``; the others are handed over, all in their order."""
        at = 0
        lines = block.split(b"\n")
        if not lines[-1]:
            lines.pop()
        for number, line in enumerate(lines):
            try:
                self._take(line, rows)
            except (DoubtError, ValueError):
                doubt(number, at, line)
            at += len(line) + 1

    def _take(self, line: bytes, rows: RowWriter) -> None:
        # ValueError: the line has another number of quotes, sizes or words than a plain one.
        head, request, status, _, sizes, fwd, s1, agent, s2, rid, s3, authority, s4, host, tail = line.split(
            b'"'
        )
        before, received, sent, duration, service_time, after = sizes.split(_SPACE)
        lead, cluster, local, listener, remote, server_name, route = tail.split(_SPACE, 6)
        if (
            s1 != _SPACE
            or not s1 == s2 == s3 == s4
            or before
            or after
            or lead
            or fwd == _SPACE
            or agent == _SPACE
            or rid == _SPACE
            or _SPACE in authority
            or head[20:] not in _MILLISECONDS
            or request.count(_SPACE) != 2
            or not request.endswith(_PROTOCOLS)
            or request[0] == 32
            or b"  " in request
            or line.find(b'Z] "', 28) >= 0
        ):
            raise DoubtError
        numbers, ports = self._numbers, self._ports
        second, size_in, size_out = self._seconds[head[:20]], numbers[received], numbers[sent]
        elapsed = numbers[duration]
        numbers[service_time]
        own, colon, port = local.rpartition(b":")
        if not colon or port not in ports:
            if local not in _NO_PORT:
                raise DoubtError
            own = local + b" "  # a port-less "-" is not the host of "-:80"
        listening, colon, port = listener.rpartition(b":")
        if not colon or port not in ports:
            raise DoubtError
        peer, colon, port = remote.rpartition(b":")
        if not colon or port not in ports:
            raise DoubtError
        shape: tuple[object, ...]
        if cluster.startswith(_INBOUND):
            shape = (
                status,
                request == b"- - -",
                host,
                cluster,
                listening,
                peer,
                port == b"0",
                server_name,
                route,
            )
        else:
            shape = (status, request == b"- - -", host, cluster, own, server_name, route)
        group = self._groups.get(shape)
        if group is None:
            group = self._first(shape, line)
        rows.group.append(group)
        rows.second.append(second)
        rows.duration.append(elapsed)
        rows.received.append(size_in)
        rows.sent.append(size_out)
        if self._join:
            rows.request.append(NO_ID if rid == b"-" else fingerprint(rid))

    def _first(self, shape: tuple[object, ...], line: bytes) -> int:
        group = self._learn(line)
        if group < 0:
            raise DoubtError
        if len(self._groups) > _REMEMBERED:
            self._groups.clear()
        self._groups[shape] = group
        return group
