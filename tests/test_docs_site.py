"""The site builds without a warning, and shows itself without asking anybody for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from doc_pages import PAGES, ROOT

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as `make docs` builds it: a warning ends it."""
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    return folder


class Fetched(HTMLParser):
    """What a browser fetches of its own accord to show a page: every address but those of links."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "a":
            given = dict(attrs)
            self.addresses += [
                given[name] or "" for name in ("src", "srcset", "href", "data") if name in given
            ]


def elsewhere(addresses: list[str]) -> list[str]:
    return [address for address in addresses if re.match(r"(\w+:)?//", address)]


def test_the_reader_of_addresses_finds_what_a_browser_would_fetch() -> None:
    page = '<link href="https://a/"><script src="//b/"></script><a href="https://c/">c</a><img src="d.png">'
    assert elsewhere(Fetched(page).addresses) == ["https://a/", "//b/"]


def test_every_page_is_built(site: Path) -> None:
    pages = {"index" if page.name == "README.md" else page.stem for page in PAGES}
    assert {file.stem for file in site.glob("*.html")} == pages | {"commands", "404"}


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        assert elsewhere(Fetched(page.read_text()).addresses) == [], page.name


def test_no_style_fetches_anything_from_elsewhere(site: Path) -> None:
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\(\s*[\"']?(?:\w+:)?//", style.read_text()), style.name


def test_every_verb_has_its_help_on_the_site(site: Path) -> None:
    page = (site / "commands.html").read_text()
    assert page.count("Usage: weighbridge") == page.count("Examples:") > 10
