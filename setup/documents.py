"""Istio documents: read from YAML safely, checked field by field, refused by document, path and reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class DocumentError(ValueError):
    """A document cannot be used: the message names document, path and reason, the hint the way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Document:
    """One Gateway, VirtualService or DestinationRule; ``source`` says where it came from, for messages."""

    kind: str
    namespace: str
    name: str
    spec: Mapping[str, Any]
    source: str
