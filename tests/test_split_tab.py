"""The Split tab in a real browser: it shows the split, changes the weights, and is nobody else's."""

from __future__ import annotations

import html
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from bs4 import BeautifulSoup
from front_door import FrontDoor, Invocation
from page_servers import serving, three_versions
from ports import free_port
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def browser() -> Iterator[WebDriver]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("no browser: install chromium and chromium-driver")
    options = Options()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1200,1400"):
        options.add_argument(argument)
    browser = webdriver.Chrome(options=options, service=Service(driver))
    yield browser
    browser.quit()


@dataclass(frozen=True)
class Web:
    """One ``weighbridge web`` whose load runs already."""

    url: str
    folder: Path
    invocation: Invocation

    def live(self) -> dict[str, object]:
        answer: dict[str, object] = requests.get(f"{self.url}/split/live.json", timeout=10).json()
        return answer


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder, port = tmp_path_factory.mktemp("web"), free_port()
    proved = ("--within", "5", "--power", "0.9999")
    arguments = (*proved, "--users", "3", "--autostart", "--web-port", str(port), "--out", "run")
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="wb-") as home:
        door = FrontDoor(Path(home), folder)
        invocation = door.start("web", "v2=90,v3=10", *arguments)
        invocation.until(lambda: _answers(url))
        yield Web(url, folder / "run", invocation)
        door.close()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/split/live.json", timeout=5).ok
    except requests.RequestException:
        return False


def opened(browser: WebDriver, web: Web) -> None:
    """The tab, reached as a user reaches it: by a click on it."""
    browser.switch_to.default_content()
    browser.get(web.url)
    waiting = WebDriverWait(browser, 60)
    tab = '//button[@role="tab"][normalize-space()="Split"]'
    waiting.until(lambda page: page.find_elements(By.XPATH, tab))
    browser.find_element(By.XPATH, tab).click()
    waiting.until(lambda page: page.find_element(By.CSS_SELECTOR, "iframe[title=Split]").is_displayed())
    browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, "iframe[title=Split]"))


def text(browser: WebDriver, selector: str) -> str:
    return " ".join(browser.find_element(By.CSS_SELECTOR, selector).text.split())


def test_the_tab_shows_shares_bands_and_a_verdict_that_new_weights_begin_anew(
    browser: WebDriver, web: Web
) -> None:
    opened(browser, web)
    waiting = WebDriverWait(browser, 120)
    waiting.until(lambda page: text(page, "#verdict") == "PASS")
    for version in ("v2", "v3"):
        card = f"section[data-version={version}]"
        assert re.fullmatch(r"\d+\.\d %", text(browser, f"{card} .head span"))
        assert "band" in text(browser, f"{card} .soft")
        assert browser.find_elements(By.CSS_SELECTOR, f"{card} path.band")
    assert text(browser, "#segments").startswith("v2=90,v3=10 ")

    for name, weight in {"v1": 0, "v2": 20, "v3": 80}.items():
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(str(weight))
    browser.find_element(By.CSS_SELECTOR, "#change button").click()
    waiting.until(lambda page: text(page, "#segments").startswith("v2=20,v3=80 "))
    waiting.until(lambda page: text(page, "#answer") == "In force at every proxy: a new verdict has begun.")
    waiting.until(lambda page: text(page, "#verdict") == "PASS" and "v3 80 %" in text(page, "#reason"))
    assert re.search(r"v2=90,v3=10 .* pass after ", text(browser, "#segments"))
    assert web.live()["segments"][0]["outcome"] == "pass"  # type: ignore[index]


def test_weights_that_cannot_be_are_refused_in_words_and_nothing_changes(
    browser: WebDriver, web: Web
) -> None:
    opened(browser, web)
    waiting = WebDriverWait(browser, 60)
    waiting.until(lambda page: page.find_elements(By.NAME, "v2"))
    before = len(web.live()["segments"])  # type: ignore[arg-type]
    for name in ("v1", "v2", "v3"):
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys("0")
    browser.find_element(By.CSS_SELECTOR, "#change button").click()
    waiting.until(lambda page: text(page, "#answer.fail"))
    assert text(browser, "#answer") == "'' is not VERSION=WEIGHT; write for example v2=90,v3=10"
    assert len(web.live()["segments"]) == before  # type: ignore[arg-type]


def test_the_page_follows_locusts_dark_mode_and_hides_locusts_own_table(browser: WebDriver, web: Web) -> None:
    opened(browser, web)
    browser.switch_to.default_content()
    tables = browser.find_elements(By.CSS_SELECTOR, "#root table")
    assert [table for table in tables if table.is_displayed()] == []
    dark = browser.execute_script("return localStorage.theme")
    buttons = browser.find_elements(By.CSS_SELECTOR, "header button")
    [button for button in buttons if button.is_displayed()][-1].click()
    WebDriverWait(browser, 30).until(
        lambda page: page.execute_script("return localStorage.theme") not in (None, dark)
    )
    chosen = browser.execute_script("return localStorage.theme")
    browser.switch_to.frame(browser.find_element(By.CSS_SELECTOR, "iframe[title=Split]"))
    root = browser.find_element(By.CSS_SELECTOR, "html")
    WebDriverWait(browser, 30).until(lambda _: (root.get_attribute("class") == "dark") is (chosen == "dark"))


