"""What a survey of access logs comes to in words and rows of text, the same on a screen and on a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..access_log.flags import meaning
from ..access_log.hops import Reporter, Witness
from ..access_log.summary import Aggregate, Split
from ..access_log.survey import Survey
from . import figures

Row = Sequence[str]

PERFORMANCE = (
    *("version", "calls", "share", "95 % interval", "failed"),
    *("p50 ms", "p90", "p99", "p99.9", "max", "in", "out"),
)
TROUBLES = ("version", "class", "flags", "lines", "share", "what it means")
RETRIES = ("from", "to", "calls", "asked again", "after a failure", "retried by the mesh")
_WITNESS = {
    Reporter.SOURCE: "the caller's proxy",
    Reporter.DESTINATION: "the called pod's proxy",
    Reporter.WAYPOINT: "the waypoint",
    Reporter.ZTUNNEL: "the caller's ztunnel",
    Reporter.ZTUNNEL_INBOUND: "the called pod's ztunnel",
}
_CLASSES = {
    "4xx": "the service refused the request",
    "5xx": "the service itself answered so",
    "none": "no answer was begun",
}
_DOMAIN = ".svc.cluster.local"


def short(name: str) -> str:
    """A service's name without the domain that all have."""
    return name.removesuffix(_DOMAIN)


def when(survey: Survey) -> str:
    """From the first to the last second, empty where no line has a time."""
    if survey.first is None or survey.last is None:
        return ""
    first, last = figures.utc(survey.first), figures.utc(survey.last)
    return f"{first} to {last[11:] if last[:10] == first[:10] else last} UTC"


def described(split: Split) -> str:
    """Who logged how much, and how the versions are known."""
    calls = f"{figures.count(split.calls)} {'connections' if split.way.tcp else 'calls'}"
    known = [witness.value for witness in split.witnesses if witness is not Witness.NOTHING]
    by = f"version by {', '.join(known)}" if known else "nothing tells the version"
    return f"{calls} in the log of {_WITNESS[split.way.reporter]}; {by}"


def received(other: Split) -> str:
    """What the called side saw of the same way."""
    counts = ", ".join(f"{version} {figures.count(count)}" for version, count in other.distribution.counts)
    return f"{_WITNESS[other.way.reporter]} logged {counts}"


def performance(split: Split) -> Iterator[Row]:
    for one in split.versions:
        yield (
            one.version,
            figures.count(one.count),
            figures.percent(one.share),
            figures.span(one.interval),
            figures.count(one.failed),
            *("–" if value is None else figures.count(value) for value in one.latency),
            figures.size(one.bytes_received),
            figures.size(one.bytes_sent),
        )


def troubles(split: Split, most: int) -> Iterator[Row]:
    """The commonest first; what there is no room for as one last row."""
    worst = sorted(split.troubles, key=lambda one: -one.count)
    for one in worst[:most]:
        yield (
            one.hop.version,
            one.hop.response_class,
            one.hop.flags or "-",
            figures.count(one.count),
            figures.percent(one.share, 2),
            explained(one),
        )
    if len(worst) > most:
        rest = worst[most:]
        yield ("…", "", "", figures.count(sum(one.count for one in rest)), "", f"{len(rest)} other kinds")


def explained(one: Aggregate) -> str:
    return meaning(one.hop.flags) or _CLASSES.get(one.hop.response_class, "")


def retries(survey: Survey) -> Iterator[Row]:
    for one in survey.joined.retries if survey.joined else ():
        yield (
            short(one.caller),
            short(one.destination),
            figures.count(one.calls),
            figures.count(one.repeated),
            figures.count(one.after_failure),
            "–" if one.by_mesh is None else figures.count(one.by_mesh),
        )
