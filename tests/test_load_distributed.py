"""A load of several processes, run by a real Locust: not a row is lost, and nobody is missed in silence.

The loads mostly wait, so three of them run at a time; each test looks at what one of them left behind.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from front_door import FrontDoor, processes
from loads import RUN, Ended, check_that_all_is_there, finish, start
from page_servers import PageServer, serving, three_versions
from ports import free_port

from analyzer.run import requests
from analyzer.run.folder import RunFolder
from analyzer.run.load_summary import Summary
from locustfiles._command import LoadPlan

pytestmark = pytest.mark.e2e
Outcome = tuple[Ended, PageServer, LoadPlan]
Scenario = Callable[[Path], Outcome]
SCENARIOS: dict[str, Scenario] = {}


def scenario(run: Scenario) -> Scenario:
    """A load of the module; the test of the same name looks at its outcome."""
    SCENARIOS[run.__name__] = run
    return run


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Outcome]]]:
    with ThreadPoolExecutor(3) as pool:
        futures = {name: pool.submit(run, tmp_path_factory.mktemp("load")) for name, run in SCENARIOS.items()}
        yield futures
        for future in futures.values():
            future.cancel()


@pytest.fixture
def outcome(request: pytest.FixtureRequest, running: Mapping[str, Future[Outcome]]) -> Outcome:
    """What the test's own load left behind."""
    name: str = request.node.name.partition("[")[0].removeprefix("test_")
    return running[name].result(timeout=180)


def plan(folder: Path, url: str, **changes: object) -> LoadPlan:
    listen = ("127.0.0.1", free_port())
    given = {"url": url, "run": RUN, "folder": folder / "run", "users": 8, "processes": 2, "listen": listen}
    return LoadPlan(**{**given, **changes})


def slow(number: int) -> bytes:
    """A page that takes a second and a half, so that there is always something in flight."""
    time.sleep(1.5)
    return three_versions(number)


def workers_of(load: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{load.pid}/task/{load.pid}/children").read_text().split()]


def has_rows(wanted: LoadPlan) -> None:
    """Wait until rows of every worker are on disk."""
    deadline = time.monotonic() + 60
    while requests.read(wanted.folder / "requests")["worker"].nunique() < wanted.processes:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@scenario
def exactly_the_requests_that_were_asked_for_are_shared_out(folder: Path) -> Outcome:
    with serving(three_versions) as server:
        wanted = plan(folder, server.url, requests=303, processes=4)
        return finish(start(wanted), wanted), server, wanted


def test_exactly_the_requests_that_were_asked_for_are_shared_out(outcome: Outcome) -> None:
    ended, server, _ = outcome
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert ended.counts("worker") == {0: 76, 1: 76, 2: 76, 3: 75}


@scenario
def slow_pages_in_flight_are_waited_for(folder: Path) -> Outcome:
    with serving(slow) as server:
        wanted = plan(folder, server.url, processes=4)
        load = start(wanted, ("--stop-timeout", "5"))
        server.wait_for(12)
        load.send_signal(signal.SIGTERM)
        return finish(load, wanted), server, wanted


def test_slow_pages_in_flight_are_waited_for(outcome: Outcome) -> None:
    ended, server, _ = outcome
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert ended.counts("status") == {200: len(ended.rows)}


@scenario
def ctrl_c_in_a_terminal_reaches_everybody_and_loses_nothing(folder: Path) -> Outcome:
    with serving(slow) as server:
        wanted = plan(folder, server.url, processes=4)
        load = start(wanted, ("--stop-timeout", "5"))
        server.wait_for(12)
        for pid in [*workers_of(load), load.pid]:
            os.kill(pid, signal.SIGINT)
        return finish(load, wanted), server, wanted


def test_ctrl_c_in_a_terminal_reaches_everybody_and_loses_nothing(outcome: Outcome) -> None:
    ended, server, _ = outcome
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)


