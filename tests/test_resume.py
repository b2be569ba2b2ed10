"""A run that ended too early is gone on with where that makes sense, and refused with a reason where not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from front_door import FrontDoor
from gone_on import gone_on_with

from analyzer.errors import JudgementError
from analyzer.exit_codes import ExitCode
from analyzer.run import requests
from analyzer.run.folder import Earlier, Resumed, Run, RunFolder
from weighbridge import folders, resume

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "results" / "example"
MANIFEST = ROOT / "setup" / "manifests" / "reviews-v2-90-v3-10.yaml"
ASKED = ("v2=90,v3=10", "--within", "5", "--requests", "500", "--to-the-end", "--rate", "100")


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The recorded run, as if it had been broken off; its verdict was certain."""
    shutil.copytree(EXAMPLE, tmp_path / "run")
    return RunFolder(tmp_path / "run")


def unfinished(run: Run) -> Run:
    """The same run with a promise that its 726 calls do not settle, and more of the load to come."""
    return replace(
        run,
        promise=replace(run.promise, within=1.0, budget=100_000),
        load={**run.load, "requests": 1000},
        ended=None,
        ending="",
    )


def test_what_is_left_is_what_was_asked_for_less_what_was_done(folder: RunFolder) -> None:
    folder.write(unfinished(folder.read()))
    with resume.opened(folder.path) as rest:
        assert rest.wanted.requests == 1000 - 726
        assert (rest.wanted.promise, rest.wanted.part) == (folder.read().promise, 1)
        assert [one.ending for one in rest.run.resumed] == ["it was killed, or its machine went down"]
        assert (rest.run.started, rest.run.live) == (folder.read().started, folder.read().live)


def _certain(run: Run) -> Run:
    return run


def _complete(run: Run) -> Run:
    return replace(unfinished(run), load={**run.load, "requests": 726})


def _changed_by_us(run: Run) -> Run:
    return replace(unfinished(run), earlier=(Earlier(run.promise, None, None, run.started),))


def _changed_by_others(run: Run) -> Run:
    return replace(unfinished(run), until=run.started + 1)


def _in_a_shape(run: Run) -> Run:
    return replace(unfinished(run), load={**run.load, "shape": "spike"})


def _too_often(run: Run) -> Run:
    return replace(unfinished(run), resumed=(Resumed(run.started, "it was killed"),) * 99)


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (_certain, "the verdict of the run is certain already: PASS"),
        (_complete, "the load of the run is complete: 726 pages were asked for"),
        (_changed_by_us, "weights were changed while the run lasted: it has no one promise"),
        (_changed_by_others, "the routes were changed by somebody else while the run lasted"),
        (_in_a_shape, "a spike cannot begin in its middle"),
        (_too_often, "the run was gone on with 99 times already"),
    ],
)
def test_what_cannot_go_on_is_refused_with_a_reason_and_left_as_it_was(
    folder: RunFolder, changed: Callable[[Run], Run], why: str
) -> None:
    folder.write(changed(folder.read()))
    before = {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}
    with pytest.raises(JudgementError) as refused, resume.opened(folder.path):
        pass
    assert str(refused.value) == why
    assert refused.value.hint
    assert {path: path.read_bytes() for path in folder.path.rglob("*") if path.is_file()} == before


def test_a_run_that_somebody_still_writes_to_is_refused(folder: RunFolder) -> None:
    with (
        folders.claimed(folder.path),
        pytest.raises(JudgementError, match="another run writes to"),
        resume.opened(folder.path),
    ):
        pass


@pytest.mark.e2e
def test_a_run_that_was_killed_is_gone_on_with_to_its_end(door: FrontDoor) -> None:
    judgement = gone_on_with(door, *ASKED, pages=500)
    rows = requests.read(RunFolder(door.cwd / "run").requests)
    second = rows[rows["worker"] == 10_000]
    assert judgement.warnings[0].endswith(" because it was killed, or its machine went down")
    assert (second["start"] > judgement.run.resumed[0].at).all(), "the gap stands between both parts"


@pytest.mark.e2e
def test_a_run_whose_routes_hold_what_no_record_shows_is_gone_on_with(standing: FrontDoor) -> None:
    (standing.cwd / "routes.yaml").write_text(
        MANIFEST.read_text() + "      headers: {request: {set: {authorization: Bearer of-somebody}}}\n"
    )
    assert standing("route", "-f", "routes.yaml").code == 0
    asked = ("--within", "5", "--requests", "200", "--to-the-end", "--rate", "100", "--out", "secret")
    run = standing.start("run", "--expect", "v2=90,v3=10", "--no-route", *asked)
    run.until(lambda: any(standing.cwd.glob("secret/requests/*.parquet")))
    run.interrupt()
    assert run.done().code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
    done = standing("run", "--resume", "secret")
    assert done.code in (ExitCode.HOLDS, ExitCode.UNDECIDED), done.err
    assert "of-somebody" not in (standing.cwd / "secret" / "run.json").read_text()


@pytest.mark.e2e
def test_a_run_that_was_interrupted_is_gone_on_with_twice_on_a_mesh_that_stands(
    standing: FrontDoor,
) -> None:
    run = standing.start("run", *ASKED, "--out", "run", "--processes", "2")
    for part in range(2):
        chunks = len(list(standing.cwd.glob("run/requests/*.parquet")))
        run.until(lambda known=chunks: len(list(standing.cwd.glob("run/requests/*.parquet"))) > known)  # type: ignore[misc] # mypy cannot infer a default
        run.interrupt()
        assert run.done().code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
        assert (standing.cwd / "run" / "verdict.json").exists()
        run = standing.start("run", "--resume", "run", "--json")
        assert part < 2
    done = run.done()
    assert done.json["unmatched"] == {"pages": 0, "calls": 0}
    assert sum(done.json["witnesses"]["proxy"].values()) == 500
    folder = RunFolder(standing.cwd / "run")
    assert [one.ending for one in folder.read().resumed] == ["it was interrupted by Ctrl-C"] * 2
    kept = sorted(path.name for path in folder.path.glob("summary*.json"))
    assert kept == ["summary-1.json", "summary-2.json", "summary.json"]
    assert sum(json.loads((folder.path / name).read_text())["rows"] for name in kept) == 500
    again = standing("run", "--resume", "run")
    assert (again.code, again.error) == (2, "the load of the run is complete: 500 pages were asked for")
    refused = standing("run", "--resume", "run", "--alpha", "0.05")
    assert (refused.code, refused.out) == (2, "")
