"""The quick way through a block of text lines, in Python: every doubt is left to ``exact``.

A line is plain when its quotes are exactly the format's own. The plain lines of a chunk are taken apart
together, field by field, since a step that is made once for some hundred lines costs each of them little. The
parts of a line that decide its group and recur (status, cluster, hosts, route) are its shape, whose first
line ``exact`` judges; its other parts are checked here. Whatever is taken here, ``exact`` would take with the
same key, time and numbers: tests and ``bench/differential.py`` hold both against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from operator import sub
from typing import NamedTuple, TypeVar

from .chunks import NOTHING, NUMBER, NUMBERS, Plain, Writer, chunks
from .fingerprint import NO_ID, fingerprint
from .keys import INBOUND
from .scan import Shape
from .start_time import whole_second

T = TypeVar("T")

_QUOTES = 14
_REMEMBERED = 1 << 16
_LONGEST = 256
"""Longer requests are not worth their memory."""
_LONGEST_PORT = 5
_NO_PORT = frozenset({b"-", b"envoy://internal_client_address/"})
_DIGITS = b"0123456789"
_HEAD = re.compile(rb"\[([0-9-]{10}T[0-9:]{8})\.[0-9]{3}Z\] ")
_REQUEST = re.compile(rb"[^ ]+ [^ ]+ (?:HTTP/(?:0\.9|1\.0|1\.1|2|3)|-)")
_SIZES = re.compile(rb" ([0-9]{1,15}|-) ([0-9]{1,15}|-) ([0-9]{1,15}|-) (?:[0-9]{1,15}|-) ")
_STAMP_END = b"Z] "
_SPACE = b" "
_WORDS = 7
"""Of the tail, with the nothing before its first blank."""
_SHORT = [b"-"] * _WORDS
_INBOUND = tuple(prefix.encode() for prefix in INBOUND)


class Seconds(dict[bytes, bytes]):
    """Unix time by the text before the request, nothing if that is no time stamp."""

    def __missing__(self, head: bytes) -> bytes:
        match = _HEAD.fullmatch(head)
        second = whole_second(match[1]) if match else None
        if second is None:
            return b""
        if len(self) > _REMEMBERED:
            self.clear()
        return self.setdefault(head, NUMBER(second))


class _Kinds(dict[bytes, bytes]):
    """By method, path and protocol: ``t`` for a connection that carried no request, ``h`` for HTTP."""

    def __missing__(self, request: bytes) -> bytes:
        if not _REQUEST.fullmatch(request):
            return b""
        kind = b"t" if request == b"- - -" else b"h"
        if len(self) > _REMEMBERED:
            self.clear()
        return self.setdefault(request, kind) if len(request) < _LONGEST else kind


class _Sizes(dict[bytes, bytes]):
    """Duration, bytes received and bytes sent by the text with these and the service time, else nothing."""

    def __missing__(self, sizes: bytes) -> bytes:
        match = _SIZES.fullmatch(sizes)
        if match is None:
            return b""
        if len(self) > _REMEMBERED:
            self.clear()
        received, sent, duration = (-1 if text == b"-" else int(text) for text in match.groups())
        return self.setdefault(sizes, NUMBERS(duration, received, sent))


class _Listeners(dict[bytes, bytes]):
    """The host of an address whose port recurs, with a colon; nothing if it is none."""

    def __missing__(self, address: bytes) -> bytes:
        host = address.rstrip(_DIGITS)
        if not _is_before_port(host, address):
            return b""
        if len(self) > _REMEMBERED:
            self.clear()
        return self.setdefault(address, host)


def _is_before_port(host: bytes, address: bytes) -> bool:
    """Whether behind it, which ends with a colon, the address has nothing but a port."""
    return host.endswith(b":") and 1 <= len(address) - len(host) <= _LONGEST_PORT


class _Inbound(dict[bytes, bool]):
    """Whether a cluster leads into the pod that writes the line."""

    def __missing__(self, cluster: bytes) -> bool:
        if len(self) > _REMEMBERED:
            self.clear()
        return self.setdefault(cluster, cluster.startswith(_INBOUND))


class _Fields(NamedTuple):
    """Equally long columns of lines with the format's own quotes: what stands between these."""

    head: Sequence[bytes]
    request: Sequence[bytes]
    status: Sequence[bytes]
    failure: Sequence[bytes]
    sizes: Sequence[bytes]
    forwarded: Sequence[bytes]
    between_1: Sequence[bytes]
    agent: Sequence[bytes]
    between_2: Sequence[bytes]
    request_id: Sequence[bytes]
    between_3: Sequence[bytes]
    authority: Sequence[bytes]
    between_4: Sequence[bytes]
    host: Sequence[bytes]
    tail: Sequence[bytes]


class _Tail(NamedTuple):
    """Likewise of their tails, which begin with a blank: what stands between the blanks."""

    lead: Sequence[bytes]
    cluster: Sequence[bytes]
    local: Sequence[bytes]
    listener: Sequence[bytes]
    remote: Sequence[bytes]
    server_name: Sequence[bytes]
    route: Sequence[bytes]


