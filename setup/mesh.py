"""The one protocol behind which both meshes stand, and the one error they raise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from .documents import Document


class MeshError(Exception):
    """The mesh could not do what was asked: the message says what happened and where, the hint what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as the log's reader needs it: who wrote a line, and who stands behind an upstream address."""

    name: str
    labels: Mapping[str, str]
    ip: str
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class LogMark:
    """A place in every access log of the mesh: what follows it belongs to the run that took the mark."""

    offsets: Mapping[str, int]


class Mesh(Protocol):
    """Every method promises an end state, so no caller sleeps."""

    @property
    def url(self) -> str:
        """Where the ingress gateway answers, without a trailing slash."""

    def up(self) -> None:
        """Bring the mesh up; afterwards /productpage answers."""

    def route(self, documents: Sequence[Document]) -> float:
        """Apply the documents; afterwards every proxy involved serves them. Gives that Unix time."""

    def pods(self) -> Sequence[Pod]:
        """Every pod whose proxy writes an access log."""

    def mark(self) -> LogMark:
        """Remember where the logs end now."""

    def access_log(self, since: LogMark, into: Path) -> Sequence[Path]:
        """Flush every proxy, write the lines since the mark, one folder per pod; gives the files."""

    def down(self) -> None:
        """Take everything away that up() made; afterwards nothing is left."""
