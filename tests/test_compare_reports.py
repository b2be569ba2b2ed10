"""A comparison in four formats: what was found first, then the numbers, the same everywhere."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from test_json_schemas import COMPARE, check

from analyzer.compare.claims import parse
from analyzer.compare.comparison import Comparison, Side
from analyzer.compare.differences import compare
from analyzer.compare.figures import Figures
from analyzer.compare.metrics import Kind, Metric
from analyzer.report import comparison_markdown, comparison_page, comparison_text

P50, P95 = (Metric(Kind.LATENCY, None, q) for q in (0.5, 0.95))
V3 = Metric(Kind.LATENCY, "v3", 0.5)
ERRORS = Metric(Kind.ERRORS, "v3")
SHARES = {version: Metric(Kind.SHARE, version) for version in ("v2", "v3")}
HOSTILE = "<script>alert(1)</script> | *a*"


def run(p50: float, v3: float, failed: int, of: int) -> Figures:
    counts = {ERRORS: (failed, of), SHARES["v2"]: (1000 - of, 1000), SHARES["v3"]: (of, 1000)}
    values = {P50: p50, V3: v3} | {metric: hits / total for metric, (hits, total) in counts.items()}
    return Figures(values, counts, refused={P95: "it needs 300 answers a run, one has 7"})


@pytest.fixture
def found() -> Comparison:
    before = (10.0, 10.1, 0, 100), (10.4, 10.2, 0, 98), (9.8, 10.0, 1, 103), (10.1, 10.0, 0, 99)
    after = (10.2, 12.2, 25, 500), (10.3, 12.4, 26, 510), (9.9, 12.1, 24, 495), (10.0, 12.0, 25, 503)
    runs_before, runs_after = (tuple(run(*one) for one in side) for side in (before, after))
    sides = (
        Side("A", "v2=90,v3=10", runs_before, ("01-A", "02-A", "03-A", "04-A"), {"v2": 0.9, "v3": 0.1}),
        Side("B", "v2=50,v3=50", runs_after, ("01-B", "02-B", "03-B", "04-B"), {"v2": 0.5, "v3": 0.5}),
    )
    return compare(sides, interleaved=True, claims=[parse("p50 <= 1.05 x"), parse("errors of v3 <= 1 point")])


def test_the_text_tells_what_differs_then_the_table_then_how_sure_it_is(found: Comparison) -> None:
    assert comparison_text.report(found).replace("\u202f", " ") == (
        Path(__file__).parent / "comparison.txt"
    ).read_text().rstrip("\n")


def test_markdown_and_page_have_every_row_of_the_text(found: Comparison) -> None:
    lines = comparison_text.report(found).splitlines()
    markdown, page = comparison_markdown.report(found), comparison_page.report(found)
    cells = {cell for line in lines for cell in re.split(r"  +", line) if cell.endswith(("points", "ms"))}
    assert len(cells) == 10
    for cell in cells:
        assert comparison_markdown.plain(cell) in markdown
        assert cell in page


def test_the_page_needs_nothing_from_elsewhere_and_draws_each_interval(found: Comparison) -> None:
    page = comparison_page.report(found)
    assert re.findall(r"(?:src|href)=[\"'](?!#)[^\"']+", page) == []
    assert "<script" not in page
    drawn = sum(one.interval is not None for one in found.differences)
    assert page.count('class="span"') == drawn == 5


def test_text_from_elsewhere_is_never_markup(found: Comparison) -> None:
    sides = tuple(replace(side, name=HOSTILE, folders=(HOSTILE,) * 4) for side in found.sides)
    hostile = replace(found, sides=sides, warnings=(HOSTILE,))
    assert "<script>" not in comparison_page.report(hostile)
    markdown = comparison_markdown.report(hostile)
    assert "<script>" not in markdown.replace("\\<", "")
    assert all(line.count("|") - line.count("\\|") in (0, 8) for line in markdown.splitlines())


def test_what_is_printed_for_machines_keeps_its_schema(found: Comparison) -> None:
    printed = json.loads(json.dumps(found.as_dict()))
    check(printed, COMPARE)
    assert printed["exit_code"] == 1
    assert [one["outcome"] for one in printed["claims"]] == ["pass", "fail"]
