"""A run beside its mesh's telemetry, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..records import Outcome
from ..telemetry.comparison import Comparison, Row
from ..telemetry.own import Own

_WORDS = {Outcome.PASS: "AGREES", Outcome.FAIL: "DIFFERS", Outcome.UNDECIDED: "SILENT"}


def report(ours: Own, comparisons: Sequence[Comparison]) -> str:
    """What each server says of the run, version by version; control characters of theirs are not shown."""
    return "\n\n".join("\n".join(_lines(ours, one)) for one in comparisons)


def _lines(ours: Own, one: Comparison) -> Iterator[str]:
    yield f"{_WORDS[one.outcome]}  {one.server} on run {ours.run.id}: {one.unit}"
    if one.silence:
        yield f"  {_printable(one.silence)}"
    if one.rows:
        yield f"  {'version':<12}{'ours':>10}{'theirs':>10}{'difference':>12}"
    for row in one.rows:
        mark = "" if row.agrees else "  differs"
        yield (
            f"  {_printable(row.version):<12}{_number(row, row.ours):>10}{_number(row, row.theirs):>10}"
            f"{_number(row, row.difference, sign=True):>12}{mark}"
        )
    yield from (f"  {_printable(text)}" for text in (*one.troubles, *one.notes))


def _number(row: Row, value: float, *, sign: bool = False) -> str:
    """A count as it is, a share in percent; only shares are allowed to differ."""
    signs = "+" if sign else ""
    return f"{100 * value:{signs}.1f} %" if row.allowed else f"{value:{signs}.0f}"


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)
