"""What happens to a run from outside is told, whenever it happens."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from analyzer.records import Weights
from analyzer.run.folder import Promise, Run, RunFolder
from weighbridge.disturbances import Disturbances
from weighbridge.folders import FolderError

PROMISE = Promise(Weights.parse("v2=90,v3=10"), 2.0, 0.01, 0.95, 6_748)
RUN = Run("r1", PROMISE, "http://x", {"kind": "local"}, (), "", {}, 0.0, None, None)


@dataclass
class Clock:
    """The machine's own, off by so many seconds."""

    off: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.off


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path)
    folder.write(RUN)
    return folder


def test_a_calm_run_is_told_as_it_is(folder: RunFolder) -> None:
    outside = Disturbances(folder, None)
    assert outside.look() is None
    assert outside.told(RUN) == RUN


@pytest.mark.parametrize("look", [True, False], ids=["at a look", "after the last look"])
def test_a_clock_that_is_set_is_told_and_does_not_move_the_runs_own(folder: RunFolder, look: bool) -> None:
    clock = Clock()
    outside = Disturbances(folder, None, clock)
    before = outside.now()
    clock.off = -3600.0
    if look:
        outside.look()
    (word,) = outside.told(RUN).disturbed
    assert word == (
        "the clock was set back by 3600.0 s during the run: "
        "times of log lines before and after do not compare; no verdict rests on them"
    )
    assert 0 <= outside.now() - before < 60


def test_a_folder_that_is_taken_away_ends_the_run(folder: RunFolder) -> None:
    outside = Disturbances(folder, None)
    folder.run_file.unlink()
    with pytest.raises(FolderError, match="was taken away while the run lasted"):
        outside.look()
