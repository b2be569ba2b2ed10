"""Numbers as people read them, the same in every format."""

from __future__ import annotations

import time

from ..wilson import Interval

THIN = "\u202f"
"""A narrow space that does not break: a number and its unit stay together."""


def count(number: int) -> str:
    return f"{number:,}"


def many(number: int, noun: str) -> str:
    """``1 page``, ``2 pages``: the noun may have words behind it."""
    word, space, rest = noun.partition(" ")
    return f"{count(number)} {word}{'' if number == 1 else 's'}{space}{rest}"


def percent(share: float | None, digits: int = 1) -> str:
    return "–" if share is None else f"{100 * share:.{digits}f}{THIN}%"


def span(interval: Interval) -> str:
    return f"{100 * interval.low:.1f} – {100 * interval.high:.1f}{THIN}%"


def milliseconds(value: float) -> str:
    return f"{value:.1f}{THIN}ms"


def quantile(q: float) -> str:
    return f"p{100 * q:g}"


def rate(per_second: float) -> str:
    return f"{per_second:,.3g} a second"


def seconds(value: float) -> str:
    """A time that people can feel: three digits, in the unit that fits."""
    for unit, name in ((3600, "h"), (60, "min")):
        if value >= 2 * unit:
            return f"{value / unit:.3g}{THIN}{name}"
    return f"{value:.3g}{THIN}s"


def cut(text: str, longest: int) -> str:
    """As much of a name as there is room for."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def size(number: int) -> str:
    """Bytes in the unit that leaves three digits."""
    value, units = float(number), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while value >= 999.5 and unit != "TB":
        value, unit = value / 1000, next(units)
    return f"{value:.3g}{THIN}{unit}"


def spell(first: float, last: float) -> str:
    """``12:00:01 to 12:00:05``, or one time where both are in the same second; UTC."""
    one, other = utc(int(first))[11:], utc(int(last))[11:]
    return one if int(first) == int(last) else f"{one} to {other}"


def utc(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(second))
