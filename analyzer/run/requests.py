"""The request rows of a run on disk: Parquet chunks written whole or not at all, read back as one table.

The columns are the fields of ``records.Request``, in their order and with their types: a new column is one
edit, there.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

import msgspec
import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from ..errors import InputError
from ..records import Request

if TYPE_CHECKING:
    import pandas as pd  # the load only writes, and starts in half the time without it

FORMAT = 1
"""The version of the format, kept in every chunk. 1: the first."""
_FORMAT_KEY = b"weighbridge.requests"
_UNTIL_KEY = b"weighbridge.until"
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
        found = pa.ipc.open_stream(packed).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise RowsError(f"these are no packed rows: {error}", "use one version on all machines") from error
    _check(found.schema, "what came from a worker")
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
    return Chunk(found.to_pandas(), float((found.schema.metadata or {}).get(_UNTIL_KEY, b"inf")))


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
        found = pq.read_table(path, partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise RowsError(f"{path} is no chunk of request rows: {error}", "record the run again") from error
    _check(found.schema, str(path))
    return found


def _check(schema: pa.Schema, what: str) -> None:
    found = (schema.metadata or {}).get(_FORMAT_KEY, b"none").decode()
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
