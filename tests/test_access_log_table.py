"""A table has every access line as it was read, with what all lines together tell of it."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from access_log_lines import CALL, Format, call, line

from analyzer import access_log
from analyzer.access_log import table
from analyzer.access_log.digest import Digest
from analyzer.access_log.errors import LogError
from analyzer.access_log.table import SCHEMA, Spool
from analyzer.records import LogEntry

REVIEWS = "reviews.default.svc.cluster.local"
ZTUNNEL = (
    b"2025-10-06T14:40:57.663450Z\tinfo\taccess\tconnection complete\tsrc.addr=10.0.0.1:48986 "
    b'src.workload="a-v1-6b746f74dc-9rlmh" dst.addr=10.0.0.2:15008 dst.hbone_addr=10.0.0.2:9080 '
    b'dst.service="b.ns.svc.cluster.local" dst.workload="b-v2-84779c7bbc-9drws" direction="outbound" '
    b'bytes_sent=99 bytes_recv=174 duration="20ms" error="reset"'
)
ENTRIES = [
    CALL,
    call(response_code=503, response_flags="UF,URX", upstream_host=None, duration=None),
    call(user_agent="weighbridge/20261124-003134-de0f/3.17", path="/a?b=\u00e9\u2028"),
    call(method=None, path=None, protocol=None, response_code=0, bytes_sent=10**14),
]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log whose rows come in several batches."""
    monkeypatch.setattr(table, "_ROWS", 2)
    path = tmp_path / "reviews-v3-84779c7bbc-9drws.log"
    path.write_bytes(b"".join(line(entry) + b"\n" for entry in ENTRIES) + b"agent\n" + line(CALL)[:99])
    return path


def test_every_field_of_every_line_is_in_its_column(log: Path) -> None:
    frame = access_log.read(log)
    assert frame.attrs == {"lines": 6, "access": 4, "other": 1, "malformed": 1}
    assert list(frame.columns) == SCHEMA.names
    for entry, (_, row) in zip(ENTRIES, frame.iterrows(), strict=True):
        told = {
            name: None if pd.isna(row[name]) else row[name] for name in LogEntry.__slots__ if name != "start"
        }
        assert told == {name: getattr(entry, name) for name in told}
        assert math.isclose(row["start"].timestamp(), entry.start, abs_tol=5e-4)


def test_columns_have_their_types(log: Path) -> None:
    types = access_log.read(log).dtypes.astype(str)
    assert (types["start"], types["duration"], types["path"], types["version"]) == (
        "datetime64[ms, UTC]",
        "Int64",
        "string",
        "category",
    )


def test_what_all_lines_tell_stands_in_each_row(log: Path) -> None:
    frame = access_log.read([log])
    assert frame["caller"].tolist() == ["reviews-v3"] * 4
    assert frame["source"].tolist() == ["reviews-v3-84779c7bbc-9drws"] * 4
    assert frame["destination"].tolist() == [REVIEWS] * 4
    assert frame["version"].tolist() == ["v3"] * 4
    assert frame["known_by"].tolist() == ["subset"] * 4
    assert frame["response_class"].tolist() == ["2xx", "5xx", "2xx", "none"]
    assert frame["kind"].tolist() == ["http", "http", "http", "tcp"]
    assert frame.loc[2, ["tag_run", "tag_worker", "tag_seq"]].tolist() == ["20261124-003134-de0f", 3, 17]
    assert frame["tag_run"].notna().sum() == 1


def test_connections_of_ztunnel_are_rows_too(tmp_path: Path) -> None:
    (tmp_path / "ztunnel.log").write_bytes(ZTUNNEL)
    (row,) = access_log.read(tmp_path / "ztunnel.log").to_dict("records")
    told = {
        key: row[key] for key in ("reporter", "caller", "destination", "version", "kind", "response_flags")
    }
    assert told == {
        "reporter": "ztunnel",
        "caller": "a-v1",
        "destination": "b.ns.svc.cluster.local",
        "version": "v2",
        "kind": "tcp",
        "response_flags": "error",
    }
    assert (row["bytes_sent"], row["duration"], row["upstream_host"]) == (99, 20, "10.0.0.2:15008")


def test_bytes_that_are_not_utf_8_are_replaced_and_lone_surrogates_too(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes(
        line(call(user_agent="caf\udce9")) + b"\n" + line(CALL, Format.JSON).replace(b"curl", b"\\ud800")
    )
    assert access_log.read(tmp_path / "a.log")["user_agent"].tolist() == ["caf\ufffd", "\ufffd/7.68.0"]


def test_a_parquet_file_holds_the_same_table(log: Path) -> None:
    out = log.parent / "lines.parquet"
    with Spool(out) as spool:
        digest = Digest(keep=spool.keep)
        with log.open("rb") as stream:
            list(digest.read(stream, str(log), "reviews-v3-84779c7bbc-9drws"))
        spool.write(list(digest.groups), digest.hops())
    assert rows(pd.read_parquet(out)) == rows(access_log.read(log))
    assert {path.name for path in log.parent.iterdir()} == {log.name, out.name}


def rows(frame: pd.DataFrame) -> list[list[object]]:
    return [[None if pd.isna(value) else value for value in row] for row in frame.values.tolist()]


def test_nothing_is_left_of_a_table_that_was_not_finished(tmp_path: Path) -> None:
    with Spool(tmp_path / "lines.parquet") as spool:
        spool.keep(CALL, 0)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(LogError, match="cannot write"), Spool(tmp_path / "none" / "lines.parquet"):
        pass


def test_the_lines_of_a_request_come_together_over_proxies(tmp_path: Path) -> None:
    def write(pod: str, *entries: LogEntry) -> None:
        (tmp_path / f"{pod}.log").write_bytes(b"\n".join(map(line, entries)))

    other = {"request_id": "other", "user_agent": "weighbridge/run/0.2"}
    gateway = {"upstream_cluster": "outbound|9080||productpage.default.svc.cluster.local", "duration": 50}
    arrived = {
        "upstream_cluster": "inbound|9080||",
        "requested_server_name": f"outbound_.9080_.v3_.{REVIEWS}",
    }
    first = call(response_code=503, upstream_cluster=f"outbound|9080|v2|{REVIEWS}")
    write("gateway-6bd9cfd8b9-x7j2k", call(**gateway, start=CALL.start - 1))
    write("productpage-v1-6bd9cfd8b9-x7j2k", first, call(start=CALL.start + 1), call(**other))
    write("reviews-v3-84779c7bbc-9drws", call(**arrived), call(**arrived, **other))
    found = access_log.requests(access_log.read(tmp_path))
    told = found.loc[CALL.request_id]
    assert (told["lines"], told["proxies"], told["failed"], told["duration"]) == (4, 3, 1, 50)
    assert told[REVIEWS] == "v2+v3"
    assert (found.loc["other", "lines"], found.loc["other", REVIEWS]) == (2, "v3")
    tagged = access_log.requests(access_log.read(tmp_path), by="tag")
    assert tagged.index.tolist() == [("run", 0, 2)]
    assert tagged.loc[("run", 0, 2), "lines"] == 2
