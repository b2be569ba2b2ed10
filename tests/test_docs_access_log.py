"""The table of docs/access-log.md has every column and witness."""

from __future__ import annotations

from doc_pages import ROOT

from analyzer.access_log.hops import Witness
from analyzer.access_log.table import SCHEMA

PAGE = ROOT / "docs" / "access-log.md"


def test_the_page_tells_of_every_column_and_witness() -> None:
    page = PAGE.read_text()
    assert all(f"`{name}`" in page for name in SCHEMA.names)
    assert all(f"`{witness.value}`" in page for witness in Witness)
