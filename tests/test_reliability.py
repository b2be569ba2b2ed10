"""The faults of docs/reliability.md on real processes: each is told, every row and line accounted for."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from front_door import SURE, FrontDoor, Invocation, processes
from log_rotation import cut, rotate
from relay import Relay, relaying

from analyzer.exit_codes import ExitCode
from analyzer.judge import judge
from analyzer.judgement import Judgement, Matching
from analyzer.records import Outcome, Weights
from analyzer.report.figures import spell
from analyzer.run import requests
from analyzer.run.calls import LOG_TICK
from analyzer.run.folder import Promise, RunFolder
from analyzer.run.load_summary import Summary
from setup import routes
from setup.local.folder import MeshFolder
from setup.local.mesh import LocalMesh
from weighbridge import folders
from weighbridge.conduct import Live, Wanted, conduct

pytestmark = pytest.mark.e2e

WEIGHTS = Weights.parse("v2=90,v3=10")
LONG = ("run", "v2=90,v3=10", "--requests", "1000000", "--to-the-end", "--rate", "100", *SURE)


@pytest.fixture
def beside(standing: FrontDoor, tmp_path: Path) -> Iterator[FrontDoor]:
    """The mesh that stands for the whole module, and a folder of this test's own."""
    door = FrontDoor(standing.home, tmp_path)
    yield door
    door.close()


def loading(door: FrontDoor, *options: str | Path, **environment: str) -> Invocation:
    """A long run into the folder ``run`` whose first rows are there."""
    run = door.start(*LONG, "--out", "run", *options, **environment)
    run.until(lambda: any(door.cwd.glob("run/requests/*.parquet")))
    return run


def more(run: Invocation, door: FrontDoor, chunks: int = 1) -> None:
    """So many more chunks of rows, which come once a second."""
    wanted = len(list(door.cwd.glob("run/requests/*.parquet"))) + chunks
    run.until(lambda: len(list(door.cwd.glob("run/requests/*.parquet"))) >= wanted)


def kept(folder: Path) -> Judgement:
    """What a run left, judged; every row and every line of it is in the account."""
    found = RunFolder(folder)
    judgement = judge(found)
    rows, matching, lines = requests.read(found.requests), judgement.matching, judgement.lines
    assert matching is not None
    assert lines is not None
    assert matching.pages == matching.exactly_one + matching.asked_again + matching.without_call
    assert lines.lines == lines.access + lines.other + lines.malformed
    summary = Summary.read(folder)
    assert summary is None or summary.rows == len(rows)
    return judgement


def one_to_one(judgement: Judgement, pages: int | None = None) -> Matching:
    """Nothing is lost: each row has its call, and each call its row."""
    assert judgement.matching is not None
    assert judgement.matching.is_perfect, judgement.matching
    assert pages is None or judgement.matching.pages == pages
    return judgement.matching


def pids(run: Invocation, *words: str) -> list[int]:
    return [pid for pid, command in processes(run.mark).items() if all(word in command for word in words)]


@pytest.mark.parametrize("app", ["productpage-v1", "reviews-v3"])
def test_a_sidecar_that_dies_in_mid_run_is_named(door: FrontDoor, app: str) -> None:
    run = loading(door)
    (pid,) = pids(run, "bootstrap.json", f"/{app}-")
    os.kill(pid, signal.SIGKILL)
    done = run.done()
    assert done.code == ExitCode.FAILED
    assert done.error.startswith(f"the Envoy of {app}-")
    assert done.error.endswith(" was killed by SIGKILL")
    judgement = kept(door.cwd / "run")
    assert judgement.outcome is not Outcome.FAIL
    assert judgement.run.ending == done.error


