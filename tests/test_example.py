"""The committed run: judged again it says the same, and its reports are what they promise to be."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hostile import poisoned

from analyzer.diagnosis.diagnose import Diagnosis
from analyzer.diagnosis.findings import Finding, Fix
from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.performance.error_rates import error_rate
from analyzer.performance.failures import Failure
from analyzer.report import html, junit, markdown, text
from analyzer.run.folder import RunFolder

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "results" / "example"
Report = Callable[[Judgement], str]


@pytest.fixture(scope="module")
def example() -> Judgement:
    return judge(RunFolder(EXAMPLE))


def test_judged_again_the_run_gives_the_same_verdict_to_the_last_digit(example: Judgement) -> None:
    recorded = json.loads((EXAMPLE / "verdict.json").read_text())
    again = json.loads(json.dumps(example.as_dict()))
    assert again | {"run": recorded["run"]} == recorded


def test_the_keys_that_machines_rely_on_come_first(example: Judgement) -> None:
    assert list(example.as_dict())[:10] == [
        "verdict",
        "exit_code",
        "run",
        "weights",
        "within",
        "alpha",
        "requests",
        "witnesses",
        "unmatched",
        "excluded_before_live",
    ]


def test_the_readme_shows_what_analyze_prints(example: Judgement) -> None:
    printed = text.report(dataclasses.replace(example, folder="results/example"))
    assert printed in (ROOT / "README.md").read_text()


def test_the_example_tells_nobody_where_it_was_made() -> None:
    names = [str(ROOT), "/tmp/", "/home/", "/root/", "/Users/"]  # noqa: S108 - looked for, not used
    for file in EXAMPLE.rglob("*"):
        content = file.read_bytes() if file.is_file() else b""
        assert not [name for name in names if name.encode() in content], file


def test_the_html_report_needs_nothing_from_elsewhere(example: Judgement) -> None:
    page = html.report(example)
    assert re.findall(r"(?:src|href)=[\"'](?!#)[^\"']+", page) == []
    assert "<script" not in page


@pytest.fixture(scope="module")
def attacked(example: Judgement) -> Judgement:
    """With failures and troubles too, so that every section of a report is there."""
    failure, rate = Failure("v3", 503, "UH", 3, 10.0, 12.0), error_rate("v3", 3, 10)
    cause = Finding(
        2, "a cause", 9.0, ("evidence",), Fix("what to do", "a: change"), predicted={"v2": 0.5, "v4": 0.5}
    )
    full = dataclasses.replace(
        example,
        failures=(failure,),
        error_rates=(rate,),
        errors={"reviews": 3},
        warnings=("a warning",),
        diagnosis=Diagnosis((cause,)),
    )
    return poisoned(full)  # type: ignore[no-any-return]


def test_whatever_a_record_says_it_stays_text_on_the_page(attacked: Judgement) -> None:
    written = html.report(attacked)
    assert "<script>" not in written
    page = BeautifulSoup(written, "lxml")
    assert page.select("script, img, iframe, object, [onerror], [onload]") == []
    assert page.get_text().count("alert(1)") > 60


@pytest.mark.parametrize("report", [markdown.report, junit.report])
def test_text_from_elsewhere_is_never_markup(attacked: Judgement, report: Report) -> None:
    told = re.sub(r"^ *```$.*?^ *```$", "", report(attacked), flags=re.S | re.M)  # code blocks are text
    assert "<script>" not in told.replace("\\<", "")
    assert "alert(1)" in told


def test_the_page_allows_itself_nothing_but_its_own_style(example: Judgement) -> None:
    policy = BeautifulSoup(html.report(example), "lxml").select_one("meta[http-equiv]")
    assert policy
    assert policy["content"] == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )


def test_every_module_has_its_line_in_the_architecture() -> None:
    described = (ROOT / "ARCHITECTURE.md").read_text()
    for package in ("weighbridge", "setup", "locustfiles", "analyzer"):
        for module in (ROOT / package).rglob("*.py"):
            if module.name != "__init__.py":
                assert f"`{module.relative_to(ROOT / package)}`" in described, module


def test_every_verb_and_exit_code_is_in_the_readme() -> None:
    from analyzer.exit_codes import ExitCode
    from weighbridge.__main__ import VERBS

    readme = (ROOT / "README.md").read_text()
    assert all(f"`{verb}`" in readme for verb in VERBS)
    assert all(f"| {code.value} |" in readme for code in ExitCode)
