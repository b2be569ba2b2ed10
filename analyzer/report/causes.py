"""The diagnosis in words: each cause with its evidence and its fix, for text and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..diagnosis.causes import NAMES
from ..diagnosis.diagnose import Diagnosis
from ..diagnosis.findings import Finding
from ..judgement import Judgement
from ..records import Outcome

_UNKNOWN = (
    "no cause found: documents, pods and log lines look sound, and the counts fit none of the splits "
    "that a wrong mesh usually makes"
)
_SOUND = "no cause found: nothing is wrong that documents, pods, log lines or counts could show"


def is_told(judgement: Judgement) -> bool:
    """Whether a report speaks of causes: where some were found, and after every FAIL of the split."""
    return bool(judgement.diagnosis.findings) or judgement.split.outcome is Outcome.FAIL


def nothing(judgement: Judgement) -> str:
    """What is said where no cause was found."""
    return _UNKNOWN if judgement.split.outcome is Outcome.FAIL else _SOUND


def text(judgement: Judgement) -> list[str]:
    """Lines for a terminal, without a margin."""
    if not judgement.diagnosis.findings:
        return [nothing(judgement)]
    return [
        "why, best first:",
        *(line for number, one in _numbered(judgement.diagnosis) for line in _lines(number, one)),
    ]


def _numbered(diagnosis: Diagnosis) -> Iterator[tuple[int, Finding]]:
    return enumerate(diagnosis.findings, 1)


def label(finding: Finding) -> str:
    """The cause by its number and name, and what it rests on."""
    proof = "proven" if finding.proven else "by the counts alone"
    return f"cause {finding.cause}, {NAMES[finding.cause]}; {proof}"


def _lines(number: int, finding: Finding) -> Iterator[str]:
    yield f"  {number}. {_printable(finding.told)}"
    yield f"     [{label(finding)}]"
    yield from (f"     - {_printable(line)}" for line in finding.evidence)
    yield f"     fix: {_printable(finding.fix.told)}"
    yield from (f"       {_printable(line)}" for line in finding.fix.change.splitlines())


def _printable(line: str) -> str:
    """Names in it come from documents and from the network: nothing in it is for a terminal to obey."""
    return "".join(character if character.isprintable() else "\ufffd" for character in line)


def markdown(judgement: Judgement, plain: Callable[[str], str]) -> Iterator[str]:
    """A numbered list; changes stand in code blocks, whose fence no change can close."""
    if not judgement.diagnosis.findings:
        yield f"**{nothing(judgement)}**\n"
        return
    yield "**Why, best first**\n"
    for number, one in _numbered(judgement.diagnosis):
        yield f"{number}. {plain(one.told)} ({plain(label(one))})"
        yield from (f"   - {plain(line)}" for line in one.evidence)
        yield f"   - **fix**: {plain(one.fix.told)}"
        if one.fix.change:
            body = "\n".join(f"     {line}" for line in one.fix.change.replace("```", "").splitlines())
            yield f"\n     ```\n{body}\n     ```\n"
    yield ""
