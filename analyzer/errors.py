"""The one error of the judgement's boundary."""


class JudgementError(ValueError):
    """What was given cannot be judged: the message says what and where, the hint what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
