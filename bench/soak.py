"""One long run on the local mesh: is memory flat, do rotated logs lose nothing, is every page found.

Run with ``python -m bench.soak [--pages N]``. A million pages take about half an hour and 5 GB of disk. The
last table stands in docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from analyzer.run import requests
from analyzer.run.folder import RunFolder
from analyzer.run.load_summary import Summary
from bench.processes import cost
from setup.local.folder import MeshFolder
from tests.front_door import Invocation
from tests.log_rotation import rotate

_COMMAND = (sys.executable, "-P", "-m", "weighbridge")
_EVERY = 5.0
"""Seconds between two looks at memory."""
_TICK = 0.2
_WARM = 0.2
"""The part of a run in which pools, caches and code are first filled; no slope is told of it."""
_ROTATIONS = 3
_FLAT_MB = 10.0
"""A process counts as flat if it would gain less over a million pages."""
_MB = 1e6


@dataclass
class Memory:
    """Private memory of each process of a run, by the pages that were answered."""

    seen: dict[str, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))

    def look(self, roots: Mapping[str, int], pages: int) -> None:
        for name, pid in roots.items():
            for label, one in _family(name, pid):
                if megabytes := _private(one):
                    self.seen[label].append((pages, megabytes))

    def write(self, path: Path) -> None:
        """Keep every look, for those who want to see the curve."""
        path.write_text(json.dumps(self.seen))

    def rows(self) -> Iterator[tuple[str, float, float, float, float]]:
        """Name, megabytes after the warm-up, at the end, at most, and gained per million pages."""
        for label, looks in sorted(self.seen.items()):
            pages, held = (np.array(column, dtype=float) for column in zip(*looks, strict=True))
            warm = pages >= _WARM * pages[-1]
            if warm.sum() < 3 or not np.ptp(pages[warm]):
                continue
            slope = float(np.polyfit(pages[warm], held[warm], 1)[0]) * 1e6
            yield label, float(held[warm][0]), float(held[-1]), float(held.max()), slope


def _family(name: str, pid: int) -> Iterator[tuple[str, int]]:
    """A process and what it started, each by what it does."""
    yield name, pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return
    for number, child in enumerate(children):
        command = _command(int(child))
        if "bootstrap.json" in command:
            label = "Envoy " + Path(command.split(" -c ")[1].split()[0]).parent.name.rpartition("-")[0]
            label = label.rpartition("-")[0]
        elif "bookinfo" in command:
            label = "Bookinfo"
        else:
            label = "Locust" if name == "run" else f"{name}, process {number}"
        yield from _family(label, int(child))


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _private(pid: int) -> float:
    """Anonymous resident memory in MB; what is mapped from files is the kernel's to keep."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    kilobytes = next((line.split()[1] for line in status.splitlines() if line.startswith("RssAnon:")), "0")
    return float(kilobytes) * 1024 / _MB


@contextmanager
def mesh(environment: Mapping[str, str], folder: Path) -> Iterator[Invocation]:
    up = _start("up", environment, folder, "up")
    try:
        up.until(lambda: up.said("/productpage"))
        yield up
    finally:
        up.interrupt()
        up.process.wait(30)


def _start(name: str, environment: Mapping[str, str], folder: Path, *arguments: str) -> Invocation:
    out, err = (folder / f"{name}.{stream}" for stream in ("out", "err"))
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(
            [*_COMMAND, *arguments], stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err, env=environment
        )
    return Invocation(process, name, out, err)


def answered(folder: RunFolder, known: dict[Path, int]) -> int:
    """Rows on disk by now, from the chunks' own counts."""
    for path in folder.requests.glob("*.parquet"):
        if path not in known:
            known[path] = requests.count(path)
    return sum(known.values())


