"""One connection as ztunnel, the node proxy of ambient mode, logs it: ``key=value`` pairs, no HTTP.

The format is its own (istio/ztunnel ``src/proxy/metrics.rs``) and called unstable there, so keys are found by
name; values with spaces are quoted and escaped as Rust's ``{:?}`` does.
"""

from __future__ import annotations

import re
from datetime import datetime

from .readings import Connection, Malformed, Reason

_HEAD = re.compile(
    rb"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{1,9})?)Z"
    rb"\s+(?:INFO|ERROR|WARN|info|error|warn)\s+access:?\s+connection (?P<what>complete|failed|opened)"
)
_PAIR = re.compile(rb'[ \t]([a-z_.]+)=("(?:[^"\\]|\\.)*"|[^ \t"]+)')
_DURATION = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(ns|µs|us|ms|s)")
_BYTES = re.compile(r"[0-9]{1,15}")
_MILLISECONDS = {"ns": 1e-6, "µs": 1e-3, "us": 1e-3, "ms": 1.0, "s": 1000.0}


def is_one(line: bytes) -> bool:
    """Whether the line claims to tell of a connection that ended."""
    match = _HEAD.match(line)
    return match is not None and match["what"] != b"opened"


def connection(line: bytes) -> Connection | Malformed:
    """Read a line that ``is_one``."""
    head = _HEAD.match(line)
    if head is None:
        return Malformed(Reason.SHAPE)
    pairs, at = {}, head.end()
    while at < len(line):
        pair = _PAIR.match(line, at)
        if pair is None:
            return Malformed(Reason.CUT)
        name, value = pair[1].decode(), pair[2].strip(b'"').decode("utf-8", "surrogateescape")
        if name in pairs:
            return Malformed(Reason.AMBIGUOUS)
        pairs[name], at = value, pair.end()
    return _connection(head["time"].decode(), pairs)


def _connection(time: str, pairs: dict[str, str]) -> Connection | Malformed:
    try:
        return Connection(
            start=datetime.fromisoformat(time[:26] + "+00:00").timestamp(),
            source_address=pairs.get("src.addr"),
            source_workload=pairs.get("src.workload"),
            destination_address=pairs["dst.addr"],
            service_address=pairs.get("dst.hbone_addr") or pairs["dst.addr"],
            destination_service=pairs.get("dst.service"),
            destination_workload=pairs.get("dst.workload"),
            direction=pairs["direction"],
            bytes_sent=_bytes(pairs["bytes_sent"]),
            bytes_received=_bytes(pairs["bytes_recv"]),
            duration=_milliseconds(pairs["duration"]),
            error=pairs.get("error"),
        )
    except KeyError:
        return Malformed(Reason.CUT)
    except ValueError:
        return Malformed(Reason.SHAPE)


def _bytes(text: str) -> int:
    if not _BYTES.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _milliseconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return int(float(match[1]) * _MILLISECONDS[match[2]])
