"""The classes of differences between witnesses, each with its cause; docs/reconcile.md lists them."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """Why one witness has another number of records than the one beside it, or tells another version."""

    ONE_TO_ONE = "one-to-one"
    BEFORE_GATE = "before-the-gate"
    FOREIGN = "foreign"
    UNREAD = "unread"
    NOT_ARRIVED = "not-arrived"
    UNANSWERED = "unanswered"
    ERROR_PAGE = "error-page"
    COLOURLESS = "colourless"
    OTHER_VERSION = "another-version"
    APP_RETRY = "app-retry"
    PROXY_RETRY = "proxy-retry"
    MIRRORED = "mirrored"
    UNDELIVERED = "undelivered"
    NOT_ASKED = "not-asked"
    LOST_LINE = "lost-line"
    LATE_LINE = "late-line"
    NO_LOG = "no-log"
    RESIDUE = "unexplained"


MEANINGS = {
    Cause.ONE_TO_ONE: "one record at each witness, and all tell the same",
    Cause.BEFORE_GATE: "asked for before these weights were in force at every proxy",
    Cause.FOREIGN: "by other clients: without this run's tag and without the id of one of its requests",
    Cause.UNREAD: "logged by the proxies, but the reader kept no row: in flight when the load ended",
    Cause.NOT_ARRIVED: "the reader got no answer, and no proxy logged the request",
    Cause.UNANSWERED: "the reader got no whole answer: it gave up, or the connection broke",
    Cause.ERROR_PAGE: "the page shows an error in place of the reviews",
    Cause.COLOURLESS: "the reviews came, but the page does not tell which version wrote them",
    Cause.OTHER_VERSION: "the page shows another version than the proxy called",
    Cause.APP_RETRY: "productpage asked reviews again after an error, and the weights drew again",
    Cause.PROXY_RETRY: "the caller's proxy sent the request again, and wrote one line for all tries",
    Cause.MIRRORED: "a copy that a mirror made: it has a line where it arrived, and none where it was sent",
    Cause.UNDELIVERED: "the caller's proxy answered by itself: its flags say why",
    Cause.NOT_ASKED: "productpage was asked, and answered without asking for reviews",
    Cause.LOST_LINE: "a line is missing in the midst of a log: others tell that the request was there",
    Cause.LATE_LINE: "due after the last line of its log: copied too early, or the proxy died before writing",
    Cause.NO_LOG: "the pod has no log in the run's folder: no sidecar, or it was not collected",
    Cause.RESIDUE: "nothing in the evidence explains it",
}
"""What each class says happened."""

PRECEDENCE = (
    Cause.BEFORE_GATE,
    Cause.UNREAD,
    Cause.NOT_ARRIVED,
    Cause.UNANSWERED,
    Cause.ERROR_PAGE,
    Cause.COLOURLESS,
    Cause.OTHER_VERSION,
    Cause.RESIDUE,
    Cause.LOST_LINE,
    Cause.LATE_LINE,
    Cause.APP_RETRY,
    Cause.PROXY_RETRY,
    Cause.MIRRORED,
    Cause.UNDELIVERED,
    Cause.NOT_ASKED,
    Cause.NO_LOG,
    Cause.ONE_TO_ONE,
)
"""A request with several differences is in the first of these: what its reader saw, then what is missing."""
