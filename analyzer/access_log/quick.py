"""The quick way through a block of text lines: takes the plain ones, leaves every doubt to ``exact``.

A line is plain when its quotes are exactly the format's own. Its parts that recur (status, cluster, hosts,
route) are judged by ``exact`` on first sight and remembered; its other parts are checked one by one.
Whatever is taken here, ``exact`` would take with the same key, time and numbers: tests and
``bench/differential.py`` hold both against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from .fingerprint import NO_ID, fingerprint
from .keys import INBOUND
from .rows import RowWriter
from .start_time import whole_second
from .text import HEAD

Learn = Callable[[bytes], int]
"""The group of a line of new shape, -1 for a line that is none."""
Doubt = Callable[[int, int, bytes], None]
"""Is given a line that ``exact`` must judge: its number in the block, where it begins, and its bytes."""

_REMEMBERED = 1 << 16
_LONGEST = 256
"""Longer requests are not worth their memory."""
_LONGEST_PORT = 5
_NO_PORT = frozenset({b"-", b"envoy://internal_client_address/"})
_HEAD = re.compile(rb"\[([0-9-]{10}T[0-9:]{8})\.[0-9]{3}Z\] ")
_REQUEST = re.compile(rb"[^ ]+ [^ ]+ (?:HTTP/(?:0\.9|1\.0|1\.1|2|3)|-)")
_SIZES = re.compile(rb" ([0-9]{1,15}|-) ([0-9]{1,15}|-) ([0-9]{1,15}|-) (?:[0-9]{1,15}|-) ")
_STAMP_END = b'Z] "'
_STAMP_END_INSIDE = b'Z] " '
"""What ends a time stamp, at the end of a field: behind the line's own stamp stands the method, no blank."""
_SPACE = b" "
_BETWEEN = (_SPACE, _SPACE, _SPACE, _SPACE, b"")
"""What stands between a quote and the next field, and before the cluster."""
_INBOUND = tuple(prefix.encode() for prefix in INBOUND)


class DoubtError(ValueError):
    """The line is not plain."""


class Seconds(dict[bytes, int]):
    """Unix time by the text before the request."""

    def __missing__(self, head: bytes) -> int:
        match = _HEAD.fullmatch(head)
        second = whole_second(match[1]) if match else None
        if second is None:
            raise DoubtError
        if len(self) > _REMEMBERED:
            self.clear()
        self[head] = second
        return second


class _Requests(dict[bytes, bytes]):
    """``t`` for a connection that carried no request, ``h`` for method, path and protocol."""

    def __missing__(self, request: bytes) -> bytes:
        if not _REQUEST.fullmatch(request):
            raise DoubtError
        kind = b"t" if request == b"- - -" else b"h"
        if len(self) > _REMEMBERED:
            self.clear()
        return self.setdefault(request, kind) if len(request) < _LONGEST else kind


class _Sizes(dict[bytes, tuple[int, int, int]]):
    """Bytes received, bytes sent and duration by the text with these and the service time."""

    def __missing__(self, sizes: bytes) -> tuple[int, int, int]:
        match = _SIZES.fullmatch(sizes)
        if match is None:
            raise DoubtError
        if len(self) > _REMEMBERED:
            self.clear()
        received, sent, duration = (-1 if text == b"-" else int(text) for text in match.groups())
        return self.setdefault(sizes, (received, sent, duration))


class Quick:
    """Reads blocks of one source; ``learn`` gives the group of a shape not seen before."""

    def __init__(self, learn: Learn, *, join: bool) -> None:
        self._learn = learn
        self._join = join
        self._groups: dict[bytes, int] = {}
        self._seconds = Seconds()
        self._requests = _Requests()
        self._sizes = _Sizes()

    def scan(self, block: bytes, rows: RowWriter, doubt: Doubt) -> None:
        """Append the plain lines of a block to ``rows``; the others are handed over, all in their order."""
        at = told = 0
        stamp_inside = _STAMP_END_INSIDE in block
        take = self._take
        lines = block.removesuffix(b"\n").split(b"\n")
        for number, line in enumerate(lines):
            try:
                if stamp_inside and line.find(_STAMP_END, HEAD) >= 0:
                    raise DoubtError
                take(line, rows)
            except ValueError:
                at += sum(map(len, lines[told:number])) + number - told
                told = number
                doubt(number, at, line)

    def _take(self, line: bytes, rows: RowWriter) -> None:
        # ValueError: the line has another number of quotes or words than a plain one.
        head, request, status, _, sizes, fwd, s1, agent, s2, rid, s3, authority, s4, host, tail = line.split(
            b'"'
        )
        lead, cluster, local, listener, remote, server_name, route = tail.split(_SPACE, 6)
        if (
            (s1, s2, s3, s4, lead) != _BETWEEN
            or fwd == _SPACE
            or agent == _SPACE
            or rid == _SPACE
            or _SPACE in authority
        ):
            raise DoubtError
        second = self._seconds[head]
        kind = self._requests[request]
        received, sent, duration = self._sizes[sizes]
        own, colon, port = local.rpartition(b":")
        if not colon or not port.isdigit() or len(port) > _LONGEST_PORT:
            if local not in _NO_PORT:
                raise DoubtError
            own = local + _SPACE  # a port-less "-" is not the host of "-:80"
        listening, colon, port = listener.rpartition(b":")
        if not colon or not port.isdigit() or len(port) > _LONGEST_PORT:
            raise DoubtError
        peer, colon, port = remote.rpartition(b":")
        if not colon or not port.isdigit() or len(port) > _LONGEST_PORT:
            raise DoubtError
        if cluster.startswith(_INBOUND):
            own = b'%s"%s"%s' % (listening, peer, b"0" if port == b"0" else b"")
        shape = b'"'.join((status, kind, host, cluster, own, server_name, route))
        group = self._groups.get(shape)
        if group is None:
            group = self._first(shape, line)
        rows.group.append(group)
        rows.second.append(second)
        rows.duration.append(duration)
        rows.received.append(received)
        rows.sent.append(sent)
        if self._join:
            rows.request.append(NO_ID if rid == b"-" else fingerprint(rid))

    def _first(self, shape: bytes, line: bytes) -> int:
        group = self._learn(line)
        if group < 0:
            raise DoubtError
        if len(self._groups) > _REMEMBERED:
            self._groups.clear()
        self._groups[shape] = group
        return group
