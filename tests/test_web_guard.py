"""Locust's own web page with our locustfiles, asked over real HTTP as strangers and friends would ask it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from ports import free_port

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parent.parent
EVIL = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Locust that was told nothing about where to listen."""
    folder = tmp_path_factory.mktemp("locust")
    command = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "productpage.py")]
    command += ["--host", "http://127.0.0.1:1", "--web-port", str(port := free_port())]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    environment = kept | {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
    with (folder / "log").open("wb") as log:
        locust = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while not answers(port):
            assert locust.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        locust.send_signal(signal.SIGTERM)
        locust.wait(30)


def answers(port: int, address: str = "127.0.0.1") -> bool:
    with socket.socket() as one:
        return one.connect_ex((address, port)) == 0


def state(page: str) -> str:
    told: str = requests.get(f"{page}/stats/requests", timeout=10).json()["state"]
    return told


def test_it_listens_on_loopback_alone(page: str) -> None:
    assert not answers(int(page.rpartition(":")[2]), "127.0.0.2")


@pytest.mark.parametrize("path", ["/swarm", "/stop", "/stats/reset", "/user"])
def test_another_page_can_change_nothing(page: str, path: str) -> None:
    form = {"user_count": "1", "spawn_rate": "1"}
    assert requests.post(page + path, data=form, headers=EVIL, timeout=10).status_code == 403
    assert state(page) == "ready"


def test_another_page_can_read_nothing(page: str) -> None:
    answer = requests.get(page, headers={"Origin": "http://evil.example"}, timeout=10)
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert requests.get(page, headers={"Host": "evil.example"}, timeout=10).status_code == 421


def test_the_page_itself_works_as_before(page: str) -> None:
    own = {"Origin": page, "Sec-Fetch-Site": "same-origin"}
    form = {"user_count": "1", "spawn_rate": "1"}
    assert requests.post(f"{page}/swarm", data=form, headers=own, timeout=10).json()["success"]
    assert requests.post(f"{page}/stop", headers=own, timeout=60).json()["success"]
