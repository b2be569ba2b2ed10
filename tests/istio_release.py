"""A real release of Istio for tests, and a strict stand-in for istioctls that cannot be had."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

_SCRIPT = '''#!{python}
"""Knows the commands of replay.json and nothing else; keeps what it was asked in calls.jsonl."""
import json, os, subprocess, sys, time
from pathlib import Path

here = Path(__file__).parent
asked = sys.argv[1:]
with (here / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(asked) + "\\n")
paths = [argument for argument in asked if argument.startswith("/") and Path(argument).is_file()]
files = {{value: f"FILE{{number}}" for number, value in enumerate(paths)}}
for value, name in files.items():
    (here / name).write_text(Path(value).read_text())
key = " ".join(files.get(argument, argument) for argument in asked)
answer = json.loads((here / "replay.json").read_text()).get(key)
if answer is None:
    sys.exit(f'Error: unknown command "{{key}}" for "istioctl"')
for line in answer.get("err", "").splitlines(keepends=True):
    sys.stderr.write(line)
    sys.stderr.flush()
sys.stdout.write(answer.get("out", ""))
sys.stdout.flush()
if answer.get("hang"):
    subprocess.Popen(["sleep", "600"])
    time.sleep(600)
sys.exit(answer.get("code", 0))
'''

VERSION_1_12 = {
    "version --remote=false -o json": {
        "out": json.dumps(
            {
                "clientVersion": {
                    "version": "1.12.1",
                    "revision": "a8d5a1a3d2d6dcbfb1cbdc1b6a7c4b2b4e5a2d1c",
                    "golang_version": "go1.17.4",
                    "status": "Clean",
                    "tag": "1.12.1",
                }
            },
            indent=2,
        )
    }
}
"""What istioctl 1.12.1 says of itself."""


@dataclass(frozen=True)
class StandIn:
    """An istioctl that answers as it was told to, as a process."""

    path: Path

    @property
    def calls(self) -> Sequence[Sequence[str]]:
        """What it was asked, without the question for its version."""
        lines = (self.path.parent / "calls.jsonl").read_text().splitlines()
        return [call for call in map(json.loads, lines) if call[:1] != ["version"]]

    def given(self, number: int = 0) -> str:
        """The content of a file that it was given as an argument."""
        return (self.path.parent / f"FILE{number}").read_text()


def stand_in(folder: Path, replay: Mapping[str, Mapping[str, Any]]) -> StandIn:
    """Write one; ``replay`` maps a command line (a file in it is FILE0) to out, err, code and hang."""
    path = folder / "istioctl"
    path.write_text(_SCRIPT.format(python=sys.executable))
    path.chmod(0o755)
    (folder / "replay.json").write_text(json.dumps({**VERSION_1_12, **replay}))
    return StandIn(path)


def release_folder() -> Path:
    """A release of Istio with its istioctl; skips the test, with the reason, where there is none."""
    folder = os.environ.get("ISTIO_RELEASE", "")
    if not folder:
        pytest.skip("no istioctl: set ISTIO_RELEASE, for example to what .ci/istio-release prints")
    if not os.access(Path(folder, "bin", "istioctl"), os.X_OK):
        pytest.skip(f"no istioctl: ISTIO_RELEASE={folder} has no bin/istioctl")
    return Path(folder)
