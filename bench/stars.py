"""Reading the version from a page: anchored bytes against BeautifulSoup and lxml, on every generation's page.

Run with ``python -m bench.stars``. Times are CPU microseconds, the best of several; ratios are what lasts.
"""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable

from analyzer.pages import stars, stars_oracle
from tests.bookinfo_pages import GENERATIONS, Generation, page_of

TARGET_US = 10.0
"""What one 15 KB page may cost, so that reading it does not show in a latency of milliseconds."""
_FILLER = {"A": 30, "B": 30, "C": 90}


def best(work: Callable[[], object], number: int, repeat: int = 9) -> float:
    """CPU microseconds for one call."""
    return min(timeit.repeat(work, number=number, repeat=repeat, timer=time.process_time)) / number * 1e6


def measure(generation: Generation, version: str) -> tuple[int, float, float]:
    """Bytes of the page, and the microseconds of the fast and of the slow reader."""
    body = page_of(version, generation, filler=_FILLER[generation])
    fast = best(lambda: stars.page(body), 2000)
    slow = best(lambda: stars_oracle.page_by_parser(body), 10, 3)
    return len(body), fast, slow


def main() -> None:
    print(f"{'page':>6} {'bytes':>7} {'bytes.rfind':>12} {'bs4 + lxml':>12} {'ratio':>7}")
    for generation in GENERATIONS:
        for version in ("v1", "v2", "v3"):
            size, fast, slow = measure(generation, version)
            print(f"{generation} {version:>4} {size:7} {fast:9.1f} us {slow:9.0f} us {slow / fast:6.0f}x")
    print(f"target: at most {TARGET_US:.0f} us for a 15 KB page")


if __name__ == "__main__":
    main()
