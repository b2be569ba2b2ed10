"""Access lines put out of shape, from a seed: what a fast reader and the exact one are compared on.

One line in a few stays as Envoy wrote it, so that the fast readers take some; most differ by little from
a line that is read, because there two readers come to different answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from access_log_lines import CALL, Format, call, line

_INBOUND = call(
    upstream_cluster="inbound|9080||",
    upstream_local_address="127.0.0.6:41542",
    downstream_remote_address="172.16.158.7:0",
    requested_server_name="outbound_.9080_.v2_.reviews.default.svc.cluster.local",
)
_TCP = call(
    method=None,
    path=None,
    protocol=None,
    response_code=0,
    response_flags="UH",
    response_code_details=None,
    request_id=None,
    user_agent=None,
    authority=None,
    upstream_host=None,
    upstream_cluster="BlackHoleCluster",
    upstream_local_address=None,
)
_WAYPOINT = call(
    upstream_host="envoy://connect_originate/10.244.3.101:8080",
    upstream_cluster="inbound-vip|8000|http/v2|barista.caffeine.svc.cluster.local;",
    upstream_local_address="envoy://internal_client_address/",
)
_ENTRIES = (
    CALL,
    _INBOUND,
    _TCP,
    _WAYPOINT,
    call(response_code=503, response_flags="UF,URX", upstream_transport_failure_reason="TLS error: 2"),
    call(response_code=400, response_flags="DPE", method=None, path=None, protocol="HTTP/1.1"),
    call(user_agent='say "hi" and "', route_name="my own route"),
    call(user_agent="caf\udce9 \u2028 \u0085\t", request_id="not-a-uuid", x_forwarded_for="1.2.3.4,10.0.0.1"),
    call(duration=None, upstream_service_time=None, downstream_local_address="[::1]:80"),
)
_ZTUNNEL = (
    b"2024-04-11T15:38:42.182974Z  INFO access: connection complete src.addr=10.244.0.24:46238 "
    b'src.workload="shell-1" '
    b'dst.addr=10.244.0.42:15008 dst.service="echo.default.svc.cluster.local" direction="outbound" '
    b'bytes_sent=67 bytes_recv=490 duration="13ms"'
)
_AGENT = b"2026-10-09T22:23:48.025271Z\tinfo\tReadiness succeeded in 280.949789ms"
TEXT = tuple(line(entry, form) for entry in _ENTRIES for form in (Format.F3, Format.F3, Format.F2, Format.F1))
JSON = tuple(line(entry, Format.JSON).replace(b'": ', b'":').replace(b', "', b',"') for entry in _ENTRIES)
_SEEDS = (*TEXT, *TEXT, *JSON, *JSON, line(CALL, Format.JSON), _ZTUNNEL, _AGENT, b"")

_PIECES = (
    *(
        b'"',
        b'" "',
        b" ",
        b"  ",
        b"-",
        b":",
        b":0",
        b":80",
        b"-:80",
        b"0",
        b"00",
        b"1" * 15,
        b"1" * 16,
        b"99999",
    ),
    *(
        b"|",
        b";",
        b",",
        b"\\",
        b'\\"',
        b"\t",
        b"\r",
        b"\0",
        b"\x7f",
        b"\x85",
        b"\xe2\x80\xa8",
        b"\xff",
        b"[",
        b"]",
    ),
    *(
        b'Z] "',
        b"Z] ",
        b"[2022-02-16T17:56:20.030Z] ",
        b"- - -",
        b"HTTP/1.1",
        b"HTTP/0.9",
        b' -"',
        b"null",
        b"true",
    ),
    *(
        b"{",
        b"}",
        b'":',
        b'":"',
        b'"duration":',
        b'"path":"/",',
        b"1.5",
        b"-1",
        b"1e3",
        b"inbound|80||",
        b"@a",
        b"/",
    ),
    *(
        b"envoy://internal_client_address/",
        b"envoy://x",
        b"2022-02-30",
        b"2000-02-29",
        b"0000-",
        b"60.",
        b"24:",
    ),
    *(
        b"inbound",
        b"InboundPassthroughClusterIpv4",
        b"GET",
        b' HTTP/1.1" 200 - x - "-" 0 1 2 3 "',
        b"\xed\xa0\x80",
    ),
)


def lines(seed: int, count: int) -> Iterator[bytes]:
    """So many lines without newlines; the same seed gives the same lines."""
    random = Random(seed)
    for _ in range(count):
        yield _mutated(random, random.choice(_SEEDS))


def block(seed: int, count: int) -> bytes:
    """The lines as a log."""
    return b"".join(line + b"\n" for line in lines(seed, count))


def _mutated(random: Random, text: bytes) -> bytes:
    times = int(random.random() * 4)
    for _ in range(times):
        text = _STEPS[int(random.random() * len(_STEPS))](random, text)
    return text.replace(b"\n", b"")


def _place(random: Random, text: bytes) -> int:
    """Anywhere, but often where something begins or ends."""
    at = int(random.random() * (len(text) + 1))
    if random.random() < 0.6:
        found = text.find(random.choice((b'"', b" ", b":", b",")), at)
        at = found + (random.random() < 0.5) if found >= 0 else at
    return at


def _insert(random: Random, text: bytes) -> bytes:
    at = _place(random, text)
    return text[:at] + random.choice(_PIECES) + text[at:]


def _overwrite(random: Random, text: bytes) -> bytes:
    at, piece = _place(random, text), random.choice(_PIECES)
    return text[:at] + piece + text[at + len(piece) :]


def _delete(random: Random, text: bytes) -> bytes:
    at = _place(random, text)
    return text[:at] + text[at + 1 + int(random.random() * 3) :]


def _change(random: Random, text: bytes) -> bytes:
    at = int(random.random() * len(text)) if text else 0
    return text[:at] + bytes([int(random.random() * 256)]) + text[at + 1 :]


def _word(random: Random, text: bytes) -> bytes:
    """Another word in the place of one."""
    words = text.split(b" ")
    words[int(random.random() * len(words))] = random.choice(_PIECES)
    return b" ".join(words)


def _swap(random: Random, text: bytes) -> bytes:
    words = text.split(random.choice((b" ", b'"', b",")))
    one, other = (int(random.random() * len(words)) for _ in "12")
    words[one], words[other] = words[other], words[one]
    return b" ".join(words)


def _cut(random: Random, text: bytes) -> bytes:
    return text[: _place(random, text)]


def _behead(random: Random, text: bytes) -> bytes:
    return text[_place(random, text) :]


def _double(random: Random, text: bytes) -> bytes:
    one, other = sorted((_place(random, text), _place(random, text)))
    return text[:other] + text[one:other] + text[other:]


def _splice(random: Random, text: bytes) -> bytes:
    other = random.choice(_SEEDS)
    return text[: _place(random, text)] + other[_place(random, other) :]


_STEPS = (
    _insert,
    _insert,
    _overwrite,
    _overwrite,
    _delete,
    _change,
    _word,
    _word,
    _swap,
    _cut,
    _behead,
    _double,
    _splice,
)