def soak(pages: int, where: Path, options: list[str]) -> None:
    environment = {**os.environ, "WEIGHBRIDGE_HOME": str(where / "mesh")}
    standing = MeshFolder("default", where / "mesh" / "default")
    folder, memory, moved, clock = RunFolder(where / "run"), Memory(), [0], _Clock()
    with mesh(environment, where) as up:
        asked = ("--requests", str(pages), "--to-the-end", "--out", str(folder.path), "--json", *options)
        run = _start("run", environment, where, "run", "v2=90,v3=10", *asked)
        known: dict[Path, int] = {}
        due = [pages * turn // (_ROTATIONS + 1) for turn in range(1, _ROTATIONS + 1)]
        next_look = 0.0
        while run.process.poll() is None:
            done = answered(folder, known) if folder.requests.exists() else 0
            clock.look(folder, done)
            if done < pages and time.monotonic() >= next_look:
                next_look = time.monotonic() + _EVERY
                memory.look({"owner (up)": up.process.pid, "run": run.process.pid}, done)
            if due and done >= due[0]:
                due.pop(0)
                moved[0] += rotate(standing)
            time.sleep(_TICK)
        clock.end()
    memory.write(where / "memory.json")
    _tell(pages, folder, run, memory, clock, _ROTATIONS - len(due), moved[0])


@dataclass
class _Clock:
    """Where the time goes: from the command to the first page, loading, collecting, judging and reporting."""

    began: float = field(default_factory=time.monotonic)
    first: float | None = None
    marks: dict[str, float] = field(default_factory=dict)

    def look(self, folder: RunFolder, done: int) -> None:
        now = time.monotonic()
        if done and "load" not in self.marks:
            self.marks["load"] = now
        for name, there in (
            ("collect", (folder.path / "summary.json").exists()),
            ("judge and report", folder.run_file.exists() and folder.read().ended is not None),
        ):
            if there and name not in self.marks:
                self.marks[name] = now

    def end(self) -> None:
        self.marks["end"] = time.monotonic()

    def phases(self) -> Iterator[tuple[str, float]]:
        moments = [("start", self.began), *self.marks.items()]
        for (name, at), (_, after) in pairwise(moments):
            yield name, after - at


def _tell(
    pages: int,
    folder: RunFolder,
    run: Invocation,
    memory: Memory,
    clock: _Clock,
    rotations: int,
    moved: int,
) -> None:
    told, summary = json.loads(run.out.read_text()), Summary.read(folder.path)
    if summary is None or "error" in told:
        sys.exit(f"the run failed: {told}")
    phases = dict(clock.phases())
    speed = summary.rows / (summary.ended - summary.started)
    print(f"{pages:,} pages asked for; verdict {told['verdict']}; {speed:,.0f} pages a second\n")
    print("| where the time goes | seconds |\n|---|---|")
    for name, seconds in phases.items():
        print(f"| {name} | {seconds:,.1f} |")
    print("\n| process | MB after warm-up | MB at the end | most | MB per million pages |")
    print("|---|---|---|---|---|")
    grown = []
    for label, begin, end, most, slope in memory.rows():
        print(f"| {label} | {begin:.1f} | {end:.1f} | {most:.1f} | {slope:+.1f} |")
        grown += [label] if slope > _FLAT_MB else []
    print(f"\nnot flat (more than {_FLAT_MB:.0f} MB a million pages): {', '.join(grown) or 'none'}")
    missing = "; ".join(folder.read().missing) or "nothing"
    print(f"log rotations: {rotations}, {moved / _MB:,.0f} MB moved away; missing: {missing}")
    _reconciliation(told, summary)
    _report(folder)


def _reconciliation(told: Mapping[str, object], summary: Summary) -> None:
    proxy, page = (sum(counts.values()) for counts in told["witnesses"].values())  # type: ignore[attr-defined] # JSON
    exact = summary.requests == summary.rows == proxy == page and not any(told["unmatched"].values())  # type: ignore[attr-defined] # JSON
    print(
        f"Locust counted {summary.requests:,}, rows {summary.rows:,}, reviews calls in the log {proxy:,}, "
        f"pages with a version {page:,}, unmatched {told['unmatched']}: {'exact' if exact else 'NOT EXACT'}"
    )


def _report(folder: RunFolder) -> None:
    size = (folder.path / "report.html").stat().st_size
    logs = sum(path.stat().st_size for path in folder.access_log.glob("*/*"))
    again = cost([*_COMMAND, "analyze", str(folder.path), "--json"])
    rows = sum(path.stat().st_size for path in folder.requests.glob("*"))
    print(f"report.html {size / 1024:,.0f} kB; logs {logs / _MB:,.0f} MB, rows {rows / _MB:,.0f} MB")
    print(f"analyze again: {again.wall:,.0f} s, {again.cpu:,.0f} CPU s, {again.memory:,.0f} MB at most")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--pages", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="keep the run in this folder, which must not exist")
    told, options = parser.parse_known_args()
    if told.keep:
        told.keep.mkdir(parents=True)
        soak(told.pages, told.keep.absolute(), options)
        return
    with tempfile.TemporaryDirectory(prefix="wb-soak-") as name:
        soak(told.pages, Path(name), options)


if __name__ == "__main__":
    main()
