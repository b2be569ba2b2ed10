"""docs/benchmarks.md takes what a benchmark printed, in the place of what it printed before."""

from __future__ import annotations

import re

from bench.__main__ import BENCHES
from bench.page import PAGE, recorded, section

BEFORE = "# Figures\n\nWords.\n\n## load\n\nold\n\n## mesh\n\nkept\n"


def test_a_benchmark_that_is_there_is_renewed_in_its_place() -> None:
    after = recorded(BEFORE, "load", "## load\n\nnew\n")
    assert after == "# Figures\n\nWords.\n\n## load\n\nnew\n\n## mesh\n\nkept\n"


def test_the_last_one_is_renewed_as_well() -> None:
    after = recorded(BEFORE, "mesh", "## mesh\n\nnew\n")
    assert after == "# Figures\n\nWords.\n\n## load\n\nold\n\n## mesh\n\nnew\n"


def test_one_that_is_not_there_yet_comes_last() -> None:
    assert recorded(BEFORE, "logs", "## logs\n\nnew\n") == BEFORE + "\n## logs\n\nnew\n"


def test_a_section_says_when_and_on_what_machine() -> None:
    told = section("load", "What a request costs", "figure  1.0\n")
    assert re.fullmatch(
        r"## load\n\nWhat a request costs\.\n\n\d{4}-\d\d-\d\d, \d+ cores of .+, Python 3\.\d+\.\d+:\n\n"
        r"```text\nfigure  1\.0\n```\n",
        told,
    )


def test_the_page_has_no_figure_of_a_benchmark_that_is_gone() -> None:
    assert set(re.findall(r"^## (.+)$", PAGE.read_text(), re.M)) <= set(BENCHES)
