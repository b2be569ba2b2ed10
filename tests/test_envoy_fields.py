"""No field of a document is ignored in silence: each changes the configuration, or is refused."""

from __future__ import annotations

import copy
import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from setup.checks import check
from setup.documents import SPECS, Document, DocumentError, read_file
from setup.local.envoy.refused_fields import BY_KIND
from setup.local.envoy.translation import SERVICES, translate
from setup.local.topology import topology
from setup.schema.shapes import Each, Fields, Keyed, Shape

MESH = topology(7, 8080)
EVERY_FIELD = read_file(Path(__file__).parent / "documents" / "every_field.yaml")


def test_documents_with_every_field_fit_together() -> None:
    check(EVERY_FIELD, SERVICES)


# What only people read: a server's name and its port's have no part in what the gateway does.
COSMETIC = {"Gateway spec.servers[].name", "Gateway spec.servers[].port.name"}


def leaves(value: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    if not items:
        yield steps, value
    for step, inner in items:
        yield from leaves(inner, (*steps, step))


def altered(value: Any) -> list[Any]:
    """Other values of the same kind; some of them may not be allowed in that place."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value / 2]
    if isinstance(value, dict):
        return [{"exact": "other"}]
    return [f"{value}1", f"/{value}", "3s", "RANDOM", "HTTPS", "SIMPLE", "UPGRADE", "FORWARD", "http", "AAAA"]


def outcome(documents: tuple[Document, ...]) -> object:
    """What the documents come to: the configuration, or which of them is refused."""
    try:
        check(documents, SERVICES)
        return translate(documents, MESH)
    except DocumentError as error:
        return str(error)


def variants(number: int, steps: tuple[str | int, ...]) -> Iterator[tuple[Document, ...]]:
    """The documents with one leaf taken away or altered, where that is still a sound document."""
    missing = object()
    document = EVERY_FIELD[number]
    value: Any = document.spec
    for step in steps:
        value = value[step]
    for new in (missing, *altered(value)):
        spec = copy.deepcopy(document.spec)
        place: Any = spec
        for step in steps[:-1]:
            place = place[step]
        if new is missing:
            del place[steps[-1]]
        else:
            place[steps[-1]] = new
        if not list(SPECS[document.kind].faults(spec, "spec")):
            changed = dataclasses.replace(document, spec=spec)
            yield (*EVERY_FIELD[:number], changed, *EVERY_FIELD[number + 1 :])


def place(kind: str, steps: tuple[str | int, ...]) -> str:
    """``VirtualService spec.http[].timeout``: where a leaf stands, whatever its number."""
    return f"{kind} spec" + "".join("[]" if isinstance(step, int) else f".{step}" for step in steps)


BEFORE = outcome(EVERY_FIELD)
LEAVES = [
    (number, steps)
    for number, document in enumerate(EVERY_FIELD)
    for steps, _ in leaves(document.spec)
    if place(document.kind, steps) not in COSMETIC
]


@pytest.mark.parametrize(("number", "steps"), LEAVES, ids=str)
def test_every_field_matters(number: int, steps: tuple[str | int, ...]) -> None:
    """Altering any one value, or taking it away, changes what comes out: the configuration or a refusal."""
    assert any(outcome(documents) != BEFORE for documents in variants(number, steps))


def known(shape: Shape, path: str) -> Iterator[str]:
    """The paths of all values that a document may hold."""
    match shape:
        case Fields(known=fields):
            for name, inner in fields.items():
                yield from known(inner, f"{path}.{name}")
        case Each(item=item):
            yield from known(item, f"{path}[]")
        case Keyed(value=value):
            yield from known(value, f"{path}.*")
        case _:
            yield path


def one_policy(path: str) -> str:
    """A traffic policy is the same thing wherever it stands."""
    return re.sub(
        r"^spec\.(subsets\[\]\.)?trafficPolicy\.(portLevelSettings\[\]\.(?!port))?", "policy.", path
    )


def present(shape: Shape, value: Any, path: str) -> Iterator[str]:
    match shape:
        case Fields(known=fields):
            for name, inner in value.items():
                yield from present(fields[name], inner, f"{path}.{name}")
        case Each(item=item):
            for inner in value:
                yield from present(item, inner, f"{path}[]")
        case Keyed(value=inner_shape):
            for inner in value.values():
                yield from present(inner_shape, inner, f"{path}.*")
        case _:
            yield path


@pytest.mark.parametrize("kind", SPECS)
def test_every_field_of_istio_is_tried_above_or_refused(kind: str) -> None:
    tried = {
        one_policy(path)
        for document in EVERY_FIELD
        if document.kind == kind
        for path in present(SPECS[kind], document.spec, "spec")
    }
    refused = tuple(one_policy(refusal.path) for refusal in BY_KIND[kind] if refusal.path != "spec")
    left = {one_policy(path) for path in known(SPECS[kind], "spec")} - tried
    assert sorted(path for path in left if not path.startswith(refused)) == []
