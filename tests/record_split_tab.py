"""Takes the pictures of docs/web.md anew, in Chromium: ``python -m tests.record_split_tab``.

A real mesh, a real load, and a change of weights half way.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import requests
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

DOCS = Path(__file__).parent.parent / "docs"
URL = "http://127.0.0.1:8097"
PICTURES = {
    "web-light": (1200, 1500, "light"),
    "web-dark": (1200, 1500, "dark"),
    "web-narrow": (500, 2300, "light"),
}


def main() -> None:
    command = [sys.executable, "-m", "weighbridge", "web", "v2=90,v3=10", "--autostart", "--users", "4"]
    with TemporaryDirectory(prefix="wb-") as folder:
        running = subprocess.Popen(
            [*command, "--within", "3", "--web-port", "8097", "--out", f"{folder}/run"]
        )
        try:
            _until(lambda live: live["outcome"] == "pass")
            _wish("v2=60,v3=40")
            _until(lambda live: len(live["segments"]) == 2 and live["requests"] > 1500)
            for name, (width, height, theme) in PICTURES.items():
                _shoot(DOCS / f"{name}.png", width, height, theme)
        finally:
            running.terminate()
            running.wait(60)


def _until(done: object) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if done(requests.get(f"{URL}/split/live.json", timeout=5).json()):  # type: ignore[operator]
                return
        except (requests.RequestException, KeyError):
            pass
        time.sleep(0.5)  # the page renews itself no faster
    raise SystemExit("the load never came so far")


def _wish(weights: str) -> None:
    page = requests.get(f"{URL}/split/", timeout=5).text
    token = page.partition('token" content="')[2].partition('"')[0]
    requests.post(
        f"{URL}/split/weights", json={"weights": weights}, headers={"X-Weighbridge-Token": token}, timeout=5
    ).raise_for_status()


def _shoot(file: Path, width: int, height: int, theme: str) -> None:
    options = Options()
    options.binary_location = shutil.which("chromium") or ""
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--hide-scrollbars",
        f"--window-size={width},{height}",
    ):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver") or ""))
    try:
        browser.get(URL)
        browser.execute_script(f"localStorage.theme = '{theme}'")
        browser.get(f"{URL}/?tab=split")
        time.sleep(4)  # the charts glide to their places
        browser.save_screenshot(str(file))
    finally:
        browser.quit()


if __name__ == "__main__":
    main()
