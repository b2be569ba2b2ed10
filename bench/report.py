"""How long a run of 100 000 requests takes to be judged, and to be reported: ``python -m bench.report``.

Judging reads the rows and the lines of seven proxies. Rendering starts from the judgement in a fresh process,
so that importing the plotting library counts. Exits 1 where the report is larger than promised.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.records import Weights
from analyzer.run.folder import RunFolder

from .run_folder import Wanted, write

TARGET_S = 3.0
TARGET_BYTES = 1_500_000
TURNS = 5
PROMISED = Weights.parse("v2=90,v3=10")
RUNS = {
    "pass": Wanted(100_000, PROMISED, PROMISED, {}),
    "fail": Wanted(100_000, PROMISED, Weights.parse("v2=80,v3=20"), {"v3": 0.2}),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=100_000)
    pages = parser.parse_args().pages
    fits = True
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as home:
        for name, wanted in RUNS.items():
            folder = write(Path(home, name), Wanted(**{**_fields(wanted), "pages": pages}))
            fits &= _measure(name, folder)
    return 0 if fits else 1


def _fields(wanted: Wanted) -> dict[str, object]:
    return {name: getattr(wanted, name) for name in wanted.__slots__}


def _measure(name: str, folder: RunFolder) -> bool:
    began = time.perf_counter()
    judgement = judge(folder)
    judging = time.perf_counter() - began
    times, sizes = zip(*(_rendered(judgement) for _ in range(TURNS)), strict=True)
    met = "met" if median(times) <= TARGET_S else "MISSED"
    small = sizes[0] <= TARGET_BYTES
    print(f"{name}: {judgement.judged:,} calls judged, {judgement.outcome.value}")
    print(f"  judged in    {judging:5.2f} s")
    print(
        f"  rendered in  {median(times):5.2f} s  ({min(times):.2f} to {max(times):.2f}, {TURNS} times)",
        end="",
    )
    print(f"   target {TARGET_S:.0f} s: {met}")
    print(f"  report.html  {sizes[0] / 1000:5.0f} kB   target {TARGET_BYTES / 1000:,.0f} kB: ", end="")
    print("met" if small else "MISSED", flush=True)
    return small


def _rendered(judgement: Judgement) -> tuple[float, int]:
    """Seconds and bytes of one rendering in a process that has imported nothing for it yet."""
    with multiprocessing.get_context("spawn").Pool(1) as fresh:
        return fresh.apply(render, (judgement,))


def render(judgement: Judgement) -> tuple[float, int]:
    began = time.perf_counter()
    from analyzer.report import html  # part of what is measured

    page = html.report(judgement)
    return time.perf_counter() - began, len(page.encode())


if __name__ == "__main__":
    sys.exit(main())
