"""Readers that never pause while routes change, and what they saw afterwards: for tests and benchmarks."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from analyzer.pages import stars
from analyzer.records import Version


class Read(NamedTuple):
    """One page; times are those of ``time.perf_counter``."""

    began: float
    ended: float
    version: Version | None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the weights to a single version: how long it took, and the pages of its reign."""

    version: Version
    seconds: float
    pages: tuple[Read, ...]
    """Those that began after it returned and ended before the next one was asked for."""

    @property
    def old(self) -> int:
        """Pages of another version: some proxy still served the weights of before."""
        return sum(page.version != self.version for page in self.pages)


def changes(
    url: str, change: Callable[[Version], object], *, turns: int = 10, pages: int = 200, readers: int = 4
) -> list[Change]:
    """Change between v2 and v3 under load; each reign lasts until so many pages began in it."""
    read: list[Read] = []
    enough = threading.Event()

    def go_on(since: float) -> None:
        while sum(page.began > since for page in list(read)) < pages:
            failed = [one.exception() for one in running if one.done()]
            assert not failed, failed
            time.sleep(0.005)

    def turn(number: int) -> tuple[Version, float, float]:
        version, asked = ("v2", "v3")[number % 2], time.perf_counter()
        change(version)
        returned = time.perf_counter()
        go_on(returned)
        return version, asked, returned

    with ThreadPoolExecutor(readers) as pool:
        running = [pool.submit(_read, url, read, enough) for _ in range(readers)]
        try:
            go_on(time.perf_counter())
            done = [turn(number) for number in range(turns)]
        finally:
            enough.set()
    return list(_reigns(done, read))


def _reigns(done: Sequence[tuple[Version, float, float]], read: Sequence[Read]) -> Iterator[Change]:
    ends = [*(asked for _, asked, _ in done[1:]), float("inf")]
    for (version, asked, returned), end in zip(done, ends, strict=True):
        pages = tuple(page for page in read if page.began > returned and page.ended < end)
        yield Change(version, returned - asked, pages)


def _read(url: str, into: list[Read], enough: threading.Event) -> None:
    """Ask for page after page over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    while not enough.is_set():
        began = time.perf_counter()
        connection.request("GET", "/productpage")
        body = connection.getresponse().read()
        into.append(Read(began, time.perf_counter(), stars.page(body).version))
    connection.close()
