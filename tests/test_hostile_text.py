"""Text from the network, from logs, documents and run folders stays text, wherever it is shown."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from access_log_lines import CALL, Format, line
from bookinfo_pages import Shown, body
from bs4 import BeautifulSoup
from hostile import HOSTILE, SCRIPT, acts, poisoned
from rich.table import Table

from analyzer.access_log.digest import Digest
from analyzer.access_log.survey import Survey, survey
from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.report import html, junit, log_page, markdown, text
from analyzer.run.folder import RunFolder
from weighbridge import console, log_output, log_screen
from weighbridge.__main__ import outcome

EXAMPLE = Path(__file__).parent.parent / "results" / "example"
OBEYED = ("\x1b", "\x07", "\x08", "\x9b", "\r", "\u202e", "\u2066")
"""What a terminal obeys; the last two turn the direction of what follows."""


@pytest.fixture(scope="module")
def judgement() -> Judgement:
    """The recorded run with every text in it hostile, but names of pods and versions that are checked."""
    judged: Judgement = poisoned(judge(RunFolder(EXAMPLE)))
    return judged


def poisoned_survey(version: str = HOSTILE) -> Survey:
    """Of lines whose caller, destination, versions, flags and ids are hostile, in a file of such a name."""
    members = json.loads(line(CALL, Format.JSON))
    evil = {
        "upstream_cluster": f"outbound|9080|{version}|{HOSTILE}".replace("`*|_", "`*_"),
        "response_flags": HOSTILE,
        "request_id": HOSTILE,
        "response_code": 503,
    }
    lines = [json.dumps(members | evil | {"start_time": f"2022-02-16T17:5{n}:20.030Z"}) for n in range(3)]
    digest = Digest(join=True)
    list(digest.read(io.BytesIO("\n".join(lines).encode() + b"\n" + line(CALL)[:50]), HOSTILE, HOSTILE))
    return survey(digest, files=[HOSTILE], moments=True)


@pytest.mark.parametrize("page", ["report", "logs"])
def test_no_text_of_a_page_is_markup_a_script_or_an_address(page: str, judgement: Judgement) -> None:
    made = html.report(judgement) if page == "report" else log_page.report(poisoned_survey())
    assert acts(made) == []
    assert SCRIPT in BeautifulSoup(made, "lxml").get_text(), "it is there, as text"
    assert "{{" in made, "no template takes it for its own"
    assert not [sign for sign in OBEYED if sign in made]


@pytest.mark.parametrize("report", [markdown.report, junit.report])
def test_no_report_for_other_programs_has_markup_or_what_a_terminal_obeys(
    report: Callable[[Judgement], str], judgement: Judgement
) -> None:
    made = report(judgement)
    assert "<script>" not in made.replace("\\<", "")
    assert not [sign for sign in OBEYED if sign in made]


def shown(result: object, capsys: pytest.CaptureFixture[str]) -> str:
    console.show(result)  # type: ignore[arg-type] # whatever rich shows
    return capsys.readouterr().out


def test_a_terminal_obeys_nothing_of_a_judgement(
    judgement: Judgement, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shown(text.report(judgement), capsys)
    assert SCRIPT in out
    assert "[bold]" in out, "rich takes nothing of it for its own markup"
    assert not [sign for sign in OBEYED if sign in out]


def test_a_terminal_obeys_nothing_of_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(log_screen.screen(poisoned_survey(), 200), capsys)
    assert "alert(1)" in out
    assert not [sign for sign in OBEYED if sign in out]


def test_rich_itself_is_given_no_markup_in_a_cell(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("a", box=None)
    table.add_row("[link=https://example.org]x[/link] :skull:")
    assert "[link=https://example.org]x[/link] :skull:" in shown(table, capsys)


def test_csv_holds_no_escape_and_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    log_output.show(poisoned_survey("=1+1"), as_json=False, as_csv=True, per_second=False)
    out = capsys.readouterr().out
    assert "'=1+1" in out
    assert not [sign for sign in OBEYED if sign in out]


@pytest.mark.parametrize("as_json", [False, True])
def test_a_terminal_obeys_nothing_of_a_page(
    as_json: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page\x1b[2J.html"
    page.write_bytes(body(Shown(colour="\x1b[31m", pod="reviews-\x1b]0;owned\x07-84779c7bbc-9drws")))
    assert outcome(["stars", str(page), *(["--json"] if as_json else [])]) == 0
    said = capsys.readouterr()
    assert not [sign for sign in OBEYED if sign in said.out + said.err]


@pytest.mark.parametrize("arguments", [("stars",), ("analyze",), ("logs",), ("plan",), ("route", "-f")])
def test_a_terminal_obeys_nothing_of_an_error(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert outcome([*arguments, "\x1b]0;owned\x07\x1b[2Jnowhere\u202e\r"]) == 2
    said = capsys.readouterr()
    assert len(said.err.splitlines()) == 1
    assert not [sign for sign in OBEYED if sign in said.out + said.err]
