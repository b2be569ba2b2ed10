"""``weighbridge logs``: what it prints, and what it says when it was given something else."""

from __future__ import annotations

import csv
import fcntl
import gzip
import json
import os
import sys
import termios
from array import array
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO, TextIOWrapper
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pytest
from access_log_lines import CALL, Format, call, line
from front_door import FrontDoor
from record_example import reviews_way

from weighbridge.__main__ import outcome

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "results" / "example"
PRODUCTPAGE_LOG = next(EXAMPLE.glob("access-log/productpage*/istio-proxy.log"))
REVIEWS = "reviews.default.svc.cluster.local"


SCREEN = (Path(__file__).parent / "documents" / "logs-screen.txt").read_text().rstrip("\n")


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Logs = Callable[..., Said]


@pytest.fixture
def logs(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Logs:
    """The verb, run in this process from an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Said:
        code = outcome(["logs", *map(str, arguments)])
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


def write(*lines: bytes, name: str = "a.log") -> str:
    Path(name).write_bytes(b"".join(one + b"\n" for one in lines))
    return name


def test_a_recorded_run_shows_the_split_that_its_verdict_counted(logs: Logs) -> None:
    said = logs(EXAMPLE, "--json")
    verdict = json.loads((EXAMPLE / "verdict.json").read_text())
    (split,) = (
        split
        for split in said.json["splits"]
        if split["reporter"] == "source" and split["destination"] == REVIEWS
    )
    assert (said.code, said.err) == (0, "")
    assert split["versions"] == verdict["witnesses"]["proxy"]
    assert split["caller"] == "productpage.default.svc.cluster.local"
    assert (
        said.json["lines"]
        == said.json["access"]
        == sum(log.read_bytes().count(b"\n") for log in EXAMPLE.rglob("istio-proxy.log"))
    )


def test_for_people_it_says_who_calls_whom_how_it_splits_and_what_fails(logs: Logs) -> None:
    failed = call(response_code=503, response_flags="UF,URX", upstream_host=None)
    said = logs(write(*[line(CALL)] * 19, line(failed), b"agent", line(CALL)[:99]))
    assert "\n".join(row.rstrip() for row in said.out.splitlines()) == SCREEN


def test_the_readme_shows_what_a_narrow_screen_shows() -> None:
    assert reviews_way() in (ROOT / "README.md").read_text()


def test_csv_has_a_row_for_every_way_version_class_and_flags(logs: Logs) -> None:
    left = write(line(call(response_code=0, response_flags="DC")))
    said = logs(EXAMPLE, left, "--csv")
    rows = list(csv.DictReader(StringIO(said.out)))
    told = logs(EXAMPLE, left, "--json").json
    assert sum(int(row["count"]) for row in rows) == told["access"]
    assert {row["flags"]: row["meaning"] for row in rows} == {"": "", "DC": "the client went away"}


def test_every_source_of_names_can_be_given(logs: Logs) -> None:
    log = write(
        line(call(upstream_cluster=f"outbound|9080|canary|{REVIEWS}", upstream_host="10.0.0.1:9080")),
        line(call(upstream_cluster=f"outbound|9080||{REVIEWS}", upstream_host="10.0.0.2:9080")),
    )
    Path("pods").write_text("NAME          IP\nreviews-v2-x  10.0.0.2\n")
    Path("rules").write_text(
        "kind: DestinationRule\nmetadata: {name: r}\n"
        "spec: {host: reviews, subsets: [{name: canary, labels: {version: v3}}]}"
    )
    Path("table").write_text(
        "NAME                          IP        LABELS\n"
        "reviews-v2-84779c7bbc-9drws   10.0.0.2  app=reviews,version=v2\n"
    )
    assert logs(log, "--json").json["splits"][0]["versions"] == {"canary": 1, "unknown": 1}
    assert logs(log, "--json", "--rules", "rules").json["splits"][0]["versions"] == {"unknown": 1, "v3": 1}
    known = logs(log, "--json", "--rules", "rules", "--pods", "table").json["splits"][0]
    assert known["versions"] == {"v2": 1, "v3": 1}
    assert {one["version"]: one["known_by"] for one in known["performance"]} == {
        "v2": ["pod called"],
        "v3": ["subset"],
    }


def test_files_in_different_formats_are_read_side_by_side(logs: Logs) -> None:
    text, other = write(line(CALL)), write(line(CALL, Format.JSON), line(CALL, Format.F1), name="b.log")
    Path("c.log.gz").write_bytes(
        gzip.compress(b"[pod/reviews-v3-84779c7bbc-9drws/istio-proxy] " + line(CALL))
    )
    said = logs(text, other, "c.log.gz", "--json").json
    assert (said["lines"], said["access"], said["formats"]) == (4, 4, ["json", "text"])
    assert sum(split["calls"] for split in said["splits"]) == 4


def test_a_mesh_s_own_format_is_given_as_it_is_or_as_mesh_config(logs: Logs) -> None:
    own = "%RESPONSE_CODE% %UPSTREAM_CLUSTER% %REQ(USER-AGENT)%"
    log = write(f"200 outbound|9080|v2|{REVIEWS}; curl 7".encode(), line(CALL))
    assert logs(log, "--json").json["access"] == 1
    Path("mesh.yaml").write_text(f"accessLogFile: /dev/stdout\naccessLogFormat: |\n  {own}\n")
    for given in (own, "@mesh.yaml"):
        assert logs(log, "--json", "--format", given).json["splits"][0]["versions"] == {"v2": 1, "v3": 1}
    refused = logs(log, "--format", "%RESPONSE_CODE%")
    assert (refused.code, refused.err.count("\n")) == (2, 1)


def test_stdin_is_read(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write_end = os.pipe()
    os.write(write_end, line(CALL) + b"\n")
    os.close(write_end)
    with os.fdopen(read, "rb") as pipe:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(pipe))
        assert logs("-", "--json").json["access"] == 1


def test_a_page_and_a_table_are_written_beside_the_result(logs: Logs) -> None:
    said = logs(EXAMPLE, "--html", "logs.html", "--parquet", "lines.parquet", "--json")
    assert "per_second" not in said.json
    assert Path("logs.html").read_text().startswith("<!doctype html>")
    assert len(pd.read_parquet("lines.parquet")) == said.json["access"]
    for option in ("--html", "--parquet"):
        refused = logs(EXAMPLE, option, "none/file")
        assert (refused.code, refused.out) == (2, "")
        assert refused.err.lower().startswith("error: cannot write none/file: no such f")


def test_csv_of_the_seconds_is_the_series(logs: Logs) -> None:
    rows = list(csv.DictReader(StringIO(logs(EXAMPLE, "--csv", "--per-second").out)))
    assert list(rows[0]) == ["reporter", "caller", "destination", "version", "second", "calls"]
    assert sum(int(row["calls"]) for row in rows) == logs(EXAMPLE, "--json").json["access"]


def test_calls_over_time_are_bars_of_one_measure(logs: Logs) -> None:
    v2 = {"upstream_cluster": f"outbound|9080|v2|{REVIEWS}"}
    told = [(0, {}, 8), (1, v2, 4), (2, v2, 1), (3, {}, 2)]
    log = write(*(line(call(start=CALL.start + second, **f)) for second, f, n in told for _ in range(n)))
    rows = [row.rstrip() for row in logs(log, "--per-second").out.splitlines()]
    assert rows[7:10] == [
        "  v2        ▄▁",
        "  v3       █  ▂",
        "  2022-02-16 17:56:20 to 17:56:23, at most 8 calls per second",
    ]


def test_retries_of_the_application_and_of_the_mesh_are_told_apart(logs: Logs) -> None:
    sent, again = call(response_code=503), call(start=CALL.start + 1)
    arrived = {
        "upstream_cluster": "inbound|9080||",
        "requested_server_name": f"outbound_.9080_.v3_.{REVIEWS}",
    }
    log = write(*map(line, [sent, again, call(**arrived), call(**arrived), call(**arrived)]))
    said = logs(log, "--json", "--join").json["joined"]
    assert said["retries"] == [
        {
            "caller": "unknown",
            "destination": REVIEWS,
            "calls": 2,
            "repeated": 1,
            "after_failure": 1,
            "by_mesh": 1,
        }
    ]
    assert "asked again" in logs(log, "--join").out


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "a.log: empty"),
        (b"root:x:0:0\n", "a.log: no access line in 1 lines; the first: 'root:x:0:0'"),
        (b"\x7fELF\0\1\2\n" * 3, "a.log: binary, not a log"),
        (line(CALL)[:90], "a.log: 1 malformed lines and no other access line; a.log at byte 0: cut short"),
        (gzip.compress(line(CALL))[:-8], "a.log is a damaged archive"),
    ],
)
def test_what_is_no_log_is_refused_with_one_line(logs: Logs, content: bytes, says: str) -> None:
    Path("a.log").write_bytes(content)
    said = logs("a.log")
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert said.err.startswith(f"error: {says}")
    as_json = logs("a.log", "--json")
    assert as_json.json["error"]["message"].startswith(says)
    assert (as_json.code, as_json.err) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["none.log"], "cannot read none.log: there is no such file"),
        (["*.log"], "no file matches *.log"),
        (["."], ". holds no log"),
        (["-", "--pods", "none"], "cannot read none"),
        (["-", "--rules", "none"], "cannot read none"),
        ([], "Missing argument"),
    ],
)
def test_what_is_not_there_is_refused_with_one_line(logs: Logs, arguments: list[str], says: str) -> None:
    said = logs(*arguments)
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert says in said.err


def test_names_from_a_log_cannot_speak_to_the_terminal(logs: Logs) -> None:
    evil = "outbound|9080|[red]v\x1b[31m|x\x07.default.svc.cluster.local"
    members = json.loads(line(CALL, Format.JSON)) | {"upstream_cluster": evil}
    said = logs(write(json.dumps(members).encode()))
    assert "\x1b" not in said.out
    assert "\x07" not in said.out
    assert "[red]v\ufffd[31m" in said.out


@pytest.mark.e2e
def test_the_real_command_refuses_what_is_no_log_in_one_line(door: FrontDoor) -> None:
    for given, says in ((b"", "stdin: empty"), (b"\0\xff", "stdin: binary, not a log")):
        done = door("logs", "-", stdin=given)
        assert (done.code, done.out, done.error) == (2, "", says)
    done = door("logs", door.cwd / "none.log", "--json")
    assert (done.code, done.err, done.json["error"]["code"]) == (2, "", 2)


@pytest.mark.e2e
def test_ctrl_c_prints_what_was_read_until_then(door: FrontDoor) -> None:
    fifo = door.cwd / "pipe"
    os.mkfifo(fifo)
    running = door.start("logs", fifo, "--json")
    with fifo.open("wb") as pipe:
        pipe.write((line(CALL) + b"\n") * 50_000)
        pipe.flush()
        running.until(lambda: unread(pipe) == 0)
        running.interrupt()
        done = running.done()
    (split,) = done.json["splits"]
    assert (done.code, done.json["complete"]) == (130, False)
    assert 0 < done.json["lines"] == done.json["access"] == split["calls"] <= 50_000


@pytest.mark.e2e
def test_following_ends_with_ctrl_c_and_has_counted_every_line(door: FrontDoor) -> None:
    log = door.cwd / "a.log"
    running = door.start("logs", log, "--follow", "--json")
    running.until(lambda: running.said("waiting for"))
    for _ in range(2):
        with log.open("ab") as file:
            file.write((line(CALL) + b"\n") * 10)
        running.until(lambda: has_read(running.process.pid, log))
    log.rename(door.cwd / "a.log.1")
    log.write_bytes(line(call(request_id="last")) + b"\n")
    running.until(lambda: has_read(running.process.pid, log))
    running.interrupt()
    done = running.done()
    assert (done.code, done.json["lines"], done.json["complete"]) == (0, 21, True)


def has_read(process: int, path: Path) -> bool:
    """Whether a process has the file open, and is at its end."""
    for link in Path(f"/proc/{process}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            if link.readlink() == path:
                position = Path(f"/proc/{process}/fdinfo/{link.name}").read_text().split()[1]
                return int(position) == path.stat().st_size
    return False


def unread(pipe: IO[bytes]) -> int:
    """Bytes that nobody has taken out of the pipe."""
    size = array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, size)
    return size[0]
