"""A run that is killed and gone on with: what holds of it on whichever mesh."""

from __future__ import annotations

import signal

from front_door import FrontDoor

from analyzer.exit_codes import ExitCode
from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.run import requests
from analyzer.run.folder import RunFolder


def gone_on_with(door: FrontDoor, *asked: str, pages: int) -> Judgement:
    """Kill ``run`` with these arguments before it has asked for so many pages, and have it gone on with."""
    run = door.start("run", *asked, "--out", "run")
    run.until(lambda: len(list(door.cwd.glob("run/requests/*.parquet"))) >= 2)
    run.process.kill()
    assert run.done().code == -signal.SIGKILL
    folder = RunFolder(door.cwd / "run")
    first = len(requests.read(folder.requests))
    done = door("run", "--resume", "run", "--json")
    assert done.code in (ExitCode.HOLDS, ExitCode.UNDECIDED), done.err
    workers = requests.read(folder.requests)["worker"].value_counts()
    assert dict(workers) == {0: first, 10_000: pages - first}, "no row is lost, and none is asked for twice"
    judgement = judge(folder)
    assert judgement.matching is not None
    assert judgement.matching.pages == pages
    assert judgement.matching.exactly_one == pages - judgement.matching.without_call
    assert judgement.warnings[0].startswith("the run was gone on with at ")
    return judgement
