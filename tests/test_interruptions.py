"""Ctrl-C, SIGTERM and SIGKILL at every moment: nothing is left running, what was written can be judged."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from front_door import SURE, Done, FrontDoor, Invocation, processes

from analyzer.exit_codes import ExitCode
from analyzer.judge import judge
from analyzer.records import Outcome
from analyzer.run.folder import RunFolder

pytestmark = pytest.mark.e2e

LONG = ("run", "v2=90,v3=10", "--requests", "1000000", "--to-the-end", "--rate", "100", *SURE)
INTERRUPTED = (ExitCode.INTERRUPTED, "", "error: interrupted")


def folder(door: FrontDoor) -> Path:
    """The one run folder that was made."""
    (made,) = (door.cwd / "results").iterdir()
    return made


def runs(invocation: Invocation, what: str) -> bool:
    return any(what in command for command in processes(invocation.mark).values())


def answered(door: FrontDoor) -> bool:
    return any(door.cwd.glob("results/*/requests/*.parquet"))


def ended(door: FrontDoor) -> bool:
    return any(json.loads(file.read_text())["ended"] for file in door.cwd.glob("results/*/run.json"))


def outcome(done: Done) -> tuple[int, str, str]:
    """Code, result and last line; click ends a line that a terminal shows as ^C."""
    return done.code, done.out, done.err.strip().rpartition("\n")[2]


def meshes(door: FrontDoor) -> list[str]:
    return [path.name for path in door.home.iterdir() if path.is_dir()]


@pytest.fixture
def beside(standing: FrontDoor, tmp_path: Path) -> Iterator[FrontDoor]:
    """The mesh that stands for the whole module, and a folder of this test's own."""
    door = FrontDoor(standing.home, tmp_path)
    yield door
    door.close()


Moment = Callable[[FrontDoor, Invocation], bool]
WITHOUT_A_PAGE: dict[str, Moment] = {
    "Bookinfo starts": lambda _, it: runs(it, "bookinfo.json"),
    "the Envoys start": lambda _, it: runs(it, "bootstrap.json"),
    "routes are set": lambda door, _: any(door.home.glob("*/change.lock")),
}


@pytest.mark.parametrize("moment", WITHOUT_A_PAGE.values(), ids=WITHOUT_A_PAGE)
def test_interrupted_before_any_page_the_demo_leaves_nothing(door: FrontDoor, moment: Moment) -> None:
    demo = door.start("demo")
    demo.until(lambda: moment(door, demo))
    demo.interrupt()
    assert outcome(demo.done()) == INTERRUPTED
    assert meshes(door) == []
    assert not (door.cwd / "results").exists()


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")], ids=["SIGINT", "SIGTERM"]
)
def test_interrupted_while_loading_a_run_judges_what_there_is(
    beside: FrontDoor, number: signal.Signals, name: str
) -> None:
    run = beside.start(*LONG)
    run.until(lambda: answered(beside))
    run.process.send_signal(number)
    done = run.done()
    assert "\nending the load to judge what there is; Ctrl-C again leaves at once\n" in done.err
    assert f"\n  the load ended because it was interrupted by {name}\n" in done.out
    assert " match one to one, difference 0\n" in done.out
    assert done.code in (ExitCode.HOLDS, ExitCode.UNDECIDED), done.out
    again = beside("analyze", folder(beside))
    assert (again.code, again.out) == (done.code, done.out)


def test_interrupted_twice_a_run_ends_at_once_and_keeps_what_it_wrote(door: FrontDoor) -> None:
    run = door.start(*LONG)
    run.until(lambda: answered(door))
    run.interrupt()
    run.until(lambda: b"Got SIGTERM" in (folder(door) / "locust.log").read_bytes())
    run.interrupt()
    assert outcome(run.done())[0] in (ExitCode.INTERRUPTED, ExitCode.HOLDS, ExitCode.UNDECIDED)
    assert meshes(door) == []
    assert judge(RunFolder(folder(door))).judged


LATE: dict[str, Moment] = {
    "Locust starts": lambda _, it: runs(it, "locust"),
    "logs are collected": lambda door, _: any(door.cwd.glob("results/*/summary.json")),
    "the run is judged": lambda door, _: ended(door),
}


@pytest.mark.parametrize("moment", LATE.values(), ids=LATE)
def test_interrupted_around_the_load_a_run_can_be_judged_later(beside: FrontDoor, moment: Moment) -> None:
    run = beside.start("run", "v2=90,v3=10", "--within", "5", "--requests", "300")
    run.until(lambda: moment(beside, run))
    run.interrupt()
    done = run.done()
    assert done.code in (ExitCode.INTERRUPTED, ExitCode.UNDECIDED, ExitCode.HOLDS)
    if done.code == ExitCode.INTERRUPTED:
        assert outcome(done) == INTERRUPTED
    assert judge(RunFolder(folder(beside))).outcome is not Outcome.FAIL


def test_a_run_killed_while_loading_leaves_no_process_and_rows_that_are_judged(door: FrontDoor) -> None:
    run = door.start(*LONG)
    run.until(lambda: answered(door))
    run.process.kill()
    assert run.done().code == -signal.SIGKILL
    judgement = judge(RunFolder(folder(door)))
    assert judgement.judged
    assert "the run did not end in order: its last rows and log lines may be missing" in judgement.warnings


@pytest.mark.parametrize("options", [(), ("--detach",)], ids=["up", "up --detach"])
def test_interrupted_while_a_mesh_starts_nothing_stays_up(door: FrontDoor, options: tuple[str, ...]) -> None:
    up = door.start("up", *options)
    up.until(lambda: runs(up, "bootstrap.json"))
    up.interrupt()
    assert outcome(up.done()) == INTERRUPTED
    assert meshes(door) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_mesh_that_stands_is_taken_down_by_either_signal(door: FrontDoor, number: signal.Signals) -> None:
    up = door.start("up")
    up.until(lambda: up.said("/productpage"))
    for _ in range(2):  # impatience changes nothing
        up.process.send_signal(number)
    done = up.done()
    assert done.code == 0
    assert done.err.endswith("\ntaking the mesh down\n")
    assert meshes(door) == []


def test_when_the_owner_is_killed_a_run_elsewhere_says_that_the_mesh_went_away(door: FrontDoor) -> None:
    up = door.start("up")
    up.until(lambda: up.said("/productpage"))
    run = door.start(*LONG)
    run.until(lambda: answered(door))
    up.process.kill()
    done = run.done()
    assert done.code == ExitCode.FAILED
    assert done.error == "the mesh default went away"
    assert done.hint == "look at the shell that ran `weighbridge up`"
    assert up.done().code == -signal.SIGKILL
    assert judge(RunFolder(folder(door))).judged
    assert meshes(door) == ["default"]
    other = door.start("up", "--mesh-name", "other")
    other.until(lambda: meshes(door) == ["other"])  # whatever its name, it clears away what was left
    other.interrupt()
    other.done()
    assert door("status").out == "no mesh is up; start one with `weighbridge up`\n"
