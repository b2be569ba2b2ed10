"""A run folder that somebody else filled is read within bounds, and writes nowhere but into itself."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from analyzer.access_log.files import LogFile, opened
from analyzer.run import requests, whole_file
from analyzer.run.folder import RunFolder, RunPod
from weighbridge.__main__ import outcome

EXAMPLE = Path(__file__).parent.parent / "results" / "example"
SECRET = "root:$6$not-for-you\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A copy of the recorded run, for somebody to change."""
    return Path(shutil.copytree(EXAMPLE, tmp_path / "run"))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_text(SECRET)
    return path


def error(run: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The one line that judging it comes to."""
    assert outcome(["analyze", str(run)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line.removeprefix("error: ").replace(str(run), "RUN")


def changed(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    told = json.loads((run / "run.json").read_text())
    change(told)
    (run / "run.json").write_text(json.dumps(told))


def link(path: Path, target: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("name", ["../../secret", "/etc/passwd", "..", "a/b", "", "A", "x" * 254, "a\x1b[2J"])
def test_a_pods_name_that_is_no_name_of_a_file_is_refused(
    name: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(run, lambda told: told["pods"][0].update(name=name))
    assert "is no name of a pod" in error(run, capsys)
    with pytest.raises(ValueError, match="is no name of a pod"):
        RunPod(name, "default", {}, "10.0.0.1")


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("run.json", "RUN is no run: it leads out of RUN: run.json; name a folder below results/"),
        ("summary.json", "cannot read RUN/summary.json: it leads out of RUN; record the run again"),
        (
            "requests/000001.parquet",
            "cannot read RUN/requests/000001.parquet: it leads out of RUN; record the run again",
        ),
    ],
)
def test_a_link_that_leads_out_of_the_folder_is_not_followed(
    place: str, said: str, run: Path, secret: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link(run / place, secret)
    assert error(run, capsys) == said


def test_a_log_that_leads_out_of_the_folder_is_not_read(
    run: Path, secret: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (log,) = run.glob("access-log/productpage*/istio-proxy.log")
    link(log, secret)
    assert error(run, capsys).endswith("istio-proxy.log: it leads out of RUN; record the run again")


@pytest.mark.parametrize("place", ["run.json", "summary.json", "requests/000001.parquet"])
def test_a_pipe_is_not_waited_for(place: str, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / place).unlink()
    os.mkfifo(run / place)
    assert "it is no plain file" in error(run, capsys)


@pytest.mark.parametrize("form", ["{}", ".{}.new"])
def test_reports_replace_links_and_never_follow_them(form: str, run: Path, secret: Path) -> None:
    names = ("verdict.json", "report.html", "report.md", "junit.xml")
    for name in names:
        link(run / form.format(name), secret)
    assert outcome(["analyze", str(run)]) == 0
    assert secret.read_text() == SECRET
    assert not [name for name in names if (run / name).is_symlink()]


def test_files_of_ours_are_their_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        whole_file.write(tmp_path / "one", "text")
    finally:
        os.umask(before)
    assert (tmp_path / "one").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "is not readable: Invalid UTF-8|is not readable: 'utf-8' codec|is not readable: JSON"),
        (b"[" * 100_000, "is not readable: "),
        (b'{"format":' + b"[" * 100_000, "is not readable: "),
        (b"[]", "is not readable: Expected `object`"),
        (b'{"format": 1}', "is not readable: 'promise'"),
        (b" " * (17 << 20), "it is larger than 16 MiB"),
    ],
)
def test_a_run_file_out_of_bounds_is_one_line(
    content: bytes, said: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (run / "run.json").write_bytes(content)
    assert any(part in error(run, capsys) for part in said.split("|"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda told: told.update(started=1e300), "started is no Unix second: 1e+300"),
        (lambda told: told.update(live=-1.0), "live is no Unix second: -1"),
        (lambda told: told["promise"].update(claims=["x"] * 1001), "more than 1000 claims"),
        (lambda told: told["promise"].update(alpha=0.0), "alpha 0 is no error rate"),
        (lambda told: told["promise"].update(within=-1), "within -1 points is no margin"),
        (
            lambda told: told["promise"].update(weights={f"v{n}": 1 for n in range(101)}),
            "101 versions have a weight",
        ),
    ],
)
def test_what_no_run_says_of_itself_is_refused(
    change: Callable[[dict[str, Any]], object], said: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(run, change)
    assert said in error(run, capsys)


def test_a_summary_that_is_none_is_one_line(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (run / "summary.json").write_bytes(b'{"run":"\xc4"}')
    assert error(run, capsys).startswith("RUN/summary.json is not readable: ")


def bomb(rows: int) -> pa.Table:
    """Rows that all are the same take next to no room in a file."""
    one = requests.read(EXAMPLE / "requests").head(1)
    table = pa.Table.from_pandas(one, schema=requests.SCHEMA, preserve_index=False)
    return table.take(pa.array([0] * rows))


def test_rows_that_take_no_room_are_not_unpacked(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chunk = run / "requests" / "000009.parquet"
    pq.write_table(bomb(200_000), chunk)
    assert "claims 200,000 rows in " in error(run, capsys)


@pytest.mark.parametrize("column", ["start", "latency_ms", "seq", "worker"])
def test_numbers_that_no_load_writes_are_refused(
    column: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = bomb(2)
    place = table.schema.get_field_index(column)
    wrong = [2**60, 1] if column in ("seq", "worker") else [float("nan"), 1.0]
    field = table.schema.field(column)
    table = table.set_column(place, field, pa.array(wrong, field.type))
    pq.write_table(table, run / "requests" / "000009.parquet")
    assert error(run, capsys).startswith(f"RUN/requests/000009.parquet has a {column} that cannot be")


def test_an_archive_is_unpacked_in_steps_however_much_is_in_it(tmp_path: Path) -> None:
    packed = tmp_path / "log.zst"
    packed.write_bytes(zstandard.compress(bytes(129 << 20)))
    assert packed.stat().st_size < 1 << 15
    buffer = bytearray(130 << 20)
    with opened(LogFile("log.zst", packed)) as (stream, _):
        steps = [stream.raw.readinto(buffer) for _ in range(4)]  # type: ignore[attr-defined]
    assert sum(steps) == 129 << 20
    assert max(steps) <= 128 << 20


def test_a_folder_that_writes_its_own_name_writes_nothing_else(run: Path) -> None:
    """Nothing in a run's file says where to write: the folder that was named is the only place."""
    changed(run, lambda told: told.update(id="../../elsewhere", url="file:///etc/passwd"))
    around = sorted(path.name for path in run.parent.iterdir())
    assert outcome(["analyze", str(run)]) in (0, 3)
    assert sorted(path.name for path in run.parent.iterdir()) == around
    assert RunFolder(run).read().id == "../../elsewhere"
