"""A survey of access logs for a terminal or a pipe: the same words in both, colours where they show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.access_log.entries import Account
from analyzer.access_log.flags import meaning
from analyzer.access_log.hops import Reporter
from analyzer.access_log.joins import Joined
from analyzer.access_log.summary import Aggregate, Performance, Split
from analyzer.access_log.survey import Seen, Survey, seen
from analyzer.report import figures

from .console import plain

_SHOWN = 5
"""Malformed lines shown with their place."""
_TROUBLES = 8
"""Troubles shown for each way; --json and --csv have them all."""
_WIDE = 130
_WHERE_WIDE = ("", "in", "out")
_WIDTHS = {
    "": 20,
    "calls": 9,
    "share": 7,
    "95 % interval": 14,
    "failed": 6,
    "p50 ms": 6,
    "p90": 5,
    "p99": 5,
    "p99.9": 5,
    "max": 5,
    "in": 7,
    "out": 7,
}
"""So that the numbers of different ways stand below each other."""
_BAR = 20
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WITNESS = {
    Reporter.SOURCE: "the caller's proxy",
    Reporter.DESTINATION: "the called pod's proxy",
    Reporter.WAYPOINT: "the waypoint",
    Reporter.ZTUNNEL: "the caller's ztunnel",
    Reporter.ZTUNNEL_INBOUND: "the called pod's ztunnel",
}


def screen(survey: Survey, width: int | None = None) -> RenderableType:
    """Everything, the busiest way first; bars and bytes where ``width`` columns have room for them."""
    wide = width is None or width >= _WIDE
    return Group(
        *_head(survey),
        *(part for one in seen(survey.splits) for part in _way(one, wide=wide)),
        *(_retries(survey.joined) if survey.joined else ()),
    )


def short(name: str) -> str:
    """A service's name without the domain that all have."""
    return name.removesuffix(".svc.cluster.local")


def _head(survey: Survey) -> Iterator[RenderableType]:
    account = survey.account
    files = f"{len(survey.files)} files" if len(survey.files) != 1 else "1 file"
    counts = (
        f"{figures.count(account.lines)} lines: {figures.count(account.access)} access, "
        f"{figures.count(account.other)} other, {figures.count(account.malformed)} malformed"
    )
    yield Text(f"{files}, {figures.size(account.bytes)}, {counts}; format {' and '.join(survey.formats)}")
    if survey.first is not None and survey.last is not None:
        first, last = figures.utc(survey.first), figures.utc(survey.last)
        yield Text(f"{first} to {last[11:] if last[:10] == first[:10] else last} UTC", "dim")
    if not survey.complete:
        yield Text("interrupted: what follows is complete for the lines above, and no others", "bold yellow")
    yield from _damages(account)


def _damages(account: Account) -> Iterator[RenderableType]:
    if account.malformed:
        reasons = ", ".join(f"{figures.count(n)} {why.value}" for why, n in account.reasons.most_common())
        yield Text(f"malformed, counted nowhere below: {reasons}", "yellow")
    for damage in account.damages[:_SHOWN]:
        place = f"  {damage.file}, byte {figures.count(damage.offset)}: {damage.reason.value}"
        yield plain(place)
    if account.malformed > _SHOWN:
        yield Text(f"  and {figures.count(account.malformed - _SHOWN)} more", "dim")


def _way(one: Seen, *, wide: bool) -> Iterator[RenderableType]:
    split = one.split
    way = split.way
    yield Text()
    yield Text.assemble(
        (plain(short(way.caller)).plain, "bold"),
        " → ",
        (plain(short(way.destination)).plain, "bold"),
        f"  {figures.count(split.calls)} {'connections' if way.tcp else 'calls'} in the log of "
        f"{_WITNESS[way.reporter]}; version by {', '.join(split.witnesses)}",
    )
    yield _indented(_performance(split, wide=wide))
    if split.troubles:
        yield _indented(_troubles(split.troubles))
    for other in one.received:
        counts = ", ".join(f"{version} {figures.count(n)}" for version, n in other.distribution.counts)
        yield plain(f"  {_WITNESS[other.way.reporter]} logged {counts}")


def _performance(split: Split, *, wide: bool) -> Table:
    table = _table("version", *_WIDTHS)
    for column, width in zip(table.columns[1:], _WIDTHS.values(), strict=True):
        column.min_width = width if wide else None
    for one in split.versions:
        table.add_row(*_cells(one))
    if not wide:
        table.columns = [column for column in table.columns if column.header not in _WHERE_WIDE]
    return table


def _cells(one: Performance) -> Iterator[RenderableType]:
    yield Text.assemble((plain(one.version).plain, "bold"))
    yield Text(_bar(one.share), "cyan")
    yield figures.count(one.count)
    yield figures.percent(one.share)
    yield figures.span(one.interval)
    yield Text(figures.count(one.failed), "bold red" if one.failed else "")
    yield from ("–" if value is None else figures.count(value) for value in one.latency)
    yield figures.size(one.bytes_received)
    yield figures.size(one.bytes_sent)


def _troubles(troubles: Sequence[Aggregate]) -> Table:
    table = _table("version", "class", "flags", "lines", "share", "what it means")
    table.columns[1].justify = table.columns[2].justify = table.columns[5].justify = "left"
    worst = sorted(troubles, key=lambda one: -one.count)
    for one in worst[:_TROUBLES]:
        table.add_row(
            plain(one.hop.version),
            Text(one.hop.response_class, "red" if one.hop.response_class == "5xx" else ""),
            plain(one.hop.flags or "-"),
            figures.count(one.count),
            figures.percent(one.share, 2),
            plain(meaning(one.hop.flags) or _CLASSES.get(one.hop.response_class, "")),
        )
    if len(worst) > _TROUBLES:
        table.add_row("…", "", "", figures.count(sum(one.count for one in worst[_TROUBLES:])), "", "others")
    return table


_CLASSES = {
    "4xx": "the service refused the request",
    "5xx": "the service itself answered so",
    "none": "no answer was begun",
}


def _retries(joined: Joined) -> Iterator[RenderableType]:
    yield Text()
    each = ", ".join(f"{figures.count(n)} × {lines}" for lines, n in sorted(joined.lines_per_request.items()))
    yield Text.assemble(
        ("requests", "bold"),
        f"  {figures.count(joined.requests)} ids in {figures.count(joined.lines)} lines: {each}",
    )
    table = _table("from", "to", "calls", "asked again", "after a failure", "retried by the mesh")
    table.columns[1].justify = "left"
    for one in joined.retries:
        table.add_row(
            plain(short(one.caller)),
            plain(short(one.destination)),
            figures.count(one.calls),
            figures.count(one.repeated),
            figures.count(one.after_failure),
            "–" if one.by_mesh is None else figures.count(one.by_mesh),
        )
    yield _indented(table)


def _indented(table: Table) -> Padding:
    return Padding(table, (0, 0, 0, 2), expand=False)


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number > 1 else "left", no_wrap=True)
    return table


def _bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    whole, part = divmod(eighths, 8)
    return (_EIGHTHS[8] * whole + (_EIGHTHS[part] if part else "")).ljust(_BAR)
