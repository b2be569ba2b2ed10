"""What a line can turn out to be: an access line (``LogEntry``), another program's line, or a damaged one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from ..records import LogEntry


class Reason(StrEnum):
    """Why a line that should be an access line is not believed."""

    CUT = "cut short"
    HEADLESS = "its beginning is missing"
    RUN_TOGETHER = "two lines run together"
    AMBIGUOUS = "two readings are possible"
    SHAPE = "fits no known format"
    TIME = "its time does not exist"
    TOO_LONG = "longer than any access line"


@dataclass(frozen=True, slots=True)
class Other:
    """A line of the agent, of Envoy's own log or of any other program."""


@dataclass(frozen=True, slots=True)
class Malformed:
    reason: Reason


Reading = LogEntry | Other | Malformed
