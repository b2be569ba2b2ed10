"""A survey of access logs as one HTML file: the service graph, and each way's split, series and troubles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..access_log.graph import graph
from ..access_log.summary import Split
from ..access_log.survey import Seen, Survey, seen
from ..records import UNKNOWN, Version
from . import log_tables, time_series
from .colours import colours as of_versions
from .pages import PAGES
from .service_graph import picture
from .time_series import Series

_TROUBLES = 12


@dataclass(frozen=True, slots=True)
class Way:
    """One way as the page shows it."""

    split: Split
    caller: str
    destination: str
    words: str
    others: tuple[str, ...]
    series: Series | None


def report(survey: Survey) -> str:
    """The page; ``survey`` has the series per second where it should show them."""
    return PAGES.get_template("logs.html").render(
        survey=survey,
        account=survey.account,
        picture=picture(graph(survey.splits)),
        ways=[_way(one, survey) for one in seen(survey.splits)],
        colours=colours(survey.splits),
        tables=log_tables,
        most=_TROUBLES,
        retries=list(log_tables.retries(survey)),
        when=log_tables.when(survey),
        chart=time_series,
    )


def colours(splits: Sequence[Split]) -> dict[Version, str]:
    """A version has one colour all over the page."""
    known = [sorted({one.version for one in split.versions} - {UNKNOWN}) for split in splits]
    weighed = sorted({version for versions in known if len(versions) > 1 for version in versions})
    return of_versions(weighed, (version for versions in known for version in versions))


def _way(one: Seen, survey: Survey) -> Way:
    way = one.split.way
    return Way(
        one.split,
        log_tables.short(way.caller),
        log_tables.short(way.destination),
        log_tables.described(one.split),
        tuple(map(log_tables.received, one.received)),
        time_series.series([moment for moment in survey.moments if moment.way == way]),
    )
