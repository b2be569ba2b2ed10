"""A load of several processes, run by a real Locust: not a row is lost, and nobody is missed in silence."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from front_door import FrontDoor
from loads import RUN, Ended, check_that_all_is_there, finish, start
from page_servers import PageServer, closed_port, serving, three_versions

from analyzer import requests
from analyzer.load_summary import Summary
from locustfiles._command import LoadPlan

pytestmark = pytest.mark.e2e
Plan = Callable[..., LoadPlan]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    def plan(url: str, **changes: object) -> LoadPlan:
        listen = ("127.0.0.1", closed_port())
        given = {
            "url": url,
            "run": RUN,
            "folder": tmp_path / "run",
            "users": 8,
            "processes": 2,
            "listen": listen,
        }
        return LoadPlan(**{**given, **changes})

    return plan


@pytest.fixture
def slow() -> Iterator[PageServer]:
    """Pages that take a second and a half, so that there is always something in flight."""

    def answer(number: int) -> bytes:
        server.closing.wait(1.5)
        return three_versions(number)

    with serving(answer) as server:
        yield server


def workers_of(load: subprocess.Popen[str]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{load.pid}/task/{load.pid}/children").read_text().split()]


@pytest.mark.parametrize("processes", [2, 4])
def test_exactly_the_requests_that_were_asked_for_are_shared_out(plan: Plan, processes: int) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=303, processes=processes)
        ended = finish(start(wanted), wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    share, rest = divmod(303, processes)
    assert ended.counts("worker") == {n: share + (n < rest) for n in range(processes)}


def test_slow_pages_in_flight_are_waited_for(plan: Plan, slow: PageServer) -> None:
    wanted = plan(slow.url, processes=4)
    load = start(wanted, ("--stop-timeout", "5"))
    slow.wait_for(12)
    load.send_signal(signal.SIGTERM)
    ended = finish(load, wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, slow)
    assert ended.counts("status") == {200: len(ended.rows)}


def test_ctrl_c_in_a_terminal_reaches_everybody_and_loses_nothing(plan: Plan, slow: PageServer) -> None:
    wanted = plan(slow.url)
    load = start(wanted, ("--stop-timeout", "5"))
    slow.wait_for(12)
    for pid in [*workers_of(load), load.pid]:
        os.kill(pid, signal.SIGINT)
    ended = finish(load, wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, slow)


def test_pages_slower_than_the_stop_timeout_are_rows_that_were_cut(plan: Plan) -> None:
    with serving(lambda _: None) as server:
        wanted = plan(server.url)
        load = start(wanted, ("--stop-timeout", "1"))
        server.wait_for(8)
        load.send_signal(signal.SIGTERM)
        ended = finish(load, wanted)
        check_that_all_is_there(ended, server)
    assert ended.counts("error") == {"Cut": 8}


def test_a_load_that_starts_and_quits_by_itself_loses_nothing(plan: Plan, slow: PageServer) -> None:
    wanted = plan(slow.url)
    web = ("--headful", "--autostart", "--autoquit", "0", "-t", "3s", "-s", "5")
    load = start(wanted, (*web, "--web-host", "127.0.0.1", "--web-port", str(closed_port())))
    ended = finish(load, wanted)
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, slow)
    assert len(ended.rows) >= 8


def test_a_killed_worker_ends_the_load_and_is_named(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, rate=200.0)
        load = start(wanted)
        server.wait_for(600)
        os.kill(workers_of(load)[0], signal.SIGKILL)
        ended = finish(load, wanted)
    check_that_somebody_is_missed(ended, lost=1)
    assert sorted(ended.counts("worker")) == [0, 1], "the rows that were known are kept"


def test_without_any_worker_the_load_has_failed(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, rate=200.0)
        load = start(wanted)
        server.wait_for(300)
        for pid in workers_of(load):
            os.kill(pid, signal.SIGKILL)
        ended = finish(load, wanted)
    check_that_somebody_is_missed(ended, lost=2)


def check_that_somebody_is_missed(ended: Ended, lost: int) -> None:
    assert ended.code == 4, ended.log
    assert ended.summary is not None
    said = [text for text in ended.summary.trouble if "was killed or cut off: its last rows are lost" in text]
    assert len(said) == lost, ended.summary.trouble
    assert ended.summary.rows == len(ended.rows) > 0


def test_a_worker_that_is_told_to_leave_loses_no_row_but_fails_the_load(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, rate=200.0)
        load = start(wanted)
        server.wait_for(300)
        os.kill(workers_of(load)[0], signal.SIGTERM)
        ended = finish(load, wanted)
    assert ended.code == 4, ended.log
    check_that_all_is_there(ended, server)
    assert ended.summary is not None
    (trouble,) = ended.summary.trouble
    assert trouble in {f"worker {n} left before the load was over" for n in (0, 1)}


def test_workers_do_not_outlive_a_master_that_was_killed(plan: Plan) -> None:
    with serving(three_versions) as server:
        wanted = plan(server.url, rate=100.0)
        load = start(wanted)
        server.wait_for(100)
        workers = workers_of(load)
        load.kill()
        finish(load, wanted)
        deadline = time.monotonic() + 30
        while any(Path(f"/proc/{pid}").exists() for pid in workers):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_workers_from_other_machines_are_waited_for_and_heard(plan: Plan, door: FrontDoor) -> None:
    """They are told where the master is, and nothing else."""
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=101, processes=1, workers=3)
        load = start(wanted)
        where = f"{wanted.listen[0]}:{wanted.listen[1]}"
        others = [door.start("worker", where), door.start("worker", where, "--processes", "2")]
        ended = finish(load, wanted)
        assert [other.done().code for other in others] == [0, 0]
    assert ended.code == 0, ended.log
    check_that_all_is_there(ended, server)
    assert ended.counts("worker") == {0: 34, 1: 34, 2: 33}


def test_every_chunk_says_until_when_nothing_earlier_follows(plan: Plan) -> None:
    """What the live verdict rests on: pages are judged in the order they were asked for."""
    with serving(three_versions) as server:
        wanted = plan(server.url, requests=400, rate=100.0)
        ended = finish(start(wanted), wanted)
    check_that_all_is_there(ended, server)
    for _, rows in ended.rows.groupby("worker"):
        assert 3.9 <= rows["intended"].max() - rows["intended"].min() <= 4.1, "each has its part of the rate"
    paths = sorted((wanted.folder / "requests").glob("*.parquet"))
    chunks = [requests.read_chunk(path) for path in paths]
    assert len(chunks) >= 3
    for number, chunk in enumerate(chunks):
        assert all((later.rows["start"] >= chunk.until).all() for later in chunks[number + 1 :])
    assert chunks[1].until > chunks[0].rows["start"].min(), "it moves on while the load runs"


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
