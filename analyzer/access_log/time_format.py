"""The moment that ``%START_TIME(format)%`` prints, read back: Envoy's directives for times."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from .errors import LogError
from .start_time import PATTERN, unix_seconds

_DIRECTIVE = re.compile(r"%(E[0-9*]S|Ez|[0-9]f|[A-Za-z%])")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORTHANDS = {"%T": "%H:%M:%S", "%F": "%Y-%m-%d", "%R": "%H:%M", "%D": "%m/%d/%y"}
_PATTERNS = {
    "Y": "(?P<year>[0-9]{4})",
    "y": "(?P<short_year>[0-9]{2})",
    "m": "(?P<month>[0-9]{2})",
    "b": f"(?P<name>{'|'.join(_MONTHS)})",
    "d": "(?P<day>[0-9]{2})",
    "e": "(?P<day>[ 0-9][0-9])",
    "H": "(?P<hour>[0-9]{2})",
    "M": "(?P<minute>[0-9]{2})",
    "S": "(?P<second>[0-9]{2})",
    "s": "(?P<unix>[0-9]{10})",
    "f": "(?P<fraction>[0-9]{9})",
    "z": "(?P<zone>[+-][0-9]{4})",
    "Ez": "(?P<zone>[+-][0-9]{2}:[0-9]{2})",
    "Z": "(?:UTC|GMT)",
    "%": "%",
}


@dataclass(frozen=True, slots=True)
class TimeFormat:
    """``seconds`` gives Unix seconds of a text that fits, None for a moment that no calendar has."""

    pattern: bytes
    lengthens: bytes
    seconds: Callable[[bytes], float | None]


def compiled(argument: str) -> TimeFormat:
    """Of the text in the operator's brackets, ``""`` for the default; raises LogError for what is unknown."""
    if not argument:
        return TimeFormat(PATTERN, rb"(?!)", unix_seconds)
    for short, long in _SHORTHANDS.items():
        argument = argument.replace(short, long)
    try:
        pattern = re.compile(_pattern(argument))
    except re.error as error:  # a part of the time stands twice
        raise LogError(
            f"the time {argument!r} cannot be read back: {error}", "name each part once"
        ) from error
    if not {"unix"} <= pattern.groupindex.keys() and not {"day", "hour"} <= pattern.groupindex.keys():
        raise LogError(f"the time {argument!r} does not tell the moment", "use %START_TIME% alone")
    whole = re.sub(r"\?P<[a-z_]+>", "?:", pattern.pattern)

    def seconds(text: bytes) -> float | None:
        match = pattern.fullmatch(text.decode("utf-8", "replace"))
        return _seconds(match) if match else None

    return TimeFormat(f"(?>{whole})".encode(), rb"[0-9]" if argument.endswith("*S") else rb"(?!)", seconds)


def _pattern(argument: str) -> str:
    pattern, at = "", 0
    for directive in _DIRECTIVE.finditer(argument):
        pattern += re.escape(argument[at : directive.start()]) + _of_directive(directive[1])
        at = directive.end()
    return pattern + re.escape(argument[at:])


def _of_directive(name: str) -> str:
    if name[-1] == "f" and name[:-1].isdigit():
        return f"(?P<fraction>[0-9]{{{name[:-1]}}})"
    if name.startswith("E") and name.endswith("S"):
        digits = "+" if name[1] == "*" else f"{{{name[1]}}}"
        return "(?P<second>[0-9]{2})" + ("" if name[1] == "0" else rf"\.(?P<fraction>[0-9]{digits})")
    if name not in _PATTERNS:
        raise LogError(f"%{name} in a START_TIME is not known", "use %START_TIME% alone")
    return _PATTERNS[name]


def _seconds(match: re.Match[str]) -> float | None:
    part = match.groupdict()
    fraction = float(f"0.{part.get('fraction') or 0}")
    if part.get("unix"):
        return int(part["unix"]) + fraction
    try:
        time = datetime(
            int(part.get("year") or f"20{part.get('short_year')}"),
            _MONTHS.index(part["name"]) + 1 if part.get("name") else int(part["month"]),
            int(part["day"]),
            int(part["hour"]),
            int(part.get("minute") or 0),
            int(part.get("second") or 0),
            tzinfo=UTC,
        )
        return (time - _offset(part.get("zone"))).timestamp() + fraction
    except (ValueError, KeyError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if not zone:
        return timedelta()
    digits = zone.replace(":", "")
    ahead = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:]))
    return ahead if digits[0] == "+" else -ahead
