"""What every error of the project has: a message that says what happened, a hint that says what to do.

Each boundary has a class of its own; the two families say which exit code it comes to.
"""

from __future__ import annotations


class ExplainedError(Exception):
    """Ends the work; caught once, where the program exits."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class InputError(ExplainedError, ValueError):
    """What was given cannot be used: exit code 2."""


class WorkError(ExplainedError):
    """The mesh or the load could not do its work: exit code 4."""


class JudgementError(InputError):
    """A run that cannot be judged."""
