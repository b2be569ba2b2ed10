"""The HTML report in a real Chromium: it asks nobody, complains of nothing, and suits whoever looks at it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsers import CHROMIUM, DRIVER, asked, chromium, complaints, shown, sized
from selenium import webdriver
from selenium.webdriver.common.by import By

from analyzer.judge import judge
from analyzer.records import Outcome, Weights
from analyzer.report import html
from analyzer.run.folder import RunFolder
from bench.run_folder import Wanted, write

pytestmark = pytest.mark.e2e
EXAMPLE = RunFolder(Path(__file__).parent.parent / "results" / "example")
PROMISED = Weights.parse("v2=90,v3=10")
LARGEST = 1_500_000
"""Bytes of the report of a run of 100 000 requests."""


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    if not (CHROMIUM and DRIVER):
        pytest.skip("no browser: install chromium and chromium-driver")
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module", params=["pass", "fail"])
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the example, and of a mesh that splits wrongly while one version fails."""
    folder = tmp_path_factory.mktemp("report")
    run = EXAMPLE
    if request.param == "fail":
        run = write(folder / "run", Wanted(1500, PROMISED, Weights.parse("v2=50,v3=50"), {"v3": 0.3}))
    judgement = judge(run)
    assert judgement.outcome.value == request.param
    page = folder / "report.html"
    page.write_text(html.report(judgement))
    return page


def opened(browser: webdriver.Chrome, page: Path, width: int = 1100, **how: str) -> None:
    sized(browser, width, 900)
    shown(browser, **how)
    asked(browser), complaints(browser)  # of the page before
    browser.get(page.as_uri())


def told(browser: webdriver.Chrome, script: str) -> Any:
    return browser.execute_script(f"return {script}")


def test_the_report_asks_nobody_and_complains_of_nothing(browser: webdriver.Chrome, report: Path) -> None:
    opened(browser, report)
    assert asked(browser) == [report.as_uri()]
    assert complaints(browser) == []


def test_every_picture_is_seen_and_says_what_it_shows(browser: webdriver.Chrome, report: Path) -> None:
    opened(browser, report)
    pictures = browser.find_elements(By.CSS_SELECTOR, "[role=img]")
    assert len(browser.find_elements(By.CSS_SELECTOR, "svg.plot")) >= 7
    assert len(browser.find_elements(By.CSS_SELECTOR, "svg.graph")) == 1
    for picture in pictures:
        assert picture.is_displayed()
        assert picture.size["width"] > 40, picture.accessible_name
        assert len(picture.accessible_name) >= 4
    assert not [one for one in told(browser, _TEXTS) if one in ("", "nan", "None")]


def test_no_chart_borrows_a_shape_from_another(browser: webdriver.Chrome, report: Path) -> None:
    opened(browser, report)
    ids = told(browser, "[...document.querySelectorAll('[id]')].map(one => one.id)")
    assert len(ids) == len(set(ids)) > 10


_TEXTS = "[...document.querySelectorAll('svg text')].map(text => text.textContent.trim())"


def test_tables_and_what_scrolls_can_be_used_without_eyes_or_mouse(
    browser: webdriver.Chrome, report: Path
) -> None:
    opened(browser, report, 360)
    heads = "[...document.querySelectorAll('th')].map(head => head.scope)"
    assert set(told(browser, heads)) == {"col", "row"}
    scrolling = (
        "[...document.querySelectorAll('main *')].filter(one => one.scrollWidth > one.clientWidth + 1 && "
        "getComputedStyle(one).overflowX == 'auto').map(one => [one.tabIndex, one.ariaLabel || one.tagName])"
    )
    found = told(browser, scrolling)
    assert found
    assert all(index == 0 and name for index, name in found), found


@pytest.mark.parametrize(
    ("width", "medium"), [(360, "screen"), (800, "screen"), (1400, "screen"), (700, "print")]
)
def test_neither_a_phone_nor_a_desk_nor_paper_has_to_scroll_sideways(
    browser: webdriver.Chrome, report: Path, width: int, medium: str
) -> None:
    opened(browser, report, width, medium=medium)
    assert told(browser, "document.documentElement.scrollWidth") <= width


def test_who_likes_it_dark_gets_it_dark_and_paper_stays_white(
    browser: webdriver.Chrome, report: Path
) -> None:
    papers = []
    for how in ({"theme": "light"}, {"theme": "dark"}, {"theme": "dark", "medium": "print"}):
        opened(browser, report, **how)
        papers.append(told(browser, "getComputedStyle(document.body).backgroundColor"))
    assert papers == ["rgb(251, 250, 247)", "rgb(20, 23, 28)", "rgb(255, 255, 255)"]


def test_the_report_can_be_printed(browser: webdriver.Chrome, report: Path) -> None:
    opened(browser, report)
    paper = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert paper.startswith(b"%PDF-")
    assert complaints(browser) == []


def test_the_report_of_a_hundred_thousand_requests_stays_small_and_whole(
    browser: webdriver.Chrome, tmp_path: Path
) -> None:
    wanted = Wanted(100_000, PROMISED, PROMISED, {"v3": 0.01}, within=5.0, rate=500.0)
    judgement = judge(write(tmp_path / "run", wanted))
    assert (judgement.outcome, len(judgement.error_rates)) == (Outcome.PASS, 2)
    page = tmp_path / "report.html"
    page.write_text(html.report(judgement))
    assert page.stat().st_size <= LARGEST
    opened(browser, page)
    assert len(browser.find_elements(By.CSS_SELECTOR, "svg.plot")) >= 7
    assert complaints(browser) == []
