"""A format string as a reader of lines: linear in the line's length, and sure of the one reading or of none.

Values of a narrow language (numbers, addresses, flags) and the text between them are joined to separators;
what clients and services wrote lies free between these. A line has a reading where the separators are found
in their order. It is the only one where the leftmost places are also the rightmost: in any reading every
separator lies between the two. So a client's text can make a line ambiguous, but never say something else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from .operators import Operator, Part
from .readings import Reason

Values = Mapping[str, bytes]
"""Field of LogEntry to the bytes that stand for it, ``-`` where it is unset."""


class Template:
    """``read`` gives the fields of a line, why it is not believed, or None where it is no such line."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._separators: list[re.Pattern[bytes]] = []
        self._narrow: list[list[Operator]] = []
        self._free: list[Operator] = []
        pattern, narrow = b"", list[Operator]()
        for part, following in zip(parts, [*parts[1:], ""], strict=True):
            if isinstance(part, str):
                pattern += re.escape(part.encode())
            elif part.language and _ends(part.language.lengthens, following):
                pattern += b"(" + part.language.pattern + b")"
                narrow.append(part)
            else:
                self._add(pattern, narrow)
                self._free.append(part)
                pattern, narrow = b"", []
        self._add(pattern + rb"\Z", narrow)
        self._claim = _claim(parts)

    @property
    def operators(self) -> list[Operator]:
        return [*self._free, *(one for several in self._narrow for one in several)]

    def read(self, line: bytes) -> Values | Reason | None:
        matches = self._leftmost(line)
        if matches is None:
            return Reason.CUT if self._claim and self._claim.match(line) else None
        if not self._are_rightmost(line, matches):
            return Reason.AMBIGUOUS
        return self._values(line, matches)

    def _add(self, pattern: bytes, narrow: list[Operator]) -> None:
        self._separators.append(re.compile(pattern, re.DOTALL))
        self._narrow.append(narrow)

    def _leftmost(self, line: bytes) -> list[re.Match[bytes]] | None:
        head = self._separators[0].match(line)
        if head is None:
            return None
        matches = [head]
        for separator in self._separators[1:]:
            begin = matches[-1].end() + 1  # a free value is never empty
            match = separator.search(line, begin) if begin <= len(line) else None
            if match is None:
                return None
            matches.append(match)
        return matches

    def _are_rightmost(self, line: bytes, matches: Sequence[re.Match[bytes]]) -> bool:
        limit = len(line)
        for separator, match in zip(self._separators[:0:-1], matches[:0:-1], strict=True):
            if match.start() < limit and separator.search(line, match.start() + 1, limit):
                return False
            limit = match.start() - 1
        return True

    def _values(self, line: bytes, matches: Sequence[re.Match[bytes]]) -> Values | Reason:
        found = [
            (operator, value)
            for narrow, match in zip(self._narrow, matches, strict=True)
            for operator, value in zip(narrow, match.groups(), strict=True)
        ]
        for operator, left, right in zip(self._free, matches, matches[1:], strict=False):
            value = line[left.end() : right.start()]
            if operator.language and not re.fullmatch(operator.language.pattern, value):
                return Reason.SHAPE
            found.append((operator, value))
        found.sort(key=lambda pair: -pair[0].rank)  # the best of several comes last and stays
        return {operator.field: _whole(operator, value) for operator, value in found if operator.field}


def _ends(lengthens: bytes, following: Part) -> bool:
    """Whether what follows a value cannot lengthen it, so that its end is certain."""
    return isinstance(following, str) and not re.match(lengthens, following[:1].encode())


def _whole(operator: Operator, value: bytes) -> bytes:
    return value + operator.suffix.encode() if operator.suffix and value != b"-" else value


def _claim(parts: Sequence[Part]) -> re.Pattern[bytes] | None:
    """How a line begins that claims to be one: up to its time. None where other values come first."""
    pattern = b""
    for part in parts:
        if isinstance(part, str):
            pattern += re.escape(part.encode())
        elif part.time and part.language:
            return re.compile(pattern + part.language.pattern)
        else:
            return None
    return None
