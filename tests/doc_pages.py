"""The pages that people read, and the blocks in them: which commands a page shows, and what they need."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])

RUN = {"sh", "console"}
PARSED = {"sh cluster", "sh elsewhere", "sh stays"}
DATA = {"", "text", "yaml", "json", "python", "toml"}
"""What may stand behind the three backticks; CONTRIBUTING.md says what each means."""

_FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
_BETWEEN = set("|;&()<>")
_ASSIGNMENT = re.compile(r"\w+=")
_OURS = {"weighbridge", ".venv/bin/weighbridge"}


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: where it begins, what its fence says, and its lines."""

    page: Path
    line: int
    info: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def script(self) -> str:
        """The commands of the block, without prompts and what they print."""
        if self.info != "console":
            return self.text
        return "".join(command + "\n" for _, (command, _) in self.examples())

    def examples(self) -> Iterator[tuple[int, tuple[str, str]]]:
        """Of a console: each command with its number, and what the page says that it prints."""
        if self.info == "console":
            for number, part in enumerate(re.split(r"^\$ ", self.text, flags=re.M)[1:]):
                command, _, shown = part.partition("\n")
                yield number, (command, shown)


def blocks(page: Path) -> list[Block]:
    """Every fenced block of a page, in order; one that is not closed is an error."""
    found: list[Block] = []
    info, begun, lines = "", 0, list[str]()
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        fence = _FENCE.match(line)
        if begun and fence and not fence["info"]:
            found.append(Block(page, begun, info, "".join(f"{one}\n" for one in lines)))
            begun = 0
        elif begun:
            lines.append(line)
        elif fence:
            info, begun, lines = fence["info"], number, []
    assert not begun, f"{page}:{begun}: the block does not end"
    return found


def our_commands(script: str) -> Iterator[list[str]]:
    """The arguments of each call of our program in lines of shell, wherever in a pipe it stands."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.commenters = "#"
        words.whitespace_split = True
        call: list[str] | None = None
        first = True  # the next word is a command, not an argument
        for word in [*words, ";"]:
            if not set(word) - _BETWEEN:
                if call is not None:
                    yield call
                call, first = None, True
            elif call is not None:
                call.append(word)
            elif first and not _ASSIGNMENT.match(word):
                first = False
                call = [] if word in _OURS else None
