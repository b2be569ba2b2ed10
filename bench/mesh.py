"""How soon a mesh answers, how soon weights are in force, and that nobody is served by old ones afterwards.

Run with ``python -m bench.mesh``. Everything goes through the command as a user types it, its start included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from tests.route_changes import Change, changes

UP_TARGET_S = 3.0
ROUTE_TARGET_S = 1.0
STARTS = 7
TURNS = 12
_COMMAND = (sys.executable, "-P", "-m", "weighbridge")


@contextmanager
def up(environment: dict[str, str]) -> Iterator[tuple[str, float]]:
    """A mesh for the block: its URL, and the seconds from the start of the command until it says so."""
    began = time.perf_counter()
    owner = subprocess.Popen(
        [*_COMMAND, "up"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
    )
    assert owner.stdout is not None
    try:
        page = owner.stdout.readline().strip()
        yield page.removesuffix("/productpage"), time.perf_counter() - began
    finally:
        owner.terminate()
        owner.wait()
        owner.stdout.close()


def route(environment: dict[str, str], version: str) -> None:
    subprocess.run([*_COMMAND, "route", f"{version}=1"], env=environment, check=True, capture_output=True)


def told(name: str, seconds: list[float], target: float) -> None:
    middle = median(seconds)
    verdict = "met" if middle < target else "MISSED"
    print(
        f"{name:<34} {middle:5.2f} s  ({min(seconds):.2f} to {max(seconds):.2f}, {len(seconds)} times)",
        end="",
    )
    print(f"   target {target:.0f} s: {verdict}", flush=True)


def show(found: list[Change]) -> None:
    pages = sum(len(change.pages) for change in found)
    old = sum(change.old for change in found)
    print(f"{'pages begun after route returned':<34} {pages:,}, of which {old} by old weights", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="wb-") as home:
        environment = {**os.environ, "WEIGHBRIDGE_HOME": home}
        ready = []
        for _ in range(STARTS):
            with up(environment) as (_, seconds):
                ready.append(seconds)
        told("up, until /productpage answers", ready, UP_TARGET_S)
        with up(environment) as (url, _):
            quiet = changes(url, lambda version: route(environment, version), turns=TURNS, pages=1, readers=1)
            told("route, one reader", [change.seconds for change in quiet], ROUTE_TARGET_S)
            busy = changes(url, lambda version: route(environment, version), turns=TURNS)
            told("route, four readers at full speed", [change.seconds for change in busy], ROUTE_TARGET_S)
            show(busy)


if __name__ == "__main__":
    main()
