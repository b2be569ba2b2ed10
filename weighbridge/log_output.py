"""A survey of access logs as it was asked for: for people, as JSON, as CSV."""

from __future__ import annotations

import csv
import io
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.access_log.survey import Survey

from . import console
from .log_screen import screen


def show(survey: Survey, *, as_json: bool, as_csv: bool) -> None:
    """On stdout; CSV has the series per second where that was asked for."""
    if as_json:
        console.emit(survey.as_dict())
    elif as_csv:
        told = survey.as_dict()
        sys.stdout.write(
            _csv(told.get("per_second") or [row for split in told["splits"] for row in split["outcomes"]])
        )
    else:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        console.show(screen(survey, columns))


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
