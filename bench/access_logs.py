"""Access logs of any size, written from a seed, by one who knows what stands in them.

The lines are those of Bookinfo's seven proxies: pages of two to four hops that share a request id, in Istio's
text format or its JSON. A stated share is odd: what real logs hold and readers stumble over. The truth is
kept while the lines are written and never read back from them.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import BinaryIO, NamedTuple

import msgspec

from analyzer.access_log.keys import Key

from .access_log_lines import WRITTEN, Call, Encoding

MB = 1_000_000
_START = 1_767_225_600  # 2026-01-01
_PAGES_PER_SECOND = 500
SOURCE = "bench"
"""Who wrote the log, as its keys have it."""
_EDITION = 1
"""Goes up with every change of what is written, so that no older file is taken from the cache."""


@dataclass(slots=True)
class Truth:
    """What stands in a log. Times are counted by group: ``durations`` in ms, ``seconds`` in Unix time."""

    lines: int = 0
    access: int = 0
    other: int = 0
    malformed: int = 0
    requests: int = 0
    durations: Counter[tuple[Key, int]] = field(default_factory=Counter)
    seconds: Counter[tuple[Key, int]] = field(default_factory=Counter)
    received: Counter[Key] = field(default_factory=Counter)
    sent: Counter[Key] = field(default_factory=Counter)


class _Hop(NamedTuple):
    """A kind of line: which proxy writes it for whom, how often, and how long such calls take."""

    outbound: bool
    host: str
    pods: tuple[tuple[str, str], ...]
    path: bytes
    authority: bytes
    sent: int
    mean: float


_GATEWAY, _PRODUCTPAGE = "10.244.0.5", "10.244.0.18"
_REVIEWS = (("v2", "10.244.0.22"),) * 9 + (("v3", "10.244.0.23"),)
_HOPS = tuple(
    _Hop(outbound, *rest)
    for rest in (
        ("productpage", (("", _PRODUCTPAGE),), b"/productpage", b"bookinfo.example.com", 5289, 40.0),
        ("details", (("", "10.244.0.19"),), b"/details/0", b"details:9080", 178, 2.0),
        ("reviews", _REVIEWS, b"/reviews/0", b"reviews:9080", 415, 20.0),
        ("ratings", (("", "10.244.0.21"),), b"/ratings/0", b"ratings:9080", 48, 1.5),
    )
    for outbound in (True, False)
)
_AGENTS = (
    b"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    b"Chrome/143.0.0.0 Safari/537.36",
    b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    b"Version/18.6 Safari/605.1.15",
    b"curl/8.11.1",
    b"weighbridge/20260101-000000/1.4711",
)
_NOWHERE = dict.fromkeys(("cluster", "server_name", "host", "own", "remote", "route"), "")
_FAILURES = (
    (200, "", b"via_upstream"),
    (503, "UH", b"no_healthy_upstream"),
    (503, "URX,UF", b"upstream_reset_before_response_started{connection_failure}"),
    (504, "UT", b"response_timeout"),
    (0, "DC", b"downstream_remote_disconnect"),
)


class Writer:
    """Writes lines of one encoding and keeps the truth about them."""

    def __init__(self, out: BinaryIO, encoding: Encoding, seed: int) -> None:
        self.truth = Truth()
        self._out = out
        self._random = Random(seed)
        self._encode = WRITTEN[encoding]
        self._keys: dict[tuple[object, ...], Key] = {}
        self._pages = 0
        self.bytes = 0

    def fill(self, size: int, odd_share: float) -> Truth:
        """Write whole pages until ``size`` is reached."""
        odd = _odd_kinds(self)
        while self.bytes < size:
            page = self._page()
            self.truth.requests += 1
            lines = []
            for call in page:
                if self._random.random() < odd_share:
                    lines.append(self._random.choice(odd)(call))
                else:
                    lines.append(self.access(call))
            text = b"".join(lines)
            self._out.write(text)
            self.bytes += len(text)
        return self.truth

    def access(self, call: Call) -> bytes:
        truth = self.truth
        truth.lines += 1
        truth.access += 1
        truth.durations[call.key, call.duration] += 1
        truth.seconds[call.key, call.second] += 1
        truth.received[call.key] += call.received
        truth.sent[call.key] += call.sent
        return self._encode(call)

    def plain(self, call: Call) -> bytes:
        """The line's bytes, not counted: the caller does something to them."""
        return self._encode(call)

    def malformed(self, line: bytes) -> bytes:
        self.truth.lines += 1
        self.truth.malformed += 1
        return line

    def other(self, line: bytes) -> bytes:
        self.truth.lines += 1
        self.truth.other += 1
        return line

    @property
    def random(self) -> Random:
        return self._random

    def _page(self) -> list[Call]:
        random = self._random
        self._pages += 1
        second, part = divmod(self._pages, _PAGES_PER_SECOND)
        ms = part * 1000 // _PAGES_PER_SECOND
        bits = f"{random.getrandbits(128):032x}"
        request_id = f"{bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}".encode()
        agent = _AGENTS[int(random.random() * len(_AGENTS))]
        version, pod = _REVIEWS[int(random.random() * len(_REVIEWS))]
        failure = _FAILURES[0 if random.random() < 0.99 else int(random.random() * len(_FAILURES))]
        calls = []
        for hop in _HOPS[: 4 + 4 * (random.random() < 0.9)]:
            reviews = hop.host == "reviews"
            calls.append(
                self._call(
                    hop,
                    version if reviews else "",
                    pod if reviews else hop.pods[0][1],
                    failure if reviews else _FAILURES[0],
                    (_START + second, ms),
                    (request_id, agent),
                )
            )
        return calls

    def _call(
        self,
        hop: _Hop,
        version: str,
        pod: str,
        failure: tuple[int, str, bytes],
        time: tuple[int, int],
        who: tuple[bytes, bytes],
    ) -> Call:
        random = self._random
        code, flags, details = failure
        key = self._key(hop, version, pod, code, flags)
        own, port = key.own.encode(), 32768 + int(random.random() * 28000)
        if hop.outbound:
            addresses = b"%s:%d" % (own, port), b"10.96.12.7:9080", b"%s:%d" % (own, port + 1)
        else:
            addresses = b"127.0.0.6:%d" % port, b"%s:9080" % own, b"%s:%d" % (key.remote.encode(), port)
        return Call(
            key,
            *time,
            b"GET",
            hop.path,
            b"HTTP/1.1",
            details,
            b"-",
            0,
            hop.sent if code == 200 else 0,
            int(random.expovariate(1 / hop.mean)),
            b"10.0.0.7" if hop.host == "productpage" else b"-",
            who[1],
            who[0],
            hop.authority,
            addresses,
        )

    def _key(self, hop: _Hop, version: str, pod: str, code: int, flags: str) -> Key:
        index = hop, version, code, flags
        if index not in self._keys:
            host = f"{hop.host}.default.svc.cluster.local"
            caller = _GATEWAY if hop.host == "productpage" else _PRODUCTPAGE
            self._keys[index] = Key(
                source=SOURCE,
                tcp=False,
                code=code,
                flags=flags,
                cluster=f"outbound|9080|{version}|{host}" if hop.outbound else "inbound|9080||",
                server_name="" if hop.outbound else f"outbound_.9080_.{version}_.{host}",
                host=f"{pod}:9080",
                own=caller if hop.outbound else pod,
                remote="" if hop.outbound else caller,
                route="default" if not hop.outbound else "split" if hop.host == "reviews" else "",
            )
        return self._keys[index]


