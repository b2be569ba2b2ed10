"""What a command costs: wall and processor seconds, and the most memory it held."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds and megabytes of one run, its start included.

    Linux counts what the process that measures held when it started the command: no less can be seen.
    """

    wall: float
    cpu: float
    memory: float


def cost(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run it with its output thrown away; raises where it fails."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def best(costs: Sequence[Cost]) -> Cost:
    """The least of each over several runs: what the command costs when nothing else runs."""
    return Cost(*(min(values) for values in zip(*costs, strict=True)))
