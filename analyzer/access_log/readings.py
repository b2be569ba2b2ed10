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


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection that ztunnel passed on. ``start`` is when it ended: ztunnel logs no other time."""

    start: float
    source_address: str | None
    source_workload: str | None
    destination_address: str | None
    service_address: str | None
    destination_service: str | None
    destination_workload: str | None
    direction: str | None
    bytes_sent: int | None
    bytes_received: int | None
    duration: int | None
    error: str | None


Reading = LogEntry | Connection | Other | Malformed
