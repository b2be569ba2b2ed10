"""The shell completes verbs and options: click's scripts, and what they ask the program."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from weighbridge.__main__ import VERBS

pytestmark = pytest.mark.e2e

PROGRAM = Path(sys.executable).parent / "weighbridge"


def told(**environment: str) -> str:
    return subprocess.run(
        [PROGRAM], env={**os.environ, **environment}, check=True, capture_output=True, text=True, timeout=60
    ).stdout


@pytest.mark.parametrize(
    ("shell", "begins"),
    [
        ("bash", "_weighbridge_completion() {"),
        ("zsh", "#compdef weighbridge"),
        ("fish", "function _weighbridge"),
    ],
)
def test_each_shell_gets_its_script(shell: str, begins: str, tmp_path: Path) -> None:
    script = told(_WEIGHBRIDGE_COMPLETE=f"{shell}_source")
    assert script.lstrip().startswith(begins)
    if there := shutil.which(shell):
        (tmp_path / "script").write_text(script)
        subprocess.run([there, "-n", tmp_path / "script"], check=True)


def test_a_shell_that_asks_hears_every_verb() -> None:
    answer = told(_WEIGHBRIDGE_COMPLETE="bash_complete", COMP_WORDS="weighbridge ", COMP_CWORD="1")
    assert answer.split() == [f"plain,{verb}" for verb in VERBS]


def test_a_shell_that_asks_hears_the_options_of_a_verb() -> None:
    answer = told(_WEIGHBRIDGE_COMPLETE="bash_complete", COMP_WORDS="weighbridge run --arr", COMP_CWORD="2")
    assert answer.split() == ["plain,--arrivals"]