@pytest.mark.parametrize("width", [390, 1200])
def test_nothing_is_wider_than_the_page(browser: WebDriver, web: Web, width: int) -> None:
    """The tab's own page, since no window of this browser is as narrow as a phone."""
    browser.switch_to.default_content()
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False},
    )
    browser.get(f"{web.url}/split/")
    WebDriverWait(browser, 60).until(lambda page: page.find_elements(By.CSS_SELECTOR, "path.band"))
    root = "document.documentElement"
    beyond = browser.execute_script(f"return {root}.scrollWidth - {root}.clientWidth")
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert beyond == 0


def test_a_strange_page_can_neither_change_weights_nor_start_load_nor_read(web: Web) -> None:
    strange = {"Origin": "http://evil.example", "Sec-Fetch-Site": "cross-site"}
    token = re.search(r'token" content="([^"]+)"', requests.get(f"{web.url}/split/", timeout=10).text)
    assert token
    tries = [
        requests.post(f"{web.url}/swarm", data={"user_count": 1}, headers=strange, timeout=10),
        requests.get(f"{web.url}/stop", headers=strange, timeout=10),
        requests.get(f"{web.url}/split/live.json", headers=strange, timeout=10),
        requests.post(
            f"{web.url}/split/weights",
            json={"weights": "v2=1"},
            headers=strange | {"X-Weighbridge-Token": token[1]},
            timeout=10,
        ),
        requests.post(f"{web.url}/split/weights", json={"weights": "v2=1"}, timeout=10),
    ]
    assert [answer.status_code for answer in tries] == [403] * 5
    rebound = requests.get(f"{web.url}/split/", headers={"Host": "evil.example"}, timeout=10)
    assert rebound.status_code == 421
    assert not any("Access-Control-Allow-Origin" in answer.headers for answer in tries)


def test_locusts_report_carries_the_section_with_its_data_in_it(web: Web) -> None:
    report = requests.get(f"{web.url}/stats/report", timeout=30).text
    assert '<iframe title="Split"' in report
    assert "v2=90,v3=10" in report or "&#34;v2&#34;:90" in report


def test_ctrl_c_ends_it_in_order_and_judges_every_sequence_of_weights(web: Web) -> None:
    web.invocation.interrupt()
    done = web.invocation.done()
    verdict = json.loads((web.folder / "verdict.json").read_text())
    assert done.code == verdict["exit_code"] == 0
    assert verdict["weights"] == {"v2": 20, "v3": 80}
    assert [one["weights"] for one in verdict["earlier"]] == [{"v2": 90, "v3": 10}]
    assert verdict["earlier"][0]["split"]["outcome"] == "pass"


def test_a_taken_port_is_refused_before_anything_starts(door: FrontDoor) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = door("web", "--web-port", str(port))
    assert (done.code, done.error, done.hint) == (
        2,
        f"Locust's page cannot be at 127.0.0.1:{port}: Address already in use",
        "choose another with --web-port or --web-host",
    )


@pytest.mark.parametrize("processes", [1, 2])
def test_locust_by_hand_judges_pages_and_its_html_report_says_so(tmp_path: Path, processes: int) -> None:
    report = tmp_path / "report.html"
    command = ["-f", str(ROOT / "locustfiles" / "productpage.py"), "--headless", "-u", "2", "-r", "2"]
    command += ["--requests", "600", "--weights", "v1=1,v2=1,v3=1", "--within", "15"]
    if processes > 1:
        command += ["--processes", str(processes), "--master-bind-port", (port := str(free_port()))]
        command += ["--master-port", port]
    with serving(three_versions) as server:
        subprocess.run(
            [sys.executable, "-m", "locust", *command, "--host", server.url, "--html", str(report)],
            cwd=tmp_path,
            check=True,
            timeout=120,
            capture_output=True,
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        )
    page = report.read_text()
    assert "&#34;witness&#34;:&#34;page&#34;" in page
    assert "&#34;outcome&#34;:&#34;pass&#34;" in page


_HOSTILE = "</script><script>alert(1)</script>"
_SECTION = f"""
from locustfiles import _split_tab

class State:
    def json(self):
        import json
        return json.dumps({{"errors": {{{_HOSTILE!r}: 3}}}}).encode()

print(_split_tab.section(State()))
"""


def test_text_from_the_network_stays_text_in_the_report() -> None:
    """In a process of its own, because Locust patches sockets when it is imported."""
    done = subprocess.run([sys.executable, "-c", _SECTION], cwd=ROOT, capture_output=True, text=True)
    assert "<script" not in done.stdout, "the section is one attribute of one element"
    page = BeautifulSoup(html.unescape(done.stdout.partition('srcdoc="')[2].rpartition('"')[0]), "lxml")
    data, program = page.find_all("script")
    assert json.loads(data.string or "") == {"errors": {_HOSTILE: 3}}
    assert "alert" not in (program.string or "")
