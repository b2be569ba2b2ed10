"""The judgement of a run folder, written beside its evidence and shown."""

from __future__ import annotations

import json
import os
from pathlib import Path

from analyzer.judgement import Judgement
from analyzer.report import html, junit, markdown, text
from analyzer.run import whole_file
from analyzer.run.folder import RunFolder

from . import console
from .folders import FolderError


def write(folder: RunFolder, judgement: Judgement) -> None:
    """Leave verdict.json and the reports in the run's folder; raises FolderError if it takes no more."""
    for name, content in {
        "verdict.json": json.dumps(judgement.as_dict(), indent=2) + "\n",
        "report.html": html.report(judgement),
        "report.md": markdown.report(judgement),
        "junit.xml": junit.report(judgement),
    }.items():
        try:
            whole_file.write(folder.path / name, content)
        except OSError as error:
            raise FolderError.of(folder.path, error) from error
    _summarize(judgement)


def _summarize(judgement: Judgement) -> None:
    """Add the Markdown to the summary of a CI job, where there is one; a job is not broken by its summary."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        try:
            with Path(summary).open("a") as file:
                file.write(markdown.report(judgement))
        except OSError as error:
            console.say(f"no summary in {summary}: {error.strerror}")


def show(judgement: Judgement, *, as_json: bool) -> None:
    if as_json:
        console.emit(judgement.as_dict())
    else:
        console.show(text.report(judgement))