def test_a_load_whose_workers_are_all_killed_names_each_and_keeps_what_came(beside: FrontDoor) -> None:
    run = loading(beside, "--processes", "2")
    locusts = pids(run, "locustfiles")
    workers = [pid for pid in locusts if _parent(pid) in locusts]
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    done = run.done()
    assert (done.code, len(workers)) == (ExitCode.FAILED, 2)
    lost = [f"worker {number} was killed or cut off: its last rows are lost" for number in (0, 1)]
    assert sorted(done.error.split("; ")) == lost
    judgement = kept(beside.cwd / "run")
    assert sorted(judgement.run.missing) == lost
    assert judgement.matching is not None
    assert judgement.matching.without_call == 0, (
        "calls of rows that were lost are there, no row lacks its call"
    )


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


_draw = random.Random(20_261_124)
MOMENTS = [_draw.uniform(0.0, 1.5) for _ in range(10)]
"""In units of the time that a run takes until its first rows are there."""


def killed(place: Path, after: float | None) -> tuple[float, Judgement | None]:
    """A run with a mesh of its own, killed after so many seconds, or when its first rows are there.

    Gives how long it lived, and what it left, if anything.
    """
    place.mkdir()
    with tempfile.TemporaryDirectory(prefix="wb-") as home:
        door = FrontDoor(Path(home), place)
        began = time.monotonic()
        try:
            run = door.start(*LONG, "--out", "run")
            if after is None:
                run.until(lambda: any(place.glob("run/requests/*.parquet")))
            else:
                time.sleep(after)
            run.process.kill()
            lived = time.monotonic() - began
            assert run.done().code == -signal.SIGKILL, "and no process of it is left"
        finally:
            door.close()
    return lived, kept(place / "run") if (place / "run" / "run.json").exists() else None


def test_an_owner_killed_at_ten_random_moments_leaves_no_process_and_what_can_be_judged(
    tmp_path: Path,
) -> None:
    """Drawn with a fixed seed, from before the mesh starts into the load; one more is sure to load."""
    lived, first = killed(tmp_path / "first", None)
    with ThreadPoolExecutor(3) as pool:
        places = [tmp_path / str(number) for number in range(len(MOMENTS))]
        left = list(pool.map(killed, places, [moment * lived for moment in MOMENTS]))
    judged = [judgement for _, judgement in [(lived, first), *left] if judgement is not None]
    assert judged
    for judgement in judged:
        assert judgement.outcome is not Outcome.FAIL
        assert judgement.warnings[0] == (
            "the run did not end in order: its last rows and log lines may be missing"
        )
        lost = judgement.matching.without_call if judgement.matching else 0
        told = f"the calls of {lost} pages are not in the log: PASS and FAIL hold whatever they were"
        assert (told in judgement.warnings) is (lost > 0)


@pytest.fixture
def clock(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A file with the seconds by which the wall clock of whoever has the environment is off."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("a clock that can be set needs a C compiler")
    library, file = tmp_path / "set_clock.so", tmp_path / "clock"
    source = Path(__file__).with_name("set_clock.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O2", source, "-o", library], check=True)
    file.write_text("0")
    return file, {"LD_PRELOAD": str(library), "SET_CLOCK": str(file)}


def test_a_clock_that_is_set_in_mid_run_changes_no_verdict_and_is_told(
    door: FrontDoor, clock: tuple[Path, dict[str, str]]
) -> None:
    """The clock of the command, the load, Bookinfo and each Envoy goes back by an hour."""
    file, environment = clock
    run = loading(door, **environment)
    file.write_text("-3600")
    log = next((door.cwd / "run" / "access-log").glob("productpage-*/istio-proxy.log"))
    before = log.stat().st_size
    run.until(lambda: log.stat().st_size > before + 200_000)
    run.interrupt()
    done = run.done()
    assert done.code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
    judgement = kept(door.cwd / "run")
    one_to_one(judgement)
    assert re.match(r"the clock was set back by (3600\.0|3599\.9) s during the run: ", judgement.warnings[0])
    assert judgement.run.ended is not None
    assert 0 < judgement.run.ended - judgement.run.started < 600
    starts = [line[1:14] for line in log.read_text().splitlines()]
    assert starts[0] > starts[-1], "the proxies' own times did jump"


