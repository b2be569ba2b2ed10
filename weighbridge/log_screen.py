"""A survey of access logs for a terminal or a pipe: the same words in both, colours where they show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.access_log.entries import Account
from analyzer.access_log.summary import Split
from analyzer.access_log.survey import Moment, Seen, Survey, seen
from analyzer.report import figures, log_tables, time_series
from analyzer.report.log_tables import short

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
_COLUMNS = 60
_HEIGHTS = " ▁▂▃▄▅▆▇█"
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def screen(survey: Survey, width: int | None = None) -> RenderableType:
    """Everything, the busiest way first; bars and bytes where ``width`` columns have room for them."""
    wide = width is None or width >= _WIDE
    return Group(
        *_head(survey),
        *(part for one in seen(survey.splits) for part in _way(one, survey.moments, wide=wide)),
        *_retries(survey),
    )


def _head(survey: Survey) -> Iterator[RenderableType]:
    account = survey.account
    files = f"{len(survey.files)} files" if len(survey.files) != 1 else "1 file"
    counts = (
        f"{figures.count(account.lines)} lines: {figures.count(account.access)} access, "
        f"{figures.count(account.other)} other, {figures.count(account.malformed)} malformed"
    )
    yield Text(f"{files}, {figures.size(account.bytes)}, {counts}; format {' and '.join(survey.formats)}")
    if when := log_tables.when(survey):
        yield Text(when, "dim")
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


def _way(one: Seen, moments: Sequence[Moment], *, wide: bool) -> Iterator[RenderableType]:
    split = one.split
    yield Text()
    yield Text.assemble(
        (plain(short(split.way.caller)).plain, "bold"),
        " → ",
        (plain(short(split.way.destination)).plain, "bold"),
        f"  {log_tables.described(split)}",
    )
    yield _indented(_performance(split, wide=wide))
    yield from _series([moment for moment in moments if moment.way == split.way])
    if split.troubles:
        yield _indented(_troubles(split))
    yield from (Text("  ").append_text(_yellow(hint)) for hint in split.hints)
    yield from (plain(f"  {log_tables.received(other)}") for other in one.received)


def _yellow(hint: str) -> Text:
    words = plain(hint)
    words.stylize("yellow")
    return words


def _performance(split: Split, *, wide: bool) -> Table:
    version, *numbers = log_tables.PERFORMANCE
    headings = [name for name in (version, "", *numbers) if wide or name not in _WHERE_WIDE]
    table = _table(*headings)
    for column in table.columns[1:]:
        column.justify = "left" if column.header == "" else "right"
        column.min_width = _WIDTHS[str(column.header)] if wide else None
    for one, row in zip(split.versions, log_tables.performance(split), strict=True):
        cells: dict[str, RenderableType] = dict(zip(log_tables.PERFORMANCE, row, strict=True))
        cells["version"] = Text.assemble((plain(one.version).plain, "bold"))
        cells["failed"] = Text(str(cells["failed"]), "bold red" if one.failed else "")
        cells[""] = Text(_bar(one.share), "cyan")
        table.add_row(*(cells[heading] for heading in headings))
    return table


def _series(moments: Sequence[Moment]) -> Iterator[RenderableType]:
    """A line of bars for each version, all of a way to the same measure."""
    found = time_series.columns(moments, _COLUMNS)
    if found is None:
        return
    most = max(max(counts) for counts in found.counts.values())
    for version, counts in found.counts.items():
        bars = "".join(_HEIGHTS[-(-count * (len(_HEIGHTS) - 1) // most)] for count in counts)
        yield Text.assemble("  ", (plain(version).plain.ljust(9), "bold"), (bars, "cyan"))
    last = figures.utc(found.last)[11:]
    yield Text(f"  {figures.utc(found.first)} to {last}, at most {found.rate}", "dim")


def _troubles(split: Split) -> Table:
    table = _table(*log_tables.TROUBLES)
    for column in (1, 2, 5):
        table.columns[column].justify = "left"
    for row in log_tables.troubles(split, _TROUBLES):
        version, response_class, flags, lines, share, words = row
        style = "red" if response_class == "5xx" else ""
        table.add_row(plain(version), Text(response_class, style), plain(flags), lines, share, plain(words))
    return table


def _retries(survey: Survey) -> Iterator[RenderableType]:
    joined = survey.joined
    if joined is None:
        return
    each = ", ".join(f"{figures.count(n)} × {lines}" for lines, n in sorted(joined.lines_per_request.items()))
    yield Text()
    yield Text.assemble(
        ("requests", "bold"),
        f"  {figures.count(joined.requests)} ids in {figures.count(joined.lines)} lines: {each}",
    )
    table = _table(*log_tables.RETRIES)
    table.columns[1].justify = "left"
    for row in log_tables.retries(survey):
        table.add_row(plain(row[0]), plain(row[1]), *row[2:])
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
