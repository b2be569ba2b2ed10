"""What a request costs the load: our reader, tagging, classifying and recording, against a bare FastHttpUser.

Run with ``python -m bench.load``. Both read the same 15 KB page. The figure is CPU microseconds of
the Locust process for one request, its start not counted, so a busy machine disturbs it little.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from locustfiles import _command
from locustfiles._settings import Summary
from tests.bookinfo_pages import page_of

TARGET = 1.3
"""How many times the requests of a bare FastHttpUser one core is to read."""
SECONDS = 5
USERS = 10
_BODY = page_of("v3", filler=90)
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/html\r\n\r\n%s" % (len(_BODY), _BODY)


class _Page(asyncio.Protocol):
    """Answers whatever comes: both clients send a request in one piece."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self._transport, asyncio.Transport)
        self._transport.write(_ANSWER)


def serve() -> str:
    """Start the server in a thread of its own; gives its address."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(_Page, "127.0.0.1", 0))
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def bare(url: str) -> float:
    """CPU microseconds a request costs a FastHttpUser that does nothing with it."""
    locustfile = Path(__file__).with_name("bare_locustfile.py")
    arguments = ["-f", str(locustfile), "--host", url, "--headless", "--only-summary", "-t", f"{SECONDS}s"]
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "locust", *arguments, "-u", str(USERS), "-r", str(USERS)],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("bare "))
    _, requests, cpu = line.split()
    return float(cpu) / int(requests) * 1e6


def ours(url: str) -> float:
    """The same for our reader, with every request a row on disk."""
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
    return summary.cpu_share * (summary.ended - summary.started) / summary.requests * 1e6


def main() -> None:
    url = serve()
    theirs, own = [bare(url)], [ours(url)]
    for _ in range(2):
        theirs.append(bare(url))
        own.append(ours(url))
    print(f"bare FastHttpUser {min(theirs):6.0f} us CPU a request")
    print(f"our Reader        {min(own):6.0f} us CPU a request, tagged, classified and recorded")
    print(f"requests per core {min(theirs) / min(own):6.2f} times the bare one's (target: {TARGET})")


if __name__ == "__main__":
    main()
