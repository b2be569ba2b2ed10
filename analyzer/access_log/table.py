"""Access lines as a table, one row a line: Arrow record batches, from which pandas and Parquet are made.

What a line tells is known at once, from whom to whom it went only when all lines have been seen. So batches
are first kept with the number of their group, in memory or in a file, and get their other columns at the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .. import tag
from ..records import LogEntry
from .errors import LogError
from .hops import Hop
from .keys import Key
from .readings import Connection
from .summary import protocol

_ROWS = 1 << 14
_SURROGATE = re.compile("[\ud800-\udfff]")
_TIME = pa.timestamp("ms", "UTC")
_NUMBERS = {
    "response_code": pa.int64(),
    "bytes_received": pa.int64(),
    "bytes_sent": pa.int64(),
    "duration": pa.int64(),
    "upstream_service_time": pa.int64(),
}
_WORDS = pa.dictionary(pa.int32(), pa.string())
"""Of columns with few different values."""
_RECURRING = (
    "method",
    "protocol",
    "response_flags",
    "response_code_details",
    "upstream_cluster",
    "route_name",
)
_FIELDS = tuple(field.name for field in fields(LogEntry) if field.name != "start")
_values = attrgetter(*_FIELDS)
_NO_TAG = (None, None, None)
_LINE = pa.schema(
    [
        ("group", pa.int32()),
        ("start", _TIME),
        *((name, _NUMBERS.get(name, pa.string())) for name in _FIELDS),
        ("tag_run", pa.string()),
        ("tag_worker", pa.int32()),
        ("tag_seq", pa.int64()),
    ]
)
_OF_HOP: dict[str, Callable[[Hop], str]] = {
    "reporter": lambda hop: hop.reporter.value,
    "caller": lambda hop: hop.caller,
    "destination": lambda hop: hop.destination,
    "version": lambda hop: hop.version,
    "known_by": lambda hop: hop.witness.value,
    "response_class": lambda hop: hop.response_class,
    "kind": lambda hop: protocol(hop.tcp),
}
SCHEMA = pa.schema(
    [
        ("start", _TIME),
        ("source", _WORDS),
        *((name, _WORDS) for name in _OF_HOP),
        *(
            (name, _WORDS if name in _RECURRING else _LINE.field(name).type)
            for name in _LINE.names
            if name not in ("group", "start")
        ),
    ]
)
"""The table's columns; docs/access-log.md tells what each means."""


class Lines:
    """Takes access lines one by one (``Digest(keep=lines.keep)``) and hands them on in batches."""

    def __init__(self, take: Callable[[pa.RecordBatch], None]) -> None:
        self._take = take
        self._rows: list[tuple[Any, ...]] = []

    def keep(self, reading: LogEntry | Connection, group: int) -> None:
        row = _of_entry(reading) if isinstance(reading, LogEntry) else _of_connection(reading)
        self._rows.append((group, *row))
        if len(self._rows) >= _ROWS:
            self.end()

    def end(self) -> None:
        """Hand on what is left."""
        if self._rows:
            columns = zip(*self._rows, strict=True)
            arrays = [_array(column, of.type) for column, of in zip(columns, _LINE, strict=True)]
            self._take(pa.RecordBatch.from_arrays(arrays, schema=_LINE))
            self._rows = []


class Spool:
    """Access lines on their way to a Parquet file; they wait in a file, so memory does not grow with them.

    A context: on leaving it nothing remains but the file that was written.
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._waiting = out.with_name(f".{out.name}.part")

    def __enter__(self) -> Spool:
        try:
            self._file = self._waiting.open("wb")
        except OSError as error:
            raise LogError(
                f"cannot write {self._out}: {error.strerror}", "name a file in a folder"
            ) from error
        self._stream = pa.ipc.new_stream(
            self._file, _LINE, options=pa.ipc.IpcWriteOptions(compression="zstd")
        )
        self._lines = Lines(self._stream.write_batch)
        self.keep = self._lines.keep
        return self

    def __exit__(self, *problem: object) -> None:
        self._file.close()
        self._waiting.unlink(missing_ok=True)

    def write(self, keys: Sequence[Key], hops: Sequence[Hop]) -> None:
        """The Parquet file, whole or not at all."""
        self._lines.end()
        self._stream.close()
        self._file.close()
        new = self._out.with_name(f".{self._out.name}.new")
        with (
            pa.OSFile(str(self._waiting)) as waiting,
            pq.ParquetWriter(new, SCHEMA, compression="zstd") as out,
        ):
            for batch in finished(pa.ipc.open_stream(waiting), keys, hops):
                out.write_batch(batch)
        new.replace(self._out)


def finished(
    batches: Iterable[pa.RecordBatch], keys: Sequence[Key], hops: Sequence[Hop]
) -> Iterator[pa.RecordBatch]:
    """The batches with all their columns; ``keys[g]`` and ``hops[g]`` are those of group g."""
    words = {"source": _words([key.source for key in keys])}
    words |= {name: _words([value(hop) for hop in hops]) for name, value in _OF_HOP.items()}
    for batch in batches:
        group = batch.column("group")
        columns = [
            words[field.name].take(group) if field.name in words else _column(batch, field)
            for field in SCHEMA
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


def _words(values: list[str]) -> pa.DictionaryArray:
    """One value for each group."""
    different = {value: number for number, value in enumerate(dict.fromkeys(values))}
    indices = pa.array([different[value] for value in values], pa.int32())
    return pa.DictionaryArray.from_arrays(indices, pa.array(map(_utf8, different), pa.string()))


def _column(batch: pa.RecordBatch, field: pa.Field) -> pa.Array:
    column = batch.column(field.name)
    return column.dictionary_encode().cast(_WORDS) if field.type == _WORDS else column


def _array(column: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Arrow holds UTF-8 only: other bytes of a header become U+FFFD."""
    try:
        return pa.array(column, kind)
    except UnicodeEncodeError:
        return pa.array([None if value is None else _utf8(value) for value in column], kind)


def _of_entry(entry: LogEntry) -> tuple[Any, ...]:
    start = round(entry.start * 1000) if entry.start else None
    return (start, *_values(entry), *(tag.parse(entry.user_agent) or _NO_TAG))


def _of_connection(connection: Connection) -> tuple[Any, ...]:
    """What ztunnel tells, in the columns where Envoy tells the like."""
    told = {
        "response_code": 0,
        "response_flags": "error" if connection.error else None,
        "connection_termination_details": connection.error,
        "bytes_received": connection.bytes_received,
        "bytes_sent": connection.bytes_sent,
        "duration": connection.duration,
        "upstream_host": connection.destination_address,
        "downstream_remote_address": connection.source_address,
    }
    return (round(connection.start * 1000), *(told.get(name) for name in _FIELDS), *_NO_TAG)


def _utf8(text: str) -> str:
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)
