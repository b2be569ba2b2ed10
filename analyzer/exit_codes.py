"""What an exit code means: the one table that scripts may rely on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from .records import Outcome


class ExitCode(IntEnum):
    """0 to 4 say what came of the work; 130 is the shell's own code for Ctrl-C."""

    HOLDS = 0
    REFUTED = 1
    USAGE = 2
    UNDECIDED = 3
    FAILED = 4
    INTERRUPTED = 130


OF_OUTCOME: Mapping[Outcome, ExitCode] = {
    Outcome.PASS: ExitCode.HOLDS,
    Outcome.FAIL: ExitCode.REFUTED,
    Outcome.UNDECIDED: ExitCode.UNDECIDED,
}
