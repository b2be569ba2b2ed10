"""The shapes that a document is made of; each tells how a value departs from it, and where."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a document: where, what, and what to write instead."""

    path: str
    reason: str
    hint: str = ""


class Shape(Protocol):
    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        """Everything in which the value departs from the shape, in the order of the document."""


Rule = Callable[[Mapping[str, Any], str], Iterator[Fault]]
"""What no single field can tell: it sees a whole mapping, and runs only when every field is sound."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is ``what``: the judge says whether."""

    what: str = "text"
    hint: str = ""
    judge: Callable[[str], bool] = lambda _: True

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, str):
            plain = isinstance(value, int | float) and not isinstance(value, bool)
            yield Fault(
                path, f"{shown(value)} is not text", self.hint or (f'write "{value}"' if plain else "")
            )
        elif not self.judge(value):
            yield Fault(path, f"{shown(value)} is not {self.what}", self.hint)


@dataclass(frozen=True, slots=True)
class Number:
    """A number from ``low`` to ``high``; a whole one unless said otherwise."""

    low: float = 0
    high: float = 2**31 - 1
    whole: bool = True

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        hint = f"write a {'whole ' if self.whole else ''}number from {self.low:.15g} to {self.high:.15g}"
        allowed = int if self.whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, allowed) or not math.isfinite(value):
            yield Fault(path, f"{shown(value)} is not a {'whole ' if self.whole else ''}number", hint)
        elif value < self.low:
            yield Fault(path, f"{shown(value)} is below {self.low:.15g}", hint)
        elif value > self.high:
            yield Fault(path, f"{shown(value)} is above {self.high:.15g}", hint)


@dataclass(frozen=True, slots=True)
class Flag:
    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, bool):
            yield Fault(path, f"{shown(value)} is neither true nor false", "write true or false")


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[str, ...]

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if value not in self.options:
            yield Fault(path, f"{shown(value)} is not allowed", f"write {_listed(self.options, 'or')}")


@dataclass(frozen=True, slots=True)
class Each:
    """A list of items of one shape."""

    item: Shape
    at_least: int = 0

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, list):
            yield Fault(path, f"{shown(value)} is not a list", "start each item with a dash")
            return
        if len(value) < self.at_least:
            yield Fault(path, "the list is empty", "give it an item")
        for index, item in enumerate(value):
            yield from self.item.faults(item, f"{path}[{index}]")


@dataclass(frozen=True, slots=True)
class Keyed:
    """A mapping whose keys the writer chooses, as labels and headers are."""

    value: Shape
    key: Text = Text()

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(path, f"{shown(value)} is not a mapping", "write key: value")
            return
        for key, item in value.items():
            yield from self.key.faults(key, path)
            yield from self.value.faults(item, below(path, key))


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping with fields of known names; of each group in ``one_of`` at most one may stand."""

    known: Mapping[str, Shape]
    required: tuple[str, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    rules: tuple[Rule, ...] = ()

    def faults(self, value: Any, path: str) -> Iterator[Fault]:
        if not isinstance(value, dict):
            yield Fault(
                path, f"{shown(value)} is not a mapping", f"its fields are {_listed(tuple(self.known))}"
            )
            return
        found = [*self._names(value, path), *self._values(value, path)]
        yield from found
        if not found:
            for rule in self.rules:
                yield from rule(value, path)

    def _names(self, value: Mapping[str, Any], path: str) -> Iterator[Fault]:
        for name in value:
            if name not in self.known:
                yield Fault(below(path, name), "no such field", _did_you_mean(name, tuple(self.known)))
        for name in self.required:
            if name not in value:
                yield Fault(path, f"{name} is missing", f"add {name}")
        for group in self.one_of:
            rivals = tuple(name for name in group if name in value)
            if len(rivals) > 1:
                yield Fault(path, f"{_listed(rivals)} exclude each other", f"keep one of {_listed(rivals)}")

    def _values(self, value: Mapping[str, Any], path: str) -> Iterator[Fault]:
        for name, shape in self.known.items():
            if name in value:
                yield from shape.faults(value[name], below(path, name))


def below(path: str, key: object) -> str:
    """The path of a key: ``spec.http`` or, where the key could be misread, ``labels['a b']``."""
    return f"{path}.{key}" if re.fullmatch(r"[\w:@/-]{1,60}", str(key), re.ASCII) else f"{path}[{shown(key)}]"


def shown(value: object) -> str:
    """A value as a message shows it: one line, short, safe on a terminal."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _listed(names: tuple[str, ...], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _did_you_mean(name: object, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(str(name), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}"
