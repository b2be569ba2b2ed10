"""The one error of the log reader's boundary."""

from __future__ import annotations

from ..errors import InputError


class LogError(InputError):
    """What was given cannot be read as access logs: the message says what and where, the hint what to do."""
