"""The request rows of a run on disk: Parquet chunks written whole or not at all, read back as one table.

The columns are the fields of ``records.Request``, in their order and with their types: a new column is one
edit, there.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, get_args, get_type_hints

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj
import pyarrow.parquet as pq

from .. import bounded
from ..errors import InputError
from ..records import Request

if TYPE_CHECKING:
    import pandas as pd  # the load only writes, and starts in half the time without it

FORMAT = 1
"""The version of the format, kept in every chunk. 1: the first."""
_FORMAT_KEY = b"weighbridge.requests"
_UNTIL_KEY = b"weighbridge.until"
_WORKERS = "what came from a worker"
_AGAIN = "record the run again"
_ROWS_OF_NO_SIZE = 100_000
"""Two different times alone take a row more than a byte; a file of many more rows is made to fill memory."""
_LAST_SECOND = 253_402_300_800.0
_RANGES = {
    "worker": (0, 65_535),
    "seq": (0, 2**47 - 1),
    "intended": (0.0, _LAST_SECOND),
    "start": (0.0, _LAST_SECOND),
    "latency_ms": (0.0, 1e12),
    "status": (0, 999_999),
    "bytes": (0, 2**53),
}
_COMPRESSED = pa.ipc.IpcWriteOptions(compression="lz4")
_HINTS = get_type_hints(Request)
_COLUMNS = Request.__struct_fields__


class RowsError(InputError):
    """The rows cannot be read: the message names the file, the hint says what to do."""


def _kind(hint: Any) -> type:
    """The one Python type behind a field's annotation, None aside."""
    kinds = [part for part in get_args(hint) or (hint,) if part is not NoneType]
    (kind,) = kinds
    return kind  # type: ignore[no-any-return] # annotations are Any until they are looked at


def _arrow(kind: type) -> pa.DataType:
    """Texts repeat from row to row, so they are kept as dictionaries, which pandas reads as categories."""
    if issubclass(kind, str):
        return pa.dictionary(pa.int32(), pa.string())
    return {bool: pa.bool_(), int: pa.int64(), float: pa.float64()}[kind]


SCHEMA = pa.schema(
    [
        pa.field(name, _arrow(_kind(_HINTS[name])), nullable=NoneType in get_args(_HINTS[name]))
        for name in _COLUMNS
    ],
    metadata={_FORMAT_KEY: str(FORMAT).encode()},
)

_PLAIN = pa.schema(
    [
        field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
        for field in SCHEMA
    ]
)


def chunk(folder: Path, number: int) -> Path:
    """Where the chunk of that number stands, from 1."""
    return folder / f"{number:06d}.parquet"


def write(rows: Sequence[Request], path: Path) -> None:
    """Write one chunk of rows that nothing earlier follows; see ``write_table``."""
    write_table(table(rows), path)


