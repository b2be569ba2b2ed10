"""The one protocol behind which both meshes stand, and the one error they raise."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from analyzer.errors import InputError, WorkError

from .documents import Document


class MeshError(WorkError):
    """The mesh could not do what was asked: the message says what happened and where, the hint what to do."""


class MeshSettingError(InputError):
    """The mesh was asked to be what it cannot be: a name, a path or a program that the user gave."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod as the log's reader needs it: who wrote a line, and who stands behind an upstream address."""

    name: str
    labels: Mapping[str, str]
    ip: str
    namespace: str = "default"


@dataclass(frozen=True, slots=True)
class Counters:
    """What each proxy has counted so far, by its pod's name, in Prometheus's text format.

    ``source`` names where that was read, ``missing`` says in words what was not.
    """

    source: str
    texts: Mapping[str, str]
    missing: tuple[str, ...] = ()


class AccessLog(Protocol):
    """A copy of every proxy's access log that grows while a run lasts, so that nothing waits for its end."""

    @property
    def delay(self) -> float:
        """Seconds after which a call that was answered is in the copy, when it is pumped."""

    def pods(self) -> Sequence[Pod]:
        """Every pod that was there since the copy began, those that came or went meanwhile included."""

    def pump(self) -> None:
        """Copy what the proxies have written since the last time."""

    def finish(self) -> Sequence[str]:
        """Flush every proxy and copy the rest; gives what may be missing, in words, empty when nothing is."""


class Mesh(Protocol):
    """Every method promises an end state, so no caller sleeps."""

    @property
    def name(self) -> str:
        """What people call it, in messages and in the record of a run."""

    @property
    def namespace(self) -> str:
        """Where documents belong that name no namespace."""

    @property
    def is_up(self) -> bool:
        """Whether it stands, whoever brought it up."""

    @property
    def url(self) -> str:
        """Where the ingress gateway answers, without a trailing slash."""

    def up(self) -> None:
        """Bring the mesh up; afterwards /productpage answers."""

    def route(self, documents: Sequence[Document], *, force: bool = False) -> float:
        """Apply the documents; afterwards every proxy involved serves them. Gives that Unix time.

        Raises DocumentError, and sends nothing, where they bring in what ``checks`` finds wrong between
        documents; with ``force`` they are loaded as they are.
        """

    def reset(self) -> None:
        """Take every route away but the way in; versions then share as their pods do."""

    def documents(self) -> Sequence[Document]:
        """Everything that is applied now."""

    def revision(self) -> Hashable:
        """Another value whenever the routes may be others; cheap enough to be asked for at every look."""

    def describe(self) -> Mapping[str, Any]:
        """Its ``kind``, its name and its settings, for the record of a run."""

    def objects(self) -> Sequence[Mapping[str, Any]]:
        """What else an API server knows that bears on routing, as plain objects; none where there is none."""

    def pods(self) -> Sequence[Pod]:
        """Every pod that a line of an access log may be about, with and without a proxy of its own."""

    def counters(self) -> Counters | None:
        """Istio's metrics as the proxies have them now; None where they are read elsewhere."""

    def expose(self, text: str) -> None:
        """Let a Prometheus that comes with the mesh read these metrics, until others take their place."""

    def access_log(self, into: Path) -> AccessLog:
        """Copy what the proxies write from now on to ``into``, one folder per pod."""

    def check(self) -> None:
        """Raise MeshError, with the reason, where a part of the mesh has died."""

    def down(self) -> None:
        """Take everything away that up() made; afterwards nothing is left."""
