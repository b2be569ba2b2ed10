"""Plain objects from YAML text, within bounds: nothing is executed, nothing grows, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

import yaml

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 64
_LONGEST_NUMBER = 100
"""Characters: PyYAML takes quadratic time for 1:1:1:…, and Python prints no number of 4300 digits."""


class ObjectsError(ValueError):
    """The text is no YAML that is read here: the message says why, in one line."""


def loaded(text: str, most: int = MAX_BYTES) -> Iterator[Any]:
    """Each YAML document of a text of at most so many bytes; empty ones are left out."""
    if len(text.encode(errors="surrogatepass")) > most:
        raise ObjectsError(f"it is larger than {most // 1024} KiB")
    try:
        for one in yaml.load_all(text, Loader=_Bounded):
            if one is not None:
                yield one
    except yaml.YAMLError as error:
        raise ObjectsError(f"it is not YAML: {_one_line(error)}") from error
    except ValueError as error:  # a date or a number that is none, 2026-13-45
        raise ObjectsError(f"it is not YAML: {_one_line(error)}") from error


def dumped(objects: Iterable[Any]) -> str:
    """YAML that ``loaded`` gives the same objects back from; keys stay in their order."""
    return yaml.dump_all(objects, Dumper=_Plain, sort_keys=False, width=110, explicit_start=True)


class _Bounded(yaml.SafeLoader):
    """SafeLoader without anchors' copies, endless nesting and keys that stand twice."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # PyYAML's stubs leave it out
        if isinstance(event, yaml.AliasEvent):
            raise _refusal(f"*{event.anchor} repeats a value by reference: write it out", event)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise _refusal(f"it nests deeper than {MAX_DEPTH}", event)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refusal("a key is a list or a mapping", key)
            if key.tag != "tag:yaml.org,2002:str":
                raise _refusal(f"the key {key.value[:60]!r} is not text: put it in quotes", key)
            if key.value in seen:
                raise _refusal(f"the key {key.value!r} stands twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _number(kind: Callable[[_Bounded, yaml.ScalarNode], Any]) -> Callable[[_Bounded, yaml.ScalarNode], Any]:
    def construct(loader: _Bounded, node: yaml.ScalarNode) -> Any:
        if len(node.value) > _LONGEST_NUMBER:
            raise _refusal(f"a number has more than {_LONGEST_NUMBER} characters", node)
        return kind(loader, node)

    return construct


_Bounded.add_constructor("tag:yaml.org,2002:int", _number(yaml.SafeLoader.construct_yaml_int))
_Bounded.add_constructor("tag:yaml.org,2002:float", _number(yaml.SafeLoader.construct_yaml_float))


class _Plain(yaml.SafeDumper):
    """Writes a value out wherever it stands, so that no alias comes out."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _refusal(problem: str, where: Any) -> yaml.MarkedYAMLError:
    """Where: a node or an event, both know their place in the text."""
    return yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def _one_line(error: Exception) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    mark = getattr(error, "problem_mark", None)
    where = f" in line {mark.line + 1}" if mark else ""
    line = " ".join(str(problem).split())[:200]
    return "".join(letter if letter.isprintable() else "?" for letter in line) + where
