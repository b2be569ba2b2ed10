"""A run folder at any moment of its making: judged, with what is missing said, or refused in one sentence."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from front_door import FrontDoor

from analyzer.errors import ExplainedError
from analyzer.judge import judge
from analyzer.records import Outcome
from analyzer.run import requests
from analyzer.run.folder import RunFolder

EXAMPLE = Path(__file__).parent.parent / "results" / "example"
KILLED = "the run did not end in order: its last rows and log lines may be missing"


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The recorded run as a killed one left it: no summary, no end, no verdict."""
    shutil.copytree(EXAMPLE, tmp_path / "run")
    found = RunFolder(tmp_path / "run")
    found.write(replace(found.read(), ended=None, ending=""))
    for name in ("summary.json", "verdict.json", "report.html", "report.md", "junit.xml"):
        (found.path / name).unlink()
    return found


def outbound(folder: RunFolder) -> Path:
    return next(folder.access_log.glob("productpage-*/istio-proxy.log"))


def test_a_killed_run_is_judged_and_says_so(folder: RunFolder) -> None:
    judgement = judge(folder)
    assert judgement.outcome is Outcome.PASS
    assert KILLED in judgement.warnings


def test_a_log_that_ends_within_a_line_is_judged_and_the_calls_it_lacks_are_counted(
    folder: RunFolder,
) -> None:
    log = outbound(folder)
    whole = log.read_bytes()
    log.write_bytes(whole[: random.Random(1).randrange(len(whole) * 3 // 4, len(whole))])
    judgement = judge(folder)
    assert judgement.matching is not None
    lost = judgement.matching.without_call
    assert lost > 0
    assert f"the calls of {lost} pages are not in the log: PASS and FAIL hold whatever they were" in (
        judgement.warnings
    )


def test_a_chunk_that_is_gone_is_named(folder: RunFolder) -> None:
    requests.chunk(folder.requests, 3).unlink()
    judgement = judge(folder)
    assert "requests/000003.parquet is not there: its rows are lost" in judgement.warnings
    assert judgement.matching is not None
    assert judgement.matching.without_page > 0


def test_before_the_first_page_there_is_a_folder_that_proves_nothing(folder: RunFolder) -> None:
    shutil.rmtree(folder.requests)
    shutil.rmtree(folder.access_log)
    judgement = judge(folder)
    assert (judgement.outcome, judgement.judged) == (Outcome.UNDECIDED, 0)


def _half_a_chunk(folder: RunFolder) -> None:
    path = requests.chunk(folder.requests, 2)
    path.write_bytes(path.read_bytes()[:200])


def _half_a_summary(folder: RunFolder) -> None:
    (folder.path / "summary.json").write_text('{"run": "x", "requ')


def _of_the_future(folder: RunFolder) -> None:
    data = json.loads(folder.run_file.read_text())
    folder.run_file.write_text(json.dumps({**data, "format": 2, "weighbridge": "9.0"}))


@pytest.mark.parametrize(
    ("damage", "what", "hint"),
    [
        (
            _half_a_chunk,
            "000002.parquet is no chunk of request rows",
            "record the run again",
        ),
        (_half_a_summary, "summary.json is not readable", "record the run again"),
        (_of_the_future, "format 2, written by weighbridge 9.0", "judge it with a newer weighbridge"),
    ],
)
def test_what_a_disk_or_a_newer_version_did_is_refused_with_what_to_do(
    folder: RunFolder, damage: Callable[[RunFolder], None], what: str, hint: str
) -> None:
    damage(folder)
    with pytest.raises(ExplainedError) as refused:
        judge(folder)
    assert what in str(refused.value)
    assert hint in refused.value.hint


@pytest.mark.e2e
def test_a_run_can_be_read_at_any_moment_while_it_lasts(standing: FrontDoor) -> None:
    """Copied and judged again and again, from the first file to the last; nothing is ever half there."""
    run = standing.start(
        "run", "v2=90,v3=10", "--requests", "600", "--rate", "50", "--to-the-end", "--out", "run"
    )
    folder = RunFolder(standing.cwd / "run")
    run.until(folder.run_file.exists)
    seen: list[int] = []
    while run.process.poll() is None:
        judgement = judge(folder)
        assert judgement.outcome is not Outcome.FAIL
        seen.append(judgement.matching.pages if judgement.matching else 0)
        time.sleep(0.2)  # some looks a second are enough to find one torn file
    run.done()
    assert seen == sorted(seen)
    assert len(set(seen)) > 3, "it was read while it grew"
    last = judge(folder).matching
    assert last is not None
    assert last.is_perfect


@pytest.mark.e2e
def test_an_analyze_of_a_run_of_the_future_changes_nothing(door: FrontDoor) -> None:
    shutil.copytree(EXAMPLE, door.cwd / "run")
    folder = RunFolder(door.cwd / "run")
    _of_the_future(folder)
    before = {path.name: path.read_bytes() for path in folder.path.iterdir() if path.is_file()}
    done = door("analyze", "run")
    assert (done.code, done.out) == (2, "")
    assert done.error == (
        "run/run.json has format 2, written by weighbridge 9.0; this weighbridge reads format 1; "
        "judge it with a newer weighbridge"
    ), done.err
    assert {path.name: path.read_bytes() for path in folder.path.iterdir() if path.is_file()} == before
