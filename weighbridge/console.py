"""How the front door speaks: results on stdout, everything else on stderr, colours only on terminals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from analyzer import harmless

_WIDE = 160
"""Columns where nobody says how many there are: tables in a pipe are not folded."""


class Harmless(Console):
    """Text may come from anywhere: no terminal obeys it, and rich takes none of it for markup."""

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, soft_wrap=True, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """What rich makes of it; styles and cursor movements are rich's own, the text is not."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=harmless.text(segment.text))


notes = Harmless(stderr=True)
"""Progress, hints and errors."""


class _Results(Harmless):
    """Rich would exit with 1 where nobody reads any more, which is the code of a refuted claim."""

    def on_broken_pipe(self) -> None:
        _nobody_reads()


def _nobody_reads() -> None:
    """What is still to be shown goes nowhere: a `head` that has seen enough changes no verdict."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str) -> None:
    """One line for people, on stderr."""
    notes.print(text)


def show(result: RenderableType) -> None:
    """A result for people, on stdout."""
    terminal = sys.stdout.isatty()
    console = _Results(width=None if terminal else _WIDE)
    try:
        console.print(result)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def plain(text: str) -> Text:
    """Text from elsewhere on one line: what would begin another is shown as damaged, like all else."""
    return Text(harmless.line(text))


def emit(result: Mapping[str, Any]) -> None:
    """The one JSON object that ``--json`` promises, on stdout."""
    try:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _nobody_reads()
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def explain(message: str, hint: str) -> None:
    """One line: what happened, and what to do next."""
    line = Text.assemble(("error: ", "bold red"), plain(message))
    notes.print(line + plain(f"; {hint}") if hint else line)
