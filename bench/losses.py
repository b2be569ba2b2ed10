"""How many rows a distributed load loses, however it ends: ``python -m bench.losses [RUNS]``.

Pages take a second and a half and readers get five seconds to hear their last one, so that each ending finds
requests in flight. The server counts what it was asked for, and every one must be a row.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from locustfiles._command import LoadPlan

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loads import RUN, finish, start
from page_servers import PageServer, closed_port, serving, three_versions


def _everybody(load: subprocess.Popen[str]) -> None:
    children = Path(f"/proc/{load.pid}/task/{load.pid}/children").read_text().split()
    for pid in [*map(int, children), load.pid]:
        os.kill(pid, signal.SIGINT)


ENDINGS: dict[str, Callable[[subprocess.Popen[str]], None]] = {
    "SIGTERM": lambda load: load.send_signal(signal.SIGTERM),
    "SIGINT": lambda load: load.send_signal(signal.SIGINT),
    "Ctrl-C": _everybody,
    "autostart, autoquit": lambda _: None,
}


def once(ending: str, processes: int) -> tuple[int, int, int]:
    """Requests that the server saw, rows on disk, and what Locust's master counted."""
    server: PageServer

    def answer(number: int) -> bytes:
        server.closing.wait(1.5)
        return three_versions(number)

    with tempfile.TemporaryDirectory() as name, serving(answer) as server:
        listen = ("127.0.0.1", closed_port())
        wanted = LoadPlan(
            url=server.url, run=RUN, folder=Path(name) / "run", users=8, processes=processes, listen=listen
        )
        options: tuple[str, ...] = ("--stop-timeout", "5")
        if ending.startswith("auto"):
            page = ("--web-host", "127.0.0.1", "--web-port", str(closed_port()))
            options += ("--headful", "--autostart", "--autoquit", "0", "-t", "4s", *page)
        load = start(wanted, options)
        if not ending.startswith("auto"):
            server.wait_for(20)
        ENDINGS[ending](load)
        ended = finish(load, wanted)
        assert ended.code == 0, ended.log
        assert ended.summary is not None
        return len(server.user_agents), len(ended.rows), ended.summary.requests


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for ending in ENDINGS:
        for processes in (2, 4):
            counts = [once(ending, processes) for _ in range(runs)]
            exact = sum(sent == rows == counted for sent, rows, counted in counts)
            total = sum(sent for sent, _, _ in counts)
            lost = sum(sent - rows for sent, rows, _ in counts)
            print(
                f"{ending:20} {processes} workers: {exact} of {runs} runs exact, {lost} of {total} rows lost"
            )


if __name__ == "__main__":
    main()