def through(relay: Relay, mesh: LocalMesh, folder: Path, pages: int) -> Judgement:
    """A load that reaches the mesh by way of the relay, and is judged by the mesh's own logs."""
    wanted = Wanted(Promise(WEIGHTS, 20.0, 0.01, 0.95, pages), 8, 0.0, 15.0, pages, None, False)
    live = mesh.route(routes.split(WEIGHTS))
    with folders.fresh(folder / "run") as fresh:
        conducted = conduct(wanted, fresh, relay.url, mesh, Live(live, live))
    assert conducted.trouble is None
    return kept(folder / "run")


def test_a_slow_network_between_load_and_mesh_loses_nothing(mesh: LocalMesh, tmp_path: Path) -> None:
    with relaying(mesh.url, delay=0.03) as relay:
        judgement = through(relay, mesh, tmp_path, pages=400)
    one_to_one(judgement, 400)
    assert judgement.outcome is Outcome.PASS
    rows = requests.read(tmp_path / "run" / "requests")
    assert rows["latency_ms"].min() >= 30, "the network was slow"


def test_connections_that_are_reset_are_rows_with_their_error_and_calls_that_were_made(
    mesh: LocalMesh, tmp_path: Path
) -> None:
    """The answer is lost on its way back, and so the mesh has drawn a version that no page shows."""
    with relaying(mesh.url, resets=0.05) as relay:
        judgement = through(relay, mesh, tmp_path, pages=400)
    assert relay.lost >= 5
    assert judgement.errors == {"ConnectionResetError": relay.lost}
    matching = judgement.matching
    assert matching is not None
    assert (matching.pages, matching.exactly_one) == (400, 400), "each page has its call"
    assert judgement.by_page.as_dict().get("unknown") == relay.lost
    assert judgement.outcome is Outcome.PASS


def test_a_results_folder_that_is_taken_away_in_mid_run_ends_it_and_is_not_made_again(
    beside: FrontDoor,
) -> None:
    run = loading(beside)
    (beside.cwd / "run").rename(beside.cwd / "elsewhere")
    done = run.done()
    assert (done.code, done.out) == (ExitCode.FAILED, "")
    assert done.error == f"{beside.cwd}/run was taken away while the run lasted"
    assert not (beside.cwd / "run").exists()
    assert kept(beside.cwd / "elsewhere").judged, "what was moved can still be judged"


def test_of_two_runs_at_once_in_one_folder_one_is_refused_and_nothing_mixes(beside: FrontDoor) -> None:
    options = ("--within", "5", "--requests", "300", "--to-the-end", "--json", "--out", "run")
    both = [beside.start("run", "v2=90,v3=10", *options) for _ in range(2)]
    refused, finished = sorted((run.done() for run in both), key=lambda done: done.code != ExitCode.USAGE)
    assert refused.code == ExitCode.USAGE
    assert refused.json["error"]["message"] in {
        f"another run writes to {beside.cwd}/run",
        f"{beside.cwd}/run holds something already",
    }
    assert finished.code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
    one_to_one(kept(beside.cwd / "run"), 300)


def test_routes_that_somebody_changes_in_mid_run_end_it_and_what_came_before_is_judged(
    beside: FrontDoor,
) -> None:
    run = loading(beside)
    assert beside("route", "v2=0,v3=100").code == 0
    done = run.done()
    judgement = kept(beside.cwd / "run")
    assert judgement.outcome is not Outcome.FAIL, "v3 got all, and nothing of that counts"
    assert done.code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
    assert judgement.run.ending == "somebody else changed the routes"
    rows = requests.read(beside.cwd / "run" / "requests")
    assert judgement.matching is not None
    excluded = len(rows) - judgement.matching.pages
    changed, count = judgement.warnings[:2]
    assert changed.startswith("somebody else changed the routes after ")
    assert count == f"{excluded} pages from the time of other routes are not counted"


