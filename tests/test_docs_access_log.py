"""The examples of docs/access-log.md print what the page says, and its table has every column."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from analyzer.access_log.hops import Witness
from analyzer.access_log.table import SCHEMA

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "access-log.md"


def test_the_examples_of_the_page_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert (failed, tried) == (0, 28)


def test_the_page_tells_of_every_column_and_witness() -> None:
    page = PAGE.read_text()
    assert all(f"`{name}`" in page for name in SCHEMA.names)
    assert all(f"`{witness.value}`" in page for witness in Witness)
