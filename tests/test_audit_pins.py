"""What ``make audit`` says of the pinned dependencies, by what pip-audit answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from audit_pins import main, told

SOUND = {"name": "click", "version": "8.1.8", "vulns": []}
HOLED = {"name": "lxml", "version": "4.9.0", "vulns": [{"id": "PYSEC-2022-230", "fix_versions": ["4.9.1"]}]}
UNASKED = {
    "name": "rich",
    "skip_reason": "Dependency not found on PyPI and could not be audited: rich (14.0.0)",
}
NOT_HAD = (
    "audit: the advisory data could not be had from here for 1 of 2 pinned packages "
    "(Dependency not found on PyPI and could not be audited: rich (14.0.0))\n"
)
HOLE = "audit: lxml 4.9.0: PYSEC-2022-230, mended in 4.9.1\n"


@pytest.mark.parametrize(
    ("packages", "code", "words"),
    [
        ([SOUND, SOUND], 0, "audit: no hole is known in any of the 2 pinned packages\n"),
        ([SOUND, HOLED], 1, HOLE),
        ([SOUND, UNASKED], 3, NOT_HAD),
        ([HOLED, UNASKED], 1, HOLE + NOT_HAD),
    ],
)
def test_each_hole_is_told_and_what_could_not_be_asked_never_passes(
    packages: list[dict[str, Any]], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (told(packages), capsys.readouterr().out) == (code, words)


def test_a_pip_audit_that_fails_is_told_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "pip-audit"
    program.write_text("#!/bin/sh\necho 'ERROR: no route to host' >&2\nexit 1\n")
    program.chmod(0o700)
    assert main(str(program)) == 3
    assert capsys.readouterr().out == (
        "audit: the advisory data could not be had from here (ERROR: no route to host)\n"
    )
