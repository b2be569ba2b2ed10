"""The tables of fields hold exactly what Istio's own definitions hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from setup.documents import SPECS
from setup.schema.shapes import Choice, Each, Fields, Flag, Keyed, Number, Shape, Text

CRDS = Path(__file__).parents[2] / "shared" / "data" / "istio-crds.yaml"


def ours(shape: Shape, path: str) -> Iterator[tuple[str, str]]:
    """Every path that the shape knows, with what stands there."""
    match shape:
        case Fields(known=known):
            yield path, "object"
            for name, inner in known.items():
                yield from ours(inner, f"{path}.{name}")
        case Each(item=item):
            yield path, "array"
            yield from ours(item, f"{path}[]")
        case Keyed(value=value):
            yield path, "object"
            yield from ours(value, f"{path}.*")
        case Number(whole=whole):
            yield path, "integer" if whole else "number"
        case Flag():
            yield path, "boolean"
        case Text() | Choice():
            yield path, "string"


def theirs(schema: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    yield path, schema["type"]
    for name, inner in schema.get("properties", {}).items():
        yield from theirs(inner, f"{path}.{name}")
    if "items" in schema:
        yield from theirs(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield from theirs(schema["additionalProperties"], f"{path}.*")


def enumerated(schema: dict[str, Any], path: str) -> Iterator[tuple[str, frozenset[str]]]:
    if "enum" in schema:
        yield path, frozenset(schema["enum"])
    for name, inner in schema.get("properties", {}).items():
        yield from enumerated(inner, f"{path}.{name}")
    if "items" in schema:
        yield from enumerated(schema["items"], f"{path}[]")


def chosen(shape: Shape, path: str) -> Iterator[tuple[str, frozenset[str]]]:
    match shape:
        case Fields(known=known):
            for name, inner in known.items():
                yield from chosen(inner, f"{path}.{name}")
        case Each(item=item):
            yield from chosen(item, f"{path}[]")
        case Choice(options=options):
            yield path, frozenset(options)


@pytest.fixture(scope="module")
def definitions() -> dict[str, dict[str, Any]]:
    if not CRDS.exists():
        pytest.skip(f"Istio's definitions are not at {CRDS}")
    found = {}
    for one in yaml.load_all(CRDS.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader):
        if one and one["spec"]["names"]["kind"] in SPECS:
            schema = one["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
            found[one["spec"]["names"]["kind"]] = schema["properties"]["spec"]
    return found


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_of_istio_is_known_and_no_other(kind: str, definitions: dict[str, Any]) -> None:
    assert dict(ours(SPECS[kind], "spec")) == dict(theirs(definitions[kind], "spec"))


@pytest.mark.parametrize("kind", SPECS)
def test_choices_are_those_of_istio(kind: str, definitions: dict[str, Any]) -> None:
    """Where the definition leaves text open, admission may still know a few words alone."""
    known = dict(chosen(SPECS[kind], "spec"))
    listed = dict(enumerated(definitions[kind], "spec"))
    assert {path: known.get(path) for path in listed} == listed
