"""What a user wants to compare: weights, Istio documents, or both, as one name on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from analyzer.records import Weights
from setup import documents, routes
from setup.documents import Document

_EXAMPLE = "write for example v2=90,v3=10, or routes.yaml, or v2=90,v3=10+retries.yaml"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is put in force, and which shares it promises."""

    name: str
    weights: Weights
    documents: tuple[Document, ...]


def read(texts: Sequence[str], namespace: str) -> tuple[Configuration, ...]:
    """Raises UsageError, WeightsError or DocumentError. The same text twice is the same thing twice: A/A."""
    found: list[Configuration] = []
    for text in texts:
        weights, of_text = _parts(text, namespace)
        again = sum(other.name.partition(" (")[0] == text for other in found)
        found.append(Configuration(f"{text} ({again + 1})" if again else text, weights, of_text))
    return tuple(found)


def _parts(text: str, namespace: str) -> tuple[Weights, tuple[Document, ...]]:
    weights: Weights | None = None
    merged: tuple[Document, ...] = ()
    for part in [text] if Path(text).is_file() else text.split("+"):
        if Path(part).is_file() or "=" not in part:
            if not Path(part).exists():
                raise click.UsageError(f"{part!r} is neither weights nor a file nor a folder; {_EXAMPLE}")
            merged = documents.merge(merged, documents.read_file(Path(part), namespace))
        elif weights is None:
            weights = Weights.parse(part)
            merged = documents.merge(merged, routes.split(weights, namespace=namespace))
        else:
            raise click.UsageError(f"{text!r} has weights twice; {_EXAMPLE}")
    weights = weights or routes.promised(merged)
    if weights is None:
        raise click.UsageError(
            f"{text} has no VirtualService of reviews with plain weights; say what it promises: "
            f"v2=50,v3=50+{text}"
        )
    return weights, merged
