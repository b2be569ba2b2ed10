"""One judgement in four formats: verdict first, then the numbers, the same everywhere."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.performance.claim_results import ClaimResult
from analyzer.records import Outcome
from analyzer.report import html, junit, markdown, sentences
from analyzer.report.figures import percent, span
from analyzer.run.folder import RunFolder
from analyzer.split.intervals import Interval
from weighbridge import verdicts

EXAMPLE = Path(__file__).parent.parent / "results" / "example"


@pytest.fixture(scope="module")
def example() -> Judgement:
    return judge(RunFolder(EXAMPLE))


def claim(outcome: Outcome) -> ClaimResult:
    reason = "errors of v3 < 1% : measured 4 % (2.58 to 5.88)."
    return ClaimResult(
        "errors of v3 < 1%", outcome, 0.04, "share", Interval(0.0258, 0.0588), 0.5, 0.5, reason
    )


def judged(
    example: Judgement,
    split: Outcome = Outcome.PASS,
    claims: tuple[Outcome, ...] = (),
    objections: tuple[str, ...] = (),
) -> Judgement:
    found = dataclasses.replace(example.split, outcome=split)
    return dataclasses.replace(example, split=found, claims=tuple(map(claim, claims)), objections=objections)


PARTS = (
    "How the traffic split",
    "How it became certain",
    "Over time",
    "The witnesses side by side",
    "How fast each version is",
    "What failed",
    "Who called whom",
    "What stands behind it",
    "For those who check",
    "Provenance",
)
PASS, FAIL, UNDECIDED = Outcome.PASS, Outcome.FAIL, Outcome.UNDECIDED


@pytest.mark.parametrize(
    ("split", "claims", "objections", "outcome", "title"),
    [
        (PASS, (), (), PASS, "The traffic splits as promised"),
        (PASS, (PASS,), (), PASS, "The traffic splits as promised, and every claim about it holds"),
        (PASS, (PASS, FAIL), (), FAIL, "Of 2 claims about this traffic 1 is broken"),
        (
            PASS,
            (UNDECIDED,),
            (),
            UNDECIDED,
            "The traffic splits as promised, but not every claim about it is proved",
        ),
        (FAIL, (FAIL,), (), FAIL, "The traffic does not split as promised"),
        (FAIL, (), ("silence",), FAIL, "The traffic does not split as promised"),
        (UNDECIDED, (), (), UNDECIDED, "There is too little evidence to tell how the traffic splits"),
        (PASS, (), ("silence",), UNDECIDED, "There is too little evidence to tell how the traffic splits"),
    ],
)
def test_the_verdict_stands_first_in_words_that_need_no_weights(
    example: Judgement,
    split: Outcome,
    claims: tuple[Outcome, ...],
    objections: tuple[str, ...],
    outcome: Outcome,
    title: str,
) -> None:
    judgement = judged(example, split, claims, objections)
    assert judgement.outcome is outcome
    assert sentences.title(judgement) == title
    assert f"<h1>{title}</h1>" in html.report(judgement)
    assert markdown.report(judgement).splitlines()[0].endswith(f"{outcome.value.upper()}: {title}")


def test_two_sentences_say_what_was_found_and_how_sure_that_is(example: Judgement) -> None:
    assert example.split.reason == (
        f"Every version got its share within 5 points (v2 90 %, v3 10 %), certain after "
        f"{example.split.certain_after} requests. A split that is off by more is passed with a probability "
        "of at most 1 %."
    )
    assert f"<p>{example.split.reason}</p>" in html.report(example)


def cases(judgement: Judgement) -> list[tuple[str, str, str]]:
    """(name, how it ended, message) of each test case."""
    suite = ElementTree.fromstring(junit.report(judgement))  # noqa: S314 - our own
    found = []
    for case in suite.iter("testcase"):
        (end,) = case
        found.append((case.attrib["name"], end.tag, end.attrib.get("message", end.text or "")))
    kinds = [end for _, end, _ in found]
    assert suite.attrib["tests"] == str(len(found))
    assert suite.attrib["failures"] == str(kinds.count("failure"))
    assert suite.attrib["errors"] == str(kinds.count("error"))
    return found


def test_junit_has_a_case_for_each_claim_with_its_value_and_interval(example: Judgement) -> None:
    split, broken = cases(judged(example, PASS, (FAIL,)))
    assert split[:2] == ("v2=90,v3=10 within 5 points at alpha 0.01", "system-out")
    seen = ", ".join(f"{one.version} {percent(one.seen)} ({span(one.interval)})" for one in example.shares)
    assert split[2].startswith(f"{example.split.reason} Seen: {seen}.\n\n")
    assert broken == ("errors of v3 < 1%", "failure", "errors of v3 < 1% : measured 4 % (2.58 to 5.88).")


def test_junit_tells_why_a_good_split_is_not_believed(example: Judgement) -> None:
    assert cases(judged(example, PASS, (), ("not one page shows a version",)))[1:] == [
        ("there is enough to believe a pass", "error", "not one page shows a version")
    ]


def test_a_job_summary_grows_by_the_markdown_report(
    example: Judgement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    verdicts.write(RunFolder(tmp_path), example)
    assert summary.read_text() == "before\n" + markdown.report(example)
    assert (tmp_path / "report.md").read_text() == markdown.report(example)


def test_a_summary_that_cannot_be_written_breaks_nothing(
    example: Judgement, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "nowhere" / "summary.md"))
    verdicts.write(RunFolder(tmp_path), example)
    assert (
        capsys.readouterr().err == f"no summary in {tmp_path}/nowhere/summary.md: No such file or directory\n"
    )


def test_every_part_of_the_page_is_there_with_its_charts(example: Judgement) -> None:
    page = html.report(example)
    versions = len(example.run.promise.weights.versions)
    assert page.count('<svg class="plot"') == 3 + 2 * versions  # shares, load and latency; bands, over time
    assert page.count('<svg class="graph"') == 1
    for part in PARTS:
        assert f"<h2>{part}</h2>" in page


def test_the_page_of_a_run_without_any_page_is_whole_too(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE, tmp_path / "run", ignore=shutil.ignore_patterns("*.parquet", "*.log"))
    page = html.report(judge(RunFolder(tmp_path / "run")))
    assert "<h1>There is too little evidence to tell how the traffic splits</h1>" in page
    assert 'aria-label="seen: nothing"' in page
    assert "nobody can tell what fails" in page
    assert "No call failed" not in page
    assert page.endswith("</html>")


def test_the_same_judgement_gives_the_same_bytes(example: Judgement) -> None:
    assert html.report(example) == html.report(judge(RunFolder(EXAMPLE)))
