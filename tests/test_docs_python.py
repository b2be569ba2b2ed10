"""The Python on every page prints what the page says."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest
from doc_pages import PAGES, ROOT


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "\n>>> " in page.read_text()], ids=lambda page: page.name
)
def test_the_examples_of_a_page_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert (failed, tried > 0) == (0, True)