def write_table(rows: pa.Table, path: Path, until: float = math.inf) -> None:
    """Write one chunk beside its place and rename it, so that a reader finds it whole or not at all.

    ``until`` is a promise to those who read while the load runs: every request that left before that Unix
    second is in this chunk or in an earlier one.
    """
    beside = path.with_suffix(".writing")
    metadata = {**SCHEMA.metadata, _UNTIL_KEY: repr(until).encode()}
    with beside.open("wb") as file:
        pq.write_table(rows.unify_dictionaries().replace_schema_metadata(metadata), file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def pack(rows: pa.Table) -> bytes:
    """The rows for the way from one process of a load to another: an Arrow stream, about 50 bytes a row."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA, options=_COMPRESSED) as stream:
        stream.write_table(rows)
    packed: bytes = sink.getvalue().to_pybytes()
    return packed


def unpack(packed: bytes) -> pa.Table:
    """The rows out of what ``pack`` made; raises RowsError where it is anything else."""
    try:
        stream = pa.ipc.open_stream(packed)
        _check(stream.schema, _WORKERS)
        found = stream.read_all()
        found.validate(full=True)
    except (pa.ArrowException, OSError, MemoryError) as error:
        raise RowsError(
            f"these are no packed rows: {_one_line(error)}", "use one version on all machines"
        ) from error
    _check_values(found, _WORKERS)
    return found


def read(folder: Path) -> pd.DataFrame:
    """Every row of every chunk, by worker and seq, under a plain 0 to n-1 index.

    Columns as in ``records.Request``: int64, float64 and bool as they are; texts as categories, missing where
    there is none. A folder without a chunk gives no rows, and the same columns.
    """
    tables = [_read(path) for path in sorted(folder.glob("*.parquet"))]
    whole = pa.concat_tables(tables) if tables else SCHEMA.empty_table()
    frame: pd.DataFrame = whole.unify_dictionaries().to_pandas()
    return frame.sort_values(["worker", "seq"], kind="stable", ignore_index=True)


class Chunk(NamedTuple):
    """One chunk in the order in which its requests were answered; columns as ``read`` gives them.

    Every request that left before ``until`` (Unix seconds) is in this chunk or in an earlier one.
    """

    rows: pd.DataFrame
    until: float


def read_chunk(path: Path) -> Chunk:
    found = _read(path)
    return Chunk(found.to_pandas(), _until(found.schema.metadata or {}, str(path)))


def _until(metadata: Mapping[bytes, bytes], source: str) -> float:
    try:
        return float(metadata.get(_UNTIL_KEY, b"inf"))
    except ValueError as error:
        raise RowsError(f"{source} does not say until when it is complete", _AGAIN) from error


def absent(folder: Path) -> list[str]:
    """The names of chunks that are not there although a later one is: their rows are lost."""
    there = {int(path.stem) for path in folder.glob("*.parquet") if path.stem.isdecimal()}
    return [chunk(folder, number).name for number in range(1, max(there, default=0)) if number not in there]


def count(path: Path) -> int:
    """How many rows a chunk of our own has, without reading them."""
    return int(pq.read_metadata(path).num_rows)


def none() -> pd.DataFrame:
    """No rows, in the same columns."""
    frame: pd.DataFrame = SCHEMA.empty_table().to_pandas()
    return frame


def rows(folder: Path) -> Iterator[Request]:
    """The same rows as records, for those who want one after the other."""
    frame = read(folder)
    columns = [_values(frame[name], _kind(_HINTS[name])) for name in _COLUMNS]
    return (Request(*row) for row in zip(*columns, strict=True))


def table(rows: Sequence[Request]) -> pa.Table:
    """The rows as columns."""
    # By way of JSON lines: Arrow reads those outside the interpreter's lock and, unlike ``pa.array``, without
    # importing pandas, which would be half of a load's start.
    if not rows:
        return SCHEMA.empty_table()
    lines = pa.BufferReader(msgspec.json.Encoder().encode_lines(rows))
    plain = pj.read_json(lines, parse_options=pj.ParseOptions(explicit_schema=_PLAIN))
    columns = [
        column.dictionary_encode() if pa.types.is_dictionary(field.type) else column
        for column, field in zip(plain.columns, SCHEMA, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _read(path: Path) -> pa.Table:
    try:
        with bounded.within(path.parent.parent, path) as file:
            return of_file(file, str(path))
    except OSError as error:
        raise RowsError(f"cannot read {path}: {error.strerror or error}", _AGAIN) from error


def of_file(file: BinaryIO, source: str) -> pa.Table:
    """The rows of a chunk; its shape is checked before they are unpacked. Raises RowsError."""
    try:
        chunk = pq.ParquetFile(file)
        _check(chunk.schema_arrow, source)
        size = file.seek(0, 2)
        if chunk.metadata.num_rows > size + _ROWS_OF_NO_SIZE:
            raise RowsError(f"{source} claims {chunk.metadata.num_rows:,} rows in {size:,} bytes", _AGAIN)
        found = chunk.read()
        found.validate(full=True)  # texts by number: each number must have one
    except RowsError:
        raise
    except (pa.ArrowException, ValueError, OSError, MemoryError) as error:  # ValueError: a name is no UTF-8
        raise RowsError(f"{source} is no chunk of request rows: {_one_line(error)}", _AGAIN) from error
    _check_values(found, source)
    return found


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _check_values(found: pa.Table, source: str) -> None:
    """Numbers that no load writes would make nonsense of what is computed from them."""
    for name, (least, most) in _RANGES.items():
        column = found[name]
        ends = pc.min_max(column)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        is_whole = not pa.types.is_floating(column.type) or pc.all(pc.is_finite(column)).as_py() is not False
        if column.null_count or not is_whole or (low is not None and not least <= low <= high <= most):
            raise RowsError(f"{source} has a {name} that cannot be", _AGAIN)


def _check(schema: pa.Schema, what: str) -> None:
    found = (schema.metadata or {}).get(_FORMAT_KEY, b"none").decode(errors="replace")[:60]
    if found != str(FORMAT) or not schema.equals(SCHEMA):
        raise RowsError(
            f"{what} has request rows of format {found}, this program reads format {FORMAT}",
            "use the version of the program that recorded the run",
        )


def _values(column: pd.Series[Any], kind: type) -> list[Any]:
    values = column.astype(object).where(column.notna(), None).tolist()
    if issubclass(kind, Enum):
        return [None if value is None else kind(value) for value in values]
    return values
