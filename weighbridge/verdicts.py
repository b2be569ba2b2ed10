"""The judgement of a run folder, written beside its evidence and shown."""

from __future__ import annotations

import json

from analyzer.judge import judge
from analyzer.judgement import Judgement
from analyzer.report import html, junit, markdown, text
from analyzer.run import RunFolder

from . import console


def write(folder: RunFolder) -> Judgement:
    """Judge the run and leave verdict.json and the reports in its folder."""
    judgement = judge(folder)
    for name, content in {
        "verdict.json": json.dumps(judgement.as_dict(), indent=2) + "\n",
        "report.html": html.report(judgement),
        "report.md": markdown.report(judgement),
        "junit.xml": junit.report(judgement),
    }.items():
        beside = folder.path / f".{name}.new"
        beside.write_text(content)
        beside.replace(folder.path / name)
    return judgement


def show(judgement: Judgement, *, as_json: bool) -> None:
    if as_json:
        console.emit(judgement.as_dict())
    else:
        console.show(text.report(judgement))
