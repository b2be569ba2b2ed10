"""Every command of docs/tutorial.md and of the kind workflow is one that the program takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from weighbridge.__main__ import weighbridge

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "tutorial.md").read_text()
WORKFLOW = (ROOT / ".github" / "workflows" / "kind.yml").read_text()
CLUSTER = re.search(r"CLUSTER: (.*)", WORKFLOW)
assert CLUSTER
COMMANDS = [
    *re.findall(r"^weighbridge (.*)$", PAGE, re.MULTILINE),
    *re.findall(r"`weighbridge ([^`]*)`", PAGE),
    *(
        line.replace("$CLUSTER", CLUSTER[1]).replace("|| code=$?", "")
        for line in re.findall(r"\.venv/bin/weighbridge (.*)$", WORKFLOW, re.MULTILINE)
    ),
]


@pytest.mark.parametrize("command", sorted(set(COMMANDS)))
def test_the_program_takes_the_command(command: str) -> None:
    name, *arguments = shlex.split(command)
    verb = weighbridge.get_command(click.Context(weighbridge), name)
    assert verb is not None
    verb.make_context(name, arguments)


def test_every_verb_that_works_on_a_cluster_is_shown() -> None:
    assert {command.split()[0] for command in COMMANDS} == {"up", "route", "run", "analyze", "open", "down"}
