"""How the front door speaks: results on stdout, everything else on stderr, colours only on terminals."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from functools import cache
from typing import IO, TYPE_CHECKING, Any

from analyzer import harmless

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from .terminal import Harmless

_WIDE = 160
"""Columns where nobody says how many there are: tables in a pipe are not folded."""
_ASKED_FOR_COLOURS = {"FORCE_COLOR", "TTY_COMPATIBLE"}


@cache
def notes() -> Harmless:
    """Progress, hints and errors on stderr, where ``is_plain`` does not hold."""
    from .terminal import Harmless

    return Harmless(stderr=True)


def is_plain() -> bool:
    """Whether stderr is a file or a pipe, and nobody wants colours there."""
    return not sys.stderr.isatty() and not _ASKED_FOR_COLOURS & os.environ.keys()


def say(text: str) -> None:
    """One line for people, on stderr."""
    if not is_plain():
        notes().print(text)
        return
    try:
        print(harmless.text(text), file=sys.stderr, flush=True)
    except BrokenPipeError:
        nobody_reads(sys.stderr)


def show(result: RenderableType) -> None:
    """A result for people, on stdout."""
    from .terminal import Harmless

    terminal = sys.stdout.isatty()
    console = Harmless(width=None if terminal else _WIDE)
    try:
        console.print(result)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def plain(text: str) -> Text:
    """Text from elsewhere on one line: what would begin another is shown as damaged, like all else."""
    from rich.text import Text

    return Text(harmless.line(text))


def emit(result: Mapping[str, Any]) -> None:
    """The one JSON object that ``--json`` promises, on stdout."""
    try:
        sys.stdout.write(json.dumps(result, indent=2) + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        nobody_reads(sys.stdout)
    except OSError as error:
        raise OSError(error.errno, error.strerror, "stdout") from error


def explain(message: str, hint: str) -> None:
    """One line: what happened, and what to do next."""
    from rich.text import Text

    line = Text.assemble(("error: ", "bold red"), plain(message))
    notes().print(line + plain(f"; {hint}") if hint else line)


def nobody_reads(stream: IO[str]) -> None:
    """What is still to be shown goes nowhere: a `head` that has seen enough changes no verdict."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
