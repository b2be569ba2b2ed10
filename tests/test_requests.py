"""The request rows on disk: whole chunks, typed columns, and nothing of a chunk that was not finished."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from analyzer.records import Doubt, Request, Trouble
from analyzer.run import requests

ROW = Request(
    worker=0,
    seq=0,
    intended=1_795_477_181.25,
    start=1_795_477_181.5,
    latency_ms=12.5,
    status=200,
    version="v3",
    pod="reviews-v3-84779c7bbc-9drws",
    trouble=None,
    doubt=None,
    details_trouble=False,
    bytes=15014,
    error=None,
)
REFUSED = replace(
    ROW,
    seq=1,
    status=0,
    version=None,
    pod=None,
    trouble=Trouble.NOT_A_PAGE,
    bytes=0,
    error="ConnectionRefusedError",
)
ALARM = replace(ROW, seq=2, version=None, doubt=Doubt.DISAGREE, details_trouble=True)

TIMES = st.floats(0, 4e9)
TEXTS = st.none() | st.text()
ROWS = st.builds(
    Request,
    worker=st.integers(0, 99),
    seq=st.integers(0, 2**47 - 1),
    intended=TIMES,
    start=TIMES,
    latency_ms=TIMES,
    status=st.integers(0, 599),
    version=TEXTS,
    pod=TEXTS,
    trouble=st.none() | st.sampled_from(Trouble),
    doubt=st.none() | st.sampled_from(Doubt),
    details_trouble=st.booleans(),
    bytes=st.integers(0, 2**31),
    error=TEXTS,
)


def test_rows_come_back_as_they_were(tmp_path: Path) -> None:
    requests.write([ROW, REFUSED, ALARM], requests.chunk(tmp_path, 1))
    assert list(requests.rows(tmp_path)) == [ROW, REFUSED, ALARM]


@given(st.lists(ROWS, max_size=5, unique_by=lambda row: (row.worker, row.seq)))
def test_any_rows_come_back_in_their_order(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Request]
) -> None:
    folder = tmp_path_factory.mktemp("rows")
    requests.write(rows, requests.chunk(folder, 1))
    assert list(requests.rows(folder)) == sorted(rows, key=lambda row: (row.worker, row.seq))


def test_chunks_are_one_table_by_worker_and_number(tmp_path: Path) -> None:
    late = replace(ROW, seq=3, version="v2")
    other = replace(ROW, worker=1)
    requests.write([other, late], requests.chunk(tmp_path, 1))
    requests.write([ALARM, ROW], requests.chunk(tmp_path, 2))
    frame = requests.read(tmp_path)
    assert list(zip(frame["worker"], frame["seq"], strict=True)) == [(0, 0), (0, 2), (0, 3), (1, 0)]
    assert list(frame.index) == [0, 1, 2, 3]


def test_the_columns_are_the_fields_of_a_request_with_types_of_their_own(tmp_path: Path) -> None:
    requests.write([ROW, REFUSED], requests.chunk(tmp_path, 1))
    frame = requests.read(tmp_path)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {
        "worker": "int64",
        "seq": "int64",
        "intended": "float64",
        "start": "float64",
        "latency_ms": "float64",
        "status": "int64",
        "version": "category",
        "pod": "category",
        "trouble": "category",
        "doubt": "category",
        "details_trouble": "bool",
        "bytes": "int64",
        "error": "category",
    }
    assert list(frame.columns) == list(Request.__struct_fields__)


def test_no_chunk_gives_no_rows_and_the_same_columns(tmp_path: Path) -> None:
    empty = requests.read(tmp_path)
    requests.write([ROW], requests.chunk(tmp_path, 1))
    assert len(empty) == 0
    assert list(map(str, empty.dtypes)) == list(map(str, requests.read(tmp_path).dtypes))


def test_a_folder_name_with_an_equals_sign_adds_no_column(tmp_path: Path) -> None:
    """Parquet readers take such folders for partitions."""
    folder = tmp_path / "run=v3"
    folder.mkdir()
    requests.write([ROW], requests.chunk(folder, 1))
    assert "run" not in requests.read(folder).columns


def test_a_chunk_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    requests.write([ROW], requests.chunk(tmp_path, 1))
    requests.chunk(tmp_path, 2).with_suffix(".writing").write_bytes(b"PAR1 half a chu")
    assert list(requests.rows(tmp_path)) == [ROW]


def test_a_damaged_chunk_is_named(tmp_path: Path) -> None:
    requests.chunk(tmp_path, 1).write_bytes(b"PAR1 half a chunk")
    with pytest.raises(requests.RowsError, match=r"000001\.parquet is no chunk of request rows"):
        requests.read(tmp_path)


def test_a_chunk_of_another_format_is_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"worker": [0]}), requests.chunk(tmp_path, 1))
    with pytest.raises(requests.RowsError, match=r"000001\.parquet has request rows of format none"):
        requests.read(tmp_path)


@given(st.lists(ROWS, max_size=5))
def test_rows_come_through_from_one_process_to_another(rows: list[Request]) -> None:
    table = requests.table(rows)
    assert requests.unpack(requests.pack(table)).to_pylist() == table.to_pylist()


def test_what_no_worker_of_this_version_packed_is_refused() -> None:
    with pytest.raises(requests.RowsError, match="no packed rows"):
        requests.unpack(b"rows?")
    other = pa.BufferOutputStream()
    with pa.ipc.new_stream(other, pa.schema([("worker", pa.int64())])):
        pass
    with pytest.raises(requests.RowsError, match="what came from a worker has request rows of format none"):
        requests.unpack(other.getvalue().to_pybytes())


def test_a_chunk_says_until_when_nothing_earlier_follows(tmp_path: Path) -> None:
    requests.write_table(requests.table([ROW]), requests.chunk(tmp_path, 1), until=1_795_477_181.75)
    requests.write([REFUSED], requests.chunk(tmp_path, 2))
    assert requests.read_chunk(requests.chunk(tmp_path, 1)).until == 1_795_477_181.75
    assert requests.read_chunk(requests.chunk(tmp_path, 2)).until == float("inf")
