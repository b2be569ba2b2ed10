"""A survey of access logs as it was asked for: for people, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer import harmless
from analyzer.access_log.errors import LogError
from analyzer.access_log.survey import Survey

from . import console

if TYPE_CHECKING:
    from rich.console import RenderableType

_FORMULA = ("=", "+", "-", "@")


def check_page(out: Path) -> None:
    """Before anything is read: raises LogError where no page can be written."""
    if out.is_dir() or not out.parent.is_dir():
        raise LogError(f"cannot write {out}: no such folder", "name a file in a folder that is there")


def write_page(survey: Survey, out: Path) -> None:
    """The HTML report, whole or not at all; raises LogError where it cannot be written."""
    from analyzer.report import log_page  # templates need not be loaded where no page is asked for

    new = out.with_name(f".{out.name}.new")
    try:
        new.write_text(log_page.report(survey), "utf-8", "replace")
        new.replace(out)
    except OSError as error:
        raise LogError(f"cannot write {out}: {error.strerror}", "name a file in a folder") from error


def show(survey: Survey, *, as_json: bool, as_csv: bool, per_second: bool) -> None:
    """On stdout; CSV is the series per second where that was asked for."""
    if not per_second:
        survey = replace(survey, moments=())
    if as_json:
        console.emit(survey.as_dict())
    elif as_csv:
        told = survey.as_dict()
        sys.stdout.write(
            _csv(told.get("per_second") or [row for split in told["splits"] for row in split["outcomes"]])
        )
    else:
        console.show(screen(survey))


def screen(survey: Survey) -> RenderableType:
    """As wide as the terminal allows."""
    from . import log_screen  # nor need tables where machines read

    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return log_screen.screen(survey, columns)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Text from a log is shown on terminals, and a spreadsheet would compute what begins like a formula."""
    if not isinstance(value, str):
        return value
    text = harmless.line(value)
    return f"'{text}" if len(text) > 1 and text.startswith(_FORMULA) else text
