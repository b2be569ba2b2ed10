"""What dies or fills up in mid-run: one message, the code of a failed mesh or load, nothing is lost."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from front_door import SURE, Done, FrontDoor, processes

from analyzer.exit_codes import ExitCode
from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.run.folder import RunFolder
from setup.local.topology import topology

pytestmark = pytest.mark.e2e

LONG = ("run", "v2=90,v3=10", "--requests", "1000000", "--to-the-end", "--out", "run", *SURE)


def kill_in_mid_run(door: FrontDoor, victim: str) -> Done:
    """Start a run, and kill the process whose command names the victim once pages are answered."""
    run = door.start(*LONG, "--rate", "100")
    run.until(lambda: any(door.cwd.glob("run/requests/*.parquet")))
    (pid,) = (pid for pid, command in processes(run.mark).items() if victim in command)
    os.kill(pid, signal.SIGKILL)
    return run.done()


def check(done: Done, message: str, hint: str) -> None:
    """One line, the code for it, and no result."""
    assert (done.code, done.out) == (ExitCode.FAILED, "")
    assert (done.error, done.hint) == (message, hint)


def kept(door: FrontDoor) -> Judgement:
    """What the run leaves, judged again."""
    return judge(RunFolder(door.cwd / "run"))


@pytest.fixture
def small(home: Path) -> Iterator[Path]:
    """A disk of two megabytes, at a path that is short enough for sockets."""
    disk = home / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "weighbridge-test", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("a small disk needs mount(8)")
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)  # noqa: S607 - the machine's


def test_an_envoy_that_dies_in_mid_run_is_named(door: FrontDoor) -> None:
    pod = topology(0, 0).gateway.pod.name
    message = f"the Envoy of {pod} was killed by SIGKILL"
    check(
        kill_in_mid_run(door, f"{pod}/bootstrap.json"), message, "start the mesh again with `weighbridge up`"
    )
    assert kept(door).run.ending == message
    assert kept(door).judged


def test_a_bookinfo_that_dies_in_mid_run_is_named(door: FrontDoor) -> None:
    message = "Bookinfo was killed by SIGKILL"
    check(kill_in_mid_run(door, "bookinfo.json"), message, "start the mesh again with `weighbridge up`")
    assert kept(door).run.ending == message
    assert kept(door).judged


def test_a_mesh_ends_with_the_first_of_its_parts(door: FrontDoor) -> None:
    up = door.start("up")
    up.until(lambda: up.said("Ctrl-C ends it"))
    (pid,) = (pid for pid, command in processes(up.mark).items() if "reviews-v2" in command)
    os.kill(pid, signal.SIGKILL)
    done = up.done()
    assert done.code == ExitCode.FAILED
    assert done.error.startswith("the Envoy of reviews-v2-")
    assert done.error.endswith(" was killed by SIGKILL")
    assert not (door.home / "default").exists()


def test_a_load_that_dies_in_mid_run_is_named(standing: FrontDoor) -> None:
    message = "Locust was killed by SIGKILL"
    hint = f"its whole output is in {standing.cwd}/run/locust.log"
    check(kill_in_mid_run(standing, "locust"), message, hint)
    assert kept(standing).run.ending == message
    assert kept(standing).judged


def test_a_run_on_a_full_disk_says_so_and_what_it_wrote_is_judged(standing: FrontDoor, small: Path) -> None:
    run = small / "run"
    done = standing("run", "v2=90,v3=10", "--requests", "1000000", "--to-the-end", "--out", run)
    check(
        done,
        f"cannot write to {run}: No space left on device",
        f"what came into it before can be judged: `weighbridge analyze {run}`",
    )
    again = standing("analyze", run)
    assert judge(RunFolder(run)).judged
    assert "reviews calls in productpage's outbound log" in again.out
    assert again.err == (
        f"warning: the reports are as they were: cannot write to {run}: No space left on device\n"
    )


def test_proxies_that_cannot_write_their_logs_fail_the_run(door: FrontDoor, small: Path) -> None:
    """The mesh lives on the small disk, the run does not."""
    done = door(*LONG[:3], "3000", *LONG[4:], WEIGHBRIDGE_HOME=str(small))
    assert (done.code, done.out) == (ExitCode.FAILED, "")
    assert "to write its log: is the disk full?" in done.error
    assert done.hint == f"what was seen is in {door.cwd}/run/report.html"
    judgement = kept(door)
    assert judgement.run.missing
    assert judgement.matching is not None
    assert judgement.matching.pages == 3000
    assert 0 < judgement.matching.calls < 3000


def test_a_mesh_finds_no_room(door: FrontDoor, small: Path) -> None:
    (small / "ballast").write_bytes(bytes(2**21 - 2**14))
    done = door("up", WEIGHBRIDGE_HOME=str(small))
    check(
        done,
        f"cannot write to {small}/default: No space left on device",
        "make room there, or set WEIGHBRIDGE_HOME to another folder",
    )
    assert not (small / "default").exists()


@pytest.mark.parametrize("verb", [("up",), ("up", "--detach"), ("run", "v2=90,v3=10")], ids=" ".join)
def test_a_taken_port_is_named(door: FrontDoor, verb: tuple[str, ...]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = door(*verb, "--port", str(port))
    check(
        done,
        f"the gateway cannot listen on 127.0.0.1:{port}: Address already in use",
        "choose another with --port, or leave it out to get a free one",
    )
    assert not (door.home / "default").exists()
    assert not (door.cwd / "results").exists()
