"""The User-Agent that finds a request again in every proxy's log: ``weighbridge/<run>/<worker>.<seq>``.

It is the one request header that stands in Istio's default access log and that productpage and reviews pass
on (Istio: ``pilot/pkg/model/telemetry_logging.go``, ``productpage.py``, ``LibertyRestEndpoint.java``).
"""

from __future__ import annotations

import re
from typing import NamedTuple

RUN = re.compile(r"[a-z0-9-]{1,40}")
"""What a run's id looks like; match it whole."""
_TAG = re.compile(r"weighbridge/([a-z0-9-]{1,40})/(0|[1-9][0-9]{0,8})\.(0|[1-9][0-9]{0,17})")


PART = 10_000
"""A run that is gone on with numbers its workers from the next multiple of this: no tag occurs twice."""


class Tag(NamedTuple):
    """Which request this is: ``seq`` counts from 0 within each worker of a run."""

    run: str
    worker: int
    seq: int


def prefix(run: str) -> str:
    """How the User-Agent of every request of a run begins."""
    return f"weighbridge/{run}/"


def user_agent(tag: Tag) -> str:
    return f"{prefix(tag.run)}{tag.worker}.{tag.seq}"


def parse(user_agent: str | None) -> Tag | None:
    """Read a logged User-Agent back; None for anything that ``user_agent`` would not have written."""
    match = _TAG.fullmatch(user_agent) if user_agent else None
    return Tag(match[1], int(match[2]), int(match[3])) if match else None
