"""Where an answer of any application names the version that gave it: a header, a JSON path, an expression.

Answers come from the network, so expressions are RE2's, which take linear time whatever they are given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import msgspec

from ..errors import InputError
from ..records import Version, is_version

_EXAMPLES = (
    "write for example header:x-version, json:reviews.0.version, json:podname~reviews-(v[0-9]+)- "
    "or regex:Version: ([0-9.]+)"
)
_MOST = 63
Headers = Iterable[tuple[bytes, bytes]]


class VersionSourceError(InputError):
    """The source cannot be read: the message says why, the hint what to write instead."""


@dataclass(frozen=True, slots=True)
class VersionSource:
    """``kind`` is header, json or regex; ``place`` the header's name, or the steps of the path.

    ``expression`` is applied to what stands there (to the whole body for regex); the version is its first
    group, or all of it where it has none.
    """

    kind: str
    place: tuple[str, ...]
    expression: Any
    """A compiled RE2 expression over bytes, or None; the package ships no types."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``header:NAME[~REGEX]``, ``json:PATH[~REGEX]`` or ``regex:REGEX``."""
        kind, _, rest = text.partition(":")
        if kind == "regex" and rest:
            return cls(kind, (), _compiled(rest))
        place, tilde, expression = rest.partition("~")
        steps = tuple(step for step in place.strip().removeprefix("$").strip(".").split(".") if step)
        if kind == "header" and place.strip().isascii() and place.strip() and " " not in place.strip():
            return cls(kind, (place.strip().lower(),), _compiled(expression) if tilde else None)
        if kind == "json" and steps:
            return cls(kind, steps, _compiled(expression) if tilde else None)
        raise VersionSourceError(f"{text[:200]!r} says of no place where a version stands", _EXAMPLES)

    @property
    def needs_headers(self) -> bool:
        return self.kind == "header"

    def version(self, headers: Headers, body: bytes) -> Version | None:
        """The version that the answer names; None where it names none, or what cannot be one."""
        if self.kind == "regex":
            found: bytes | None = body
        elif self.kind == "header":
            found = next((value for name, value in headers if name.lower() == self.place[0].encode()), None)
        else:
            found = _at(self.place, body)
        if found is not None and self.expression is not None:
            match = self.expression.search(found)
            found = (match[1] if self.expression.groups else match[0]) if match else None
        if found is None or len(found) > _MOST:
            return None
        version = found.decode("utf-8", "replace").strip()
        return version if is_version(version) else None


def _compiled(expression: str) -> Any:
    import re2  # few runs need it

    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(expression.encode(), options)
    except re2.error as error:
        said = error.args[0]
        reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise VersionSourceError(
            f"{expression[:200]!r} is no RE2 expression: {reason[:200]}", _EXAMPLES
        ) from error


def _at(steps: tuple[str, ...], body: bytes) -> bytes | None:
    """The text or number that stands there."""
    try:
        found = msgspec.json.decode(body)
        for step in steps:
            found = found[int(step)] if isinstance(found, list) else found[step]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, LookupError, TypeError):
        return None
    if isinstance(found, bool) or not isinstance(found, str | int | float):
        return None
    return str(found).encode("utf-8", "replace")