@scenario
def pages_slower_than_the_stop_timeout_are_rows_that_were_cut(folder: Path) -> Outcome:
    with serving(lambda _: None) as server:
        wanted = plan(folder, server.url)
        load = start(wanted, ("--stop-timeout", "1"))
        server.wait_for(8)
        load.send_signal(signal.SIGTERM)
        return finish(load, wanted), server, wanted


def test_pages_slower_than_the_stop_timeout_are_rows_that_were_cut(outcome: Outcome) -> None:
    ended, server, _ = outcome
    check_that_all_is_there(ended, server)
    assert ended.counts("error") == {"Cut": 8}


@scenario
def a_load_that_starts_and_quits_by_itself_loses_nothing(folder: Path) -> Outcome:
    with serving(slow) as server:
        wanted = plan(folder, server.url)
        web = ("--headful", "--autostart", "--autoquit", "0", "-t", "3s", "-s", "5")
        load = start(wanted, (*web, "--web-host", "127.0.0.1", "--web-port", str(free_port())))
        return finish(load, wanted), server, wanted


def test_a_load_that_starts_and_quits_by_itself_loses_nothing(outcome: Outcome) -> None:
    ended, server, _ = outcome
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert len(ended.rows) >= 2


@scenario
def a_killed_worker_ends_the_load_and_is_named(folder: Path) -> Outcome:
    with serving(three_versions) as server:
        wanted = plan(folder, server.url, rate=200.0)
        load = start(wanted)
        server.wait_for(1)
        has_rows(wanted)
        os.kill(workers_of(load)[0], signal.SIGKILL)
        return finish(load, wanted), server, wanted


def test_a_killed_worker_ends_the_load_and_is_named(outcome: Outcome) -> None:
    ended, _, _ = outcome
    check_that_somebody_is_missed(ended, lost=1)
    assert sorted(ended.counts("worker")) == [0, 1], "the rows that were known are kept"


@scenario
def without_any_worker_the_load_has_failed(folder: Path) -> Outcome:
    with serving(three_versions) as server:
        wanted = plan(folder, server.url, rate=200.0)
        load = start(wanted)
        server.wait_for(1)
        has_rows(wanted)
        for pid in workers_of(load):
            os.kill(pid, signal.SIGKILL)
        return finish(load, wanted), server, wanted


def test_without_any_worker_the_load_has_failed(outcome: Outcome) -> None:
    ended, _, _ = outcome
    check_that_somebody_is_missed(ended, lost=2)


def check_that_somebody_is_missed(ended: Ended, lost: int) -> None:
    assert ended.code == 4, ended.log
    assert ended.summary is not None
    said = [text for text in ended.summary.trouble if "was killed or cut off: its last rows are lost" in text]
    assert len(said) == lost, ended.summary.trouble
    assert ended.summary.rows == len(ended.rows) > 0


@scenario
def a_worker_that_is_told_to_leave_loses_no_row_but_fails_the_load(folder: Path) -> Outcome:
    with serving(three_versions) as server:
        wanted = plan(folder, server.url, rate=200.0)
        load = start(wanted)
        server.wait_for(100)
        os.kill(workers_of(load)[0], signal.SIGTERM)
        return finish(load, wanted), server, wanted


def test_a_worker_that_is_told_to_leave_loses_no_row_but_fails_the_load(outcome: Outcome) -> None:
    ended, server, _ = outcome
    assert ended.code == 4, ended.log
    check_that_all_is_there(ended, server)
    assert ended.summary is not None
    (trouble,) = ended.summary.trouble
    assert trouble in {f"worker {n} left before the load was over" for n in (0, 1)}


@scenario
def workers_do_not_outlive_a_master_that_was_killed(folder: Path) -> Outcome:
    with serving(three_versions) as server:
        wanted = plan(folder, server.url, rate=100.0)
        load = start(wanted)
        server.wait_for(100)
        workers = workers_of(load)
        load.kill()
        ended = finish(load, wanted)
        deadline = time.monotonic() + 30
        while any(Path(f"/proc/{pid}").exists() for pid in workers):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return ended, server, wanted


