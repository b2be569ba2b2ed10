"""The one error of the log reader's boundary."""


class LogError(ValueError):
    """What was given cannot be read as access logs: the message says what and where, the hint what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
