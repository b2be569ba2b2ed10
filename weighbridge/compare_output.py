"""A comparison as it was asked for: on the screen, as JSON, as a page, as Markdown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from analyzer.compare.comparison import Comparison
from analyzer.errors import InputError
from analyzer.report import comparison_markdown, comparison_page, comparison_text
from analyzer.run import whole_file

from . import console
from .folders import FolderError


class PageError(InputError):
    """A file that was asked for cannot be written."""


@dataclass(frozen=True, slots=True)
class Pages:
    """The files that were asked for."""

    html: Path | None
    markdown: Path | None

    def check(self) -> None:
        """Before anything is run: raises PageError where no file can be written."""
        for out in filter(None, (self.html, self.markdown)):
            if out.is_dir() or not out.parent.is_dir():
                raise PageError(
                    f"cannot write {out}: no such folder", "name a file in a folder that is there"
                )

    def write(self, comparison: Comparison) -> None:
        """Each whole or not at all; raises PageError where one cannot be written."""
        for out, report in ((self.html, comparison_page.report), (self.markdown, comparison_markdown.report)):
            if out:
                try:
                    whole_file.write(out, report(comparison))
                except OSError as error:
                    raise PageError(
                        f"cannot write {out}: {error.strerror}", "name a file in a folder"
                    ) from error


def keep(comparison: Comparison, folder: Path) -> None:
    """Leave the result beside the runs; raises FolderError if it takes no more."""
    for name, content in {
        "differences.json": json.dumps(comparison.as_dict(), indent=2) + "\n",
        "report.html": comparison_page.report(comparison),
        "report.md": comparison_markdown.report(comparison),
    }.items():
        try:
            whole_file.write(folder / name, content)
        except OSError as error:
            raise FolderError.of(folder, error) from error


def show(comparison: Comparison, *, as_json: bool) -> None:
    if as_json:
        console.emit(comparison.as_dict())
    else:
        console.show(comparison_text.report(comparison))