def test_a_version_that_goes_and_comes_back_in_mid_run_is_still_the_one_that_was_drawn(
    beside: FrontDoor,
) -> None:
    """Its pods answer 503 meanwhile: a proxy that draws it logs so, and Bookinfo asks a second time."""
    run = loading(beside)
    assert beside("fault", "reviews-v3", "--status", "503").code == 0
    more(run, beside, 2)
    assert beside("fault", "--clear").code == 0
    more(run, beside)
    run.interrupt()
    done = run.done()
    assert done.code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
    matching = kept(beside.cwd / "run").matching
    assert matching is not None
    assert (matching.without_call, matching.without_page) == (0, 0)
    assert matching.asked_again > 0


def test_a_version_scaled_to_zero_in_mid_run_fails_where_it_is_drawn_until_it_is_scaled_back(
    beside: FrontDoor,
) -> None:
    run = loading(beside)
    left = time.time()
    assert beside("fault", "reviews-v3", "--replicas", "0").err == "faults now: reviews-v3 is scaled to 0\n"
    run.until(lambda: len(_to_v3(beside, " 503 UH ")) >= 5)
    assert beside("fault", "reviews-v3", "--replicas", "1").err == "faults now: none\n"
    back, before = time.time(), len(_to_v3(beside, " 200 - "))
    run.until(lambda: len(_to_v3(beside, " 200 - ")) > before)
    more(run, beside)
    run.interrupt()
    done = run.done()
    judgement = kept(beside.cwd / "run")
    assert done.code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
    assert judgement.run.ending == "it was interrupted by Ctrl-C", "no route was changed"
    assert judgement.run.missing == ()
    matching = judgement.matching
    assert matching is not None
    assert (matching.without_call, matching.without_page, matching.disagree) == (0, 0, 0)
    drawn = len(_to_v3(beside, " 503 UH "))
    (away,) = judgement.failures
    assert (away.version, away.code, away.flags, away.calls) == ("v3", 503, "UH", drawn)
    assert left - LOG_TICK <= away.first <= away.last <= back
    assert matching.calls == matching.pages + drawn - judgement.errors.get("reviews", 0), (
        "each of them is asked for again, once, and where that failed, too, the page says so"
    )
    assert f"{drawn} calls to v3, code 503 UH: no healthy upstream ({spell(away.first, away.last)} UTC)" in (
        done.out
    )


def _to_v3(door: FrontDoor, told: str) -> list[str]:
    """The run's lines of calls to reviews-v3 that say so."""
    (log,) = (door.cwd / "run" / "access-log").glob("productpage-*/istio-proxy.log")
    return [line for line in log.read_text().splitlines() if "|v3|reviews." in line and told in line]


def test_logs_that_are_rotated_in_mid_run_lose_no_line(beside: FrontDoor) -> None:
    paced = ("--requests", "1500", "--rate", "300", "--to-the-end", "--out", "run")
    run = beside.start("run", "v2=90,v3=10", *paced, "--json")
    for number in (1, 2, 3):
        chunk = beside.cwd / "run" / "requests" / f"{number:06d}.parquet"
        run.until(chunk.exists)
        rotate(MeshFolder("default", beside.home / "default"))
    assert run.done().code in (ExitCode.HOLDS, ExitCode.UNDECIDED)
    judgement = kept(beside.cwd / "run")
    assert judgement.run.missing == ()
    one_to_one(judgement, 1500)


def test_logs_that_are_emptied_in_mid_run_are_told_of_and_what_is_lost_is_counted(beside: FrontDoor) -> None:
    run = loading(beside)
    more(run, beside)
    cut(MeshFolder("default", beside.home / "default"))
    more(run, beside)
    run.interrupt()
    run.done()
    judgement = kept(beside.cwd / "run")
    told = [word for word in judgement.run.missing if "was cut short while the run lasted" in word]
    assert any(word.startswith("the log of productpage-v1-") for word in told)
    assert judgement.outcome is not Outcome.FAIL