class QuickText:
    """A ``Scan`` of text lines; remembers from block to block what their parts say."""

    def __init__(self) -> None:
        self._seconds = Seconds()
        self._kinds = _Kinds()
        self._sizes = _Sizes()
        self._listeners = _Listeners()
        self._inbound = _Inbound()

    def __call__(self, block: bytes | memoryview, join: bool) -> tuple[bytes, bytes, list[Shape]]:
        writer = Writer()
        for lines in chunks(block):
            parts = [line.split(b'"', _QUOTES + 1) for line in lines]
            writer.add(lines, *self._taken(parts, join=join))
        return writer.result()

    def _taken(self, parts: list[list[bytes]], *, join: bool) -> tuple[list[int], Plain]:
        """Which lines are doubts, and what the others say."""
        doubts: list[int] = []
        if set(map(len, parts)) != {_QUOTES + 1}:
            doubts = [number for number, pieces in enumerate(parts) if len(pieces) != _QUOTES + 1]
        while len(doubts) < len(parts):
            kept = sorted({*range(len(parts))}.difference(doubts)) if doubts else range(len(parts))
            fields = _Fields(*zip(*[parts[number] for number in kept], strict=True))
            odd, plain = self._plain(fields, join=join)
            if not odd:
                return doubts, plain
            doubts += [kept[place] for place in odd]
        return doubts, NOTHING

    def _plain(self, fields: _Fields, *, join: bool) -> tuple[set[int], Plain]:
        """The places of doubts; where there are none, what the lines say."""
        tail = _tail(fields.tail)
        listeners = list(map(self._listeners.__getitem__, tail.listener))
        (local, remote), odd = _hosts(tail)
        seconds = list(map(self._seconds.__getitem__, fields.head))
        kinds = list(map(self._kinds.__getitem__, fields.request))
        sizes = list(map(self._sizes.__getitem__, fields.sizes))
        for column in (seconds, kinds, sizes, listeners):
            odd.update(_places(column, b""))
        odd.update(_others(tail.lead, b""), *_odd_blanks(fields), _odd_ends(fields))
        inbound = map(self._inbound.__getitem__, tail.cluster)
        ways = zip(inbound, local, listeners, remote, strict=True)
        own = [listener + b'"' + peer if into else here for into, here, listener, peer in ways]
        shape = fields.status, kinds, fields.host, tail.cluster, own, tail.server_name, tail.route
        shapes = map(b'"'.join, zip(*shape, strict=True))
        return odd, Plain(shapes, seconds, sizes, _requests(fields.request_id) if join else ())


def _tail(tails: Sequence[bytes]) -> _Tail:
    """Only names of routes have blanks; a tail of less words gets a lead that is not empty."""
    words = b' " '.join(tails).split(_SPACE)  # no tail has a quote: these must stand where tails end
    step = _WORDS + 1
    if len(words) == step * len(tails) - 1 and words[_WORDS::step].count(b'"') == len(tails) - 1:
        return _Tail(*(words[place::step] for place in range(_WORDS)))
    split = [tail.split(_SPACE, _WORDS - 1) for tail in tails]
    return _Tail(*zip(*[one if len(one) == _WORDS else _SHORT for one in split], strict=True))


def _hosts(tail: _Tail) -> tuple[tuple[list[bytes], list[bytes]], set[int]]:
    """Of local and remote address what stands before the port; and the places of other addresses.

    A port of 0 stays: it is none.
    """
    count = len(tail.local)
    addresses = [*tail.local, *tail.remote]
    hosts = [address.rstrip(_DIGITS) for address in addresses]
    digits = list(map(sub, map(len, addresses), map(len, hosts)))
    odd: set[int] = set()
    if min(digits) < 1 or max(digits) > _LONGEST_PORT or not all(host.endswith(b":") for host in set(hosts)):
        odd.update(
            place % count
            for place, (host, address) in enumerate(zip(hosts, addresses, strict=True))
            if not _is_before_port(host, address) and not (place < count and address in _NO_PORT)
        )
    if min(digits) <= 1:
        both = zip(addresses, hosts, strict=True)
        hosts = [address if address.endswith(b":0") else host for address, host in both]
    return (hosts[:count], hosts[count:]), odd


def _odd_blanks(fields: _Fields) -> Iterator[Iterable[int]]:
    """Where a field is a blank that could stand between two, and where none stands between two."""
    for column in (fields.between_1, fields.between_2, fields.between_3, fields.between_4):
        yield _others(column, _SPACE)
    for column in (fields.forwarded, fields.agent, fields.request_id):
        yield _places(column, _SPACE)
    if _SPACE in b"".join(fields.authority):
        yield (place for place, authority in enumerate(fields.authority) if _SPACE in authority)


def _odd_ends(fields: _Fields) -> Iterator[int]:
    """Where a field ends as a time stamp does: a line could begin there."""
    free = fields.failure, fields.forwarded, fields.agent, fields.request_id
    for column in free:
        if _STAMP_END + b'"' in b'"'.join(column) or column[-1].endswith(_STAMP_END):
            yield from (place for place, text in enumerate(column) if text.endswith(_STAMP_END))


def _places(column: Sequence[T], value: T) -> Iterable[int]:
    return (place for place, one in enumerate(column) if one == value) if value in column else ()


def _others(column: Sequence[T], value: T) -> Iterable[int]:
    if column.count(value) == len(column):
        return ()
    return (place for place, one in enumerate(column) if one != value)


def _requests(identities: Sequence[bytes]) -> list[int]:
    return [NO_ID if one == b"-" else fingerprint(one) for one in identities]
