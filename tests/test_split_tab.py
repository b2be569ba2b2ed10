"""The Split tab of a real Locust, in a real Chromium."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from page_servers import serving, three_versions
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parent.parent
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Locust that loads three versions in equal parts, and is told that they are equal."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("locust")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    with serving(three_versions) as server, (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "locust", "-f", str(ROOT / "locustfiles" / "productpage.py")]
        command += ["--host", server.url, "--web-port", str(port), "--weights", "v1=1,v2=1,v3=1"]
        command += ["--autostart", "--users", "2"]
        environment = kept | {"PYTHONPATH": str(ROOT), "HOME": str(folder)}
        locust = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            locust.terminate()
            locust.wait(30)


def table(page: str) -> dict[str, dict[str, Any]]:
    """The rows of the tab by their names; empty while Locust starts."""
    try:
        told = requests.get(f"{page}/stats/requests", timeout=10).json()
    except requests.ConnectionError:
        return {}
    return {row["name"]: row for stats in told["extended_stats"] for row in stats["data"]}


def test_the_table_comes_to_the_verdict_and_gives_each_version_its_row(page: str) -> None:
    deadline = time.monotonic() + 90
    while not str(table(page).get("Verdict by pages alone", {}).get("share", "")).startswith("PASS"):
        assert time.monotonic() < deadline, table(page)
        time.sleep(0.5)
    rows = table(page)
    assert list(rows) == ["v1", "v2", "v3", "Verdict by pages alone"]
    assert [rows[version]["promised"] for version in ("v1", "v2", "v3")] == ["33.3 %"] * 3
    assert float(rows["v1"]["p50"]) > 0


def test_the_report_carries_the_same_table(page: str) -> None:
    report = requests.get(f"{page}/stats/report", timeout=10).text
    section = report[report.rindex('<section id="split"') :]
    assert "<th>Always-valid band</th>" in section
    assert "<td>Verdict by pages alone</td>" in section


def test_a_version_that_is_no_name_but_markup_stays_text_in_the_report() -> None:
    """In a process of its own, because Locust patches sockets when it is imported."""
    script = (
        "from locustfiles import _split_tab as tab\n"
        "row = dict.fromkeys(tab._COLUMNS, '') | {'name': '<script>alert(1)</script>'}\n"
        "print(tab._section([row]))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert "<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>" in done.stdout, done.stderr
    assert "<script" not in done.stdout


@pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no Chromium here: apt-get install chromium-driver")
def test_the_tab_shows_it_in_a_browser(page: str) -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        deadline = time.monotonic() + 60
        text = ""
        while not ("Always-valid band" in text and "Verdict by pages alone" in text):
            assert time.monotonic() < deadline, text
            browser.get(f"{page}/?tab=split")
            time.sleep(3)  # Locust asks for its tables every two seconds
            text = browser.execute_script("return document.body.innerText")
    finally:
        browser.quit()
