"""What the command prints, and where: results on stdout alone, whatever becomes of whoever reads them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from front_door import FrontDoor

from analyzer.exit_codes import ExitCode

pytestmark = pytest.mark.e2e

EXAMPLE = Path(__file__).parent.parent / "results" / "example"


def into(stdout: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, with its results going to that file descriptor."""
    command = [sys.executable, "-P", "-m", "weighbridge", *map(str, arguments)]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the recorded run: judging writes its reports."""
    copy = tmp_path_factory.mktemp("run") / "example"
    subprocess.run(["cp", "-r", EXAMPLE, copy], check=True)  # noqa: S607 - the machine's
    return copy


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_a_reader_who_has_seen_enough_changes_no_verdict(example: Path, options: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = into(writer, "analyze", example, *options)
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitCode.HOLDS, "")


@pytest.mark.parametrize("options", [(), ("--json",)], ids=["text", "json"])
def test_a_result_that_finds_no_room_is_an_error(example: Path, options: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        done = into(full.fileno(), "analyze", example, *options)
    assert (done.returncode, done.stderr) == (ExitCode.FAILED, "error: stdout: No space left on device\n")


def test_help_that_nobody_reads_is_no_refuted_claim() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = into(writer, "--help")
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitCode.HOLDS, "")


def test_status_shows_the_routes_in_force(standing: FrontDoor) -> None:
    assert standing("route", "v2=90,v3=10").code == 0
    lines = standing("status").out.splitlines()
    assert lines[0].startswith("default  http://127.0.0.1:")
    assert lines[-2:] == ["  VirtualService/bookinfo: productpage", "  VirtualService/reviews: v2 90, v3 10"]


def test_faults_are_told_in_words(standing: FrontDoor) -> None:
    done = standing("fault", "reviews-v3", "--status", "503", "--share", "20")
    assert done.err == "faults now: reviews-v3 answers 503 to 20 % of requests\n"
    done = standing("fault", "ratings", "--delay", "2", "--json")
    assert done.json == {
        "mesh": "default",
        "faults": [
            "reviews-v3 answers 503 to 20 % of requests",
            "ratings answers after 2 s to 100 % of requests",
        ],
    }
    done = standing("fault", "reviews-v2", "--replicas", "0")
    assert done.err.endswith("; ratings answers after 2 s to 100 % of requests; reviews-v2 is scaled to 0\n")
    assert standing("fault", "--clear").err == "faults now: none\n"