def _odd_kinds(writer: Writer) -> list[Callable[[Call], bytes]]:
    """Every oddity that a log may hold; those of no request take the place of the line."""
    random = writer.random

    def agent(value: bytes) -> Callable[[Call], bytes]:
        return lambda call: writer.access(call._replace(agent=value))

    def cut(call: Call) -> bytes:
        line = writer.plain(call)
        return writer.malformed(line[: 40 + int(random.random() * (len(line) - 100))] + b"\n")

    def run_together(call: Call) -> bytes:
        line = writer.plain(call)
        return writer.malformed(line[: 40 + int(random.random() * (len(line) - 60))] + line)

    def protocol_error(call: Call) -> bytes:
        nowhere = Key(source=call.key.source, tcp=False, code=400, flags="DPE", **_NOWHERE)
        addresses = b"-", *call.addresses[1:]
        return writer.access(
            call._replace(
                key=nowhere,
                method=b"-",
                path=b"-",
                details=b"http1.invalid_characters",
                addresses=addresses,
            )
        )

    return [
        agent(b'say "hello" and "" or "'),
        agent(b'a" "b" "c'),
        agent("caf\u00e9 \u2028 line \u0085 next".encode()),
        agent(b"caf\xe9 \xff\xfe Latin-1"),
        agent(b"tab\there"),
        agent(b"x" * 60_000),
        lambda call: writer.access(call._replace(path=b'/reviews/0?q="x"&z=[a]')),
        lambda call: writer.access(call._replace(path=b"/with a space")),
        lambda call: writer.access(call._replace(forwarded=b"192.168.5.5,10.244.0.18")),
        lambda call: writer.access(call._replace(request_id=b"not-a-uuid")),
        lambda call: writer.access(call._replace(failure=b"TLS error: 268436501:SSL routines")),
        cut,
        run_together,
        protocol_error,
        lambda call: writer.other(b"2026-10-09T22:23:48.025271Z\tinfo\tReadiness succeeded in 280.9ms\n"),
        lambda call: writer.other(b"[2026-01-01 09:00:00.000][1][warning][config] stream closed: 14\n"),
        lambda call: writer.other(b"\n"),
    ]


class Log(NamedTuple):
    path: Path
    truth: Truth


def cached(size: int, encoding: Encoding = Encoding.TEXT, odd_share: float = 0.002, seed: int = 1) -> Log:
    """A log of this size, from the cache where it was written before; its keys' source is ``SOURCE``."""
    folder = Path(os.environ.get("XDG_CACHE_HOME", tempfile.gettempdir())) / "weighbridge-bench"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{encoding}-{size // MB}MB-odd{odd_share}-seed{seed}-{_EDITION}.log"
    known = path.with_suffix(".truth.json")
    if not known.exists():
        part = path.with_suffix(".part")
        with part.open("wb", buffering=1 << 20) as out:
            truth = Writer(out, encoding, seed).fill(size, odd_share)
        part.rename(path)
        known.write_bytes(_stored(truth))
    return Log(path, _restored(known.read_bytes()))


def _stored(truth: Truth) -> bytes:
    """Counters as lists: a key of JSON can be no record."""
    fields = {name: getattr(truth, name) for name in Truth.__slots__}
    return msgspec.json.encode(
        {name: list(v.items()) if isinstance(v, Counter) else v for name, v in fields.items()}
    )


def _restored(text: bytes) -> Truth:
    fields = msgspec.json.decode(text)
    for name in ("durations", "seconds"):
        fields[name] = Counter({(Key(*key), value): count for (key, value), count in fields[name]})
    for name in ("received", "sent"):
        fields[name] = Counter({Key(*key): total for key, total in fields[name]})
    return Truth(**fields)