def test_workers_do_not_outlive_a_master_that_was_killed(outcome: Outcome) -> None:
    ended, _, _ = outcome
    assert ended.summary is None


@scenario
def every_chunk_says_until_when_nothing_earlier_follows(folder: Path) -> Outcome:
    with serving(three_versions) as server:
        wanted = plan(folder, server.url, requests=400, rate=100.0)
        return finish(start(wanted), wanted), server, wanted


def test_every_chunk_says_until_when_nothing_earlier_follows(outcome: Outcome) -> None:
    """What the live verdict rests on: pages are judged in the order they were asked for."""
    ended, server, wanted = outcome
    check_that_all_is_there(ended, server)
    for _, rows in ended.rows.groupby("worker"):
        assert 3.9 <= rows["intended"].max() - rows["intended"].min() <= 4.1, "each has its part of the rate"
    chunks = [requests.read_chunk(path) for path in sorted((wanted.folder / "requests").glob("*.parquet"))]
    assert len(chunks) >= 3
    for number, chunk in enumerate(chunks):
        assert all((later.rows["start"] >= chunk.until).all() for later in chunks[number + 1 :])
    assert chunks[-2].until > chunks[0].rows["start"].min(), "it moves on while the load runs"


def test_workers_from_other_machines_are_waited_for_and_heard(door: FrontDoor, tmp_path: Path) -> None:
    """They are told where the master is, and nothing else."""
    with serving(three_versions) as server:
        wanted = plan(tmp_path, server.url, requests=101, processes=1, workers=3)
        load = start(wanted)
        where = f"{wanted.listen[0]}:{wanted.listen[1]}"
        others = [door.start("worker", where), door.start("worker", where, "--processes", "2")]
        ended = finish(load, wanted)
        assert [other.done().code for other in others] == [0, 0]
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert ended.counts("worker") == {0: 34, 1: 34, 2: 33}


def test_the_verdict_stops_a_load_of_several_processes_too(standing: FrontDoor) -> None:
    """A correct mesh fails here with a probability of at most 5 %, measured 0.2 %."""
    options = ("--within", "20", "--alpha", "0.05", "--processes", "2", "--out", "both", "--json")
    done = standing("run", "v2=50,v3=50", *options)
    assert (done.code, done.json["ending"]) == (0, "the verdict is certain"), done.err
    summary = Summary.read(standing.cwd / "both")
    assert summary is not None
    assert done.json["unmatched"] == {"pages": 0, "calls": 0}
    assert sum(done.json["witnesses"]["page"].values()) == sum(one.rows for one in summary.workers)
    assert [one.worker for one in summary.workers if one.rows] == [0, 1]


def test_a_run_that_lost_a_worker_names_it_and_is_still_reported(standing: FrontDoor) -> None:
    options = ("--processes", "2", "--rate", "100", "--time", "60", "--to-the-end", "--out", "lost", "--json")
    run = standing.start("run", "v2=50,v3=50", *options)
    run.until(lambda: any((standing.cwd / "lost" / "requests").glob("*.parquet")))
    loads = [pid for pid, command in processes(run.mark).items() if "locustfiles" in command]
    worker = next(pid for pid in loads if parent(pid) in loads)
    os.kill(worker, signal.SIGKILL)
    done = run.done()
    assert done.code == 4
    assert re.fullmatch(
        r"worker [01] was killed or cut off: its last rows are lost", done.json["error"]["message"]
    )
    assert RunFolder(standing.cwd / "lost").read().missing == (done.json["error"]["message"],)
    assert (standing.cwd / "lost" / "report.html").exists()


def parent(pid: int) -> int:
    stat = Path(f"/proc/{pid}/stat").read_text()
    return int(stat.rpartition(")")[2].split()[1])
