"""What a request costs the load generator: our reader against Locust's own clients, and against C and Go.

Run with ``python -m bench.load``. All read the same pages, of 5 and of 15 KB, in one sitting. The figure is
CPU microseconds of the generator for one request, its start not counted, the best of several runs by turns,
so a busy machine disturbs it little; what lasts are the ratios.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from analyzer.run.load_summary import Summary
from locustfiles import _command
from tests.bookinfo_pages import page_of

SECONDS = 6
REPEATS = 2
USERS = 10
PAGES = {"5 KB": page_of("v3", "A", filler=40), "15 KB": page_of("v3", "C", filler=90)}
WAYS = ("bare", "recorded", "tagged")
"""As in ``peers_locustfile``, which only Locust may import."""
Measure = Callable[[str], float | None]


class _Page(asyncio.Protocol):
    """Answers whatever comes: every client here sends a request in one piece."""

    def __init__(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/html\r\n\r\n" % len(body)
        self._answer = head + body

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        self._transport.write(self._answer)


def serve(body: bytes) -> str:
    """Start a server in a thread of its own; gives its address."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Page(body), "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def peer(user: str, way: str = "bare") -> Measure:
    """A class of ``peers_locustfile``, in one of its ways."""

    def measure(url: str) -> float | None:
        locustfile = Path(__file__).with_name("peers_locustfile.py")
        arguments = ["-f", str(locustfile), user, "--host", url, "--headless", "--only-summary"]
        arguments += ["-t", f"{SECONDS}s", "-u", str(USERS), "-r", str(USERS)]
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [sys.executable, "-m", "locust", *arguments],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=True,
            )
        (line,) = (line for line in done.stdout.splitlines() if line.startswith("measured"))
        _, *numbers = line.split()
        at = 2 * WAYS.index(way)
        requests, cpu = map(float, numbers[at : at + 2] or (0, 0))
        return cpu / requests * 1e6 if requests else None

    return measure


def ours(url: str) -> float:
    """Our reader, with every request tagged, classified, and a row on disk."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = _command.LoadPlan(url=url, run="bench", folder=folder, users=USERS, seconds=SECONDS)
        plan.settings_file.write_bytes(_command.settings(plan))
        subprocess.run(
            _command.command(plan),
            cwd=folder,
            env=_command.environment(plan, os.environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
        )
        summary = Summary.read(folder)
    assert summary is not None
    assert summary.complete
    return summary.workers[0].cpu_share * (summary.ended - summary.started) / summary.requests * 1e6


def tool(*command: str, requests: str) -> Measure:
    """A load generator of another language; None where it is not installed."""

    def measure(url: str) -> float | None:
        if shutil.which(command[0]) is None:
            return None
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        arguments = [*command, f"{url}/productpage"]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        counts = [int(count) for count in re.findall(requests, done.stdout)]
        return cpu / sum(counts) * 1e6

    return measure


PEERS: dict[str, Measure] = {
    "FastHttpUser, bare": peer("Bare"),
    "FastHttpUser, classify + record": peer("Bare", "recorded"),
    "FastHttpUser, tag + classify + record": peer("Bare", "tagged"),
    "our Reader, tag + classify + record": ours,
    "HttpUser + BeautifulSoup": peer("Soup"),
    "wrk": tool("wrk", "-t1", f"-c{USERS}", f"-d{SECONDS}s", requests=r"(\d+) requests in"),
    "hey": tool("hey", "-cpus", "1", "-c", str(USERS), "-z", f"{SECONDS}s", requests=r"\[200\]\s+(\d+)"),
}


def main() -> None:
    for size, body in PAGES.items():
        url = serve(body)
        runs = [{name: measure(url) for name, measure in PEERS.items()} for _ in range(REPEATS)]
        best = {name: min((run[name] for run in runs if run[name]), default=None) for name in PEERS}
        bare = best["FastHttpUser, bare"] or 0.0
        print(f"{size} page ({len(body)} bytes)      CPU us a request   requests a CPU second, bare = 1")
        for name, cost in best.items():
            print(f"  {name:38} {cost:8.1f} {bare / cost:14.2f}" if cost else f"  {name:38} not installed")
        own, soup = (
            best["our Reader, tag + classify + record"] or 0.0,
            best["HttpUser + BeautifulSoup"] or 0.0,
        )
        recorded = best["FastHttpUser, classify + record"] or 0.0
        print(f"  classify + record keeps {bare / recorded:.0%} of FastHttpUser (target: 90 %)")
        print(f"  our Reader {bare / own:.2f} times FastHttpUser (target: 1.3)")
        print(f"  our Reader {soup / own:.1f} times HttpUser with BeautifulSoup (target: 5)")


if __name__ == "__main__":
    main()
