"""What a comparison comes to in words and rows of text, the same in every format."""

from __future__ import annotations

from collections.abc import Iterator

from ..compare.comparison import Comparison, Difference, Side
from ..compare.metrics import Kind, Metric
from ..compare.words import Word
from ..wilson import Interval
from .figures import THIN, many, milliseconds, percent

Row = tuple[str, ...]
_FEW = 4
"""Names up to which a sentence tells them."""
_ENDLESS = 10.0
"""Times the baseline beyond which nobody wants to know how much it may be."""
_TWO = 2
"""Shares of which one is the other one mirrored, and not told again."""


def head(comparison: Comparison, side: Side) -> Row:
    base = comparison.baseline.label
    return (f"{side.label} against {base}", base, side.label, "change", "interval", "A/A", "")


def rows(comparison: Comparison, side: Side) -> Iterator[Row]:
    for one in comparison.of(side):
        yield (
            one.metric.name,
            value(one.metric, one.before),
            value(one.metric, one.after),
            change(one.metric, one.change),
            _interval(one.metric, one.interval),
            "–" if one.noise is None else f"±{THIN}{_size(one.metric, one.noise)}",
            words(one),
        )


def value(metric: Metric, number: float | None) -> str:
    if number is None:
        return "–"
    if metric.kind is Kind.LATENCY:
        return milliseconds(number)
    return f"{number:.1f}/s" if metric.kind is Kind.THROUGHPUT else percent(number)


def change(metric: Metric, number: float | None) -> str:
    """``+3.2 %`` of the baseline, or points between shares."""
    return "–" if number is None else f"{_signed(metric, number)}{_unit(metric)}"


def words(one: Difference) -> str:
    """The word, with what belongs to it: how large a difference may still be, what the weights promised."""
    if one.word is Word.SAME and one.at_most is not None:
        told = f"{one.word} {_size(one.metric, one.at_most)}"
    else:
        told = one.word.value
    if not one.promised or one.interval is None:
        return told
    kept = one.interval.low <= one.promised <= one.interval.high
    return f"{told}, {'as ' if kept else ''}promised ({change(one.metric, one.promised)})"


def title(comparison: Comparison, side: Side) -> str:
    """What was found of one configuration, in one sentence."""
    against = f"{side.label} ({side.name}) against {comparison.baseline.label} ({comparison.baseline.name})"
    of_side = comparison.of(side)
    told = list(_found(of_side))
    for word, words in ((Word.SAME, "no difference in"), (Word.UNKNOWN, "cannot tell in")):
        if names := [one.metric.name for one in of_side if one.word is word]:
            told.append(f"{words} {_and(names) if len(names) < _FEW else len(names)}")
    return f"{against}: {'; '.join(told) or 'nothing to compare'}"


def _found(of_side: tuple[Difference, ...]) -> Iterator[str]:
    """The differences that are there: ``slower at p50 (+3.2 %) and p95 of v3 (+20 %)``, and the like."""
    for word in (Word.SLOWER, Word.FASTER):
        if told := [_with_change(one) for one in of_side if one.word is word]:
            yield f"{word} at {_and(told)}"
    shares = [one for one in of_side if one.metric.kind is Kind.SHARE]
    for one in of_side:
        if one.metric.kind is Kind.SHARE:
            if one.word is Word.MORE or (one.word is Word.LESS and len(shares) > _TWO):
                yield f"{one.metric.version} gets {_size(one.metric, abs(one.change or 0.0))} {one.word}"
        elif one.word in (Word.MORE, Word.LESS):
            yield f"{one.word} {_with_change(one)}"


def _with_change(one: Difference) -> str:
    return f"{one.metric.name} ({change(one.metric, one.change)})"


def _and(parts: list[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def sides(comparison: Comparison) -> Iterator[str]:
    for side in comparison.sides:
        base = ", the baseline" if side is comparison.baseline else ""
        yield f"{side.label}  {side.name}  {many(len(side.figures), 'run')}{base}"


def reasons(comparison: Comparison) -> Iterator[str]:
    """Why there is no interval, each reason once, with what it is about."""
    found: dict[tuple[str, str], list[str]] = {}
    for one in comparison.differences:
        if one.reason:
            found.setdefault((one.candidate, one.reason), []).append(one.metric.name)
    for (candidate, reason), names in found.items():
        yield f"{candidate}, {_and(names)}: {reason}"


def method(comparison: Comparison) -> Iterator[str]:
    """How sure all of it is, and how that was reached."""
    together = f"{100 * (1 - comparison.alpha):g}{THIN}%"
    each = f"{100 * (1 - comparison.each):.4g}{THIN}%"
    way = "of the differences in each round" if comparison.interleaved else "of two groups (Welch)"
    yield (
        f"all {comparison.family} intervals hold together with {together}, each alone with {each}: "
        f"Student's t {way}, the run as the unit; shares by calls, where runs share alike"
    )
    yield "A/A: how far two runs of one configuration, one after the other, differ (root mean square)"


def _interval(metric: Metric, interval: Interval | None) -> str:
    if interval is None:
        return "–"
    beyond = metric.is_ratio and interval.high - 1 > _ENDLESS
    high = f"over +{100 * _ENDLESS:,.0f}" if beyond else _signed(metric, interval.high)
    return f"{_signed(metric, interval.low)} to {high}{_unit(metric)}"


def _signed(metric: Metric, number: float) -> str:
    percent = 100 * (number - 1 if metric.is_ratio else number)
    told = f"{percent:+,.{_digits(percent)}f}"
    return "0.0" if told in ("+0.0", "-0.0") else told.replace("-", "−")


def _size(metric: Metric, number: float) -> str:
    return f"{100 * number:,.{_digits(100 * number)}f}{_unit(metric)}"


def _digits(percent: float) -> int:
    return 0 if abs(percent) >= 100 else 1


def _unit(metric: Metric) -> str:
    return f"{THIN}%" if metric.is_ratio else " points"
